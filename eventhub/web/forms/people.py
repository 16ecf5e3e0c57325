"""Forms about somebody who goes: name, birth, unit, how to reach them; the identity number once a place is offered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import RadioField, StringField

from eventhub.domain.facts import PersonDraft
from eventhub.domain.problems import Problem
from eventhub.domain.terms import Sex, word
from eventhub.i18n import N_
from eventhub.queries.accounts import Unit
from eventhub.web.forms.fields import NOT_LISTED, Ticks, choices, later, mark_required, not_listed

RELATIONS = (
    ("self", N_("Myself")),
    ("child", N_("My child, or a child in my care")),
    ("family", N_("Somebody else of my family")),
)


def _stripped(text: str | None) -> str:
    return (text or "").strip()


@dataclass(frozen=True)
class ClaimGroup:
    """Claims that one kind of programme asks about, under its name."""

    title: object
    claims: tuple[tuple[str, object], ...]


class PersonForm(FlaskForm):  # type: ignore[misc]
    """Somebody who may be signed up."""

    relation = RadioField(later(N_("Who is it?")), choices=choices(RELATIONS), validate_choice=False)
    name = StringField(
        later(N_("Name")),
        description=later(N_("As on the identity card or in the household register.")),
        render_kw={"maxlength": 60, "autocomplete": "off"},
    )
    birth_date = StringField(
        later(N_("Date of birth")),
        description=later(N_("Decides which programmes are open, by the age on their first day.")),
        filters=[_stripped],
        render_kw={"type": "date", "autocomplete": "off"},
    )
    sex = RadioField(
        later(N_("Sex")),
        choices=choices((str(sex), word(sex)) for sex in Sex),
        validate_choice=False,
    )
    organisation = StringField(
        later(N_("Unit")),
        description=later(
            N_("Their primary union; for a child that of its parent. Start typing and choose from the list.")
        ),
        filters=[_stripped],
        render_kw={"list": "units", "autocomplete": "off", "maxlength": 100},
    )
    phone = StringField(
        later(N_("Mobile number")),
        description=later(N_("Several people may have the same. A child needs none.")),
        filters=[_stripped],
        render_kw={"type": "tel", "inputmode": "tel", "autocomplete": "off", "maxlength": 20},
    )
    email = StringField(
        later(N_("E-mail address")),
        description=later(
            N_("Invitations go there; without one, and for a child at a camp, they go to you.")
        ),
        filters=[_stripped],
        render_kw={"type": "email", "inputmode": "email", "autocomplete": "off", "maxlength": 254},
    )
    claims = Ticks(
        later(N_("To be confirmed by the primary union")),
        description=later(
            N_(
                "Tick what applies. Your primary union says yes or no; the papers stay there, and nobody else sees it."
            )
        ),
    )

    groups: tuple[ClaimGroup, ...] = ()
    """The claims that can be ticked, by what they are for."""

    def offer(self, groups: Iterable[ClaimGroup], *, checked: Iterable[str] = ()) -> None:
        """The claims that programmes ask about; what is settled already is not asked again."""
        seen = set(checked)
        found = []
        for group in groups:
            claims = tuple((key, label) for key, label in group.claims if key not in seen)
            seen |= {key for key, _label in claims}
            if claims:
                found.append(ClaimGroup(group.title, claims))
        self.groups = tuple(found)
        self.claims.choices = choices(claim for group in self.groups for claim in group.claims)
        for field in (self.relation, self.name):
            mark_required(field)
        if not self.claims.choices:
            del self.claims


def draft_of(
    form: PersonForm, units: Iterable[Unit], *, kept: Unit | None = None
) -> tuple[PersonDraft, list[Problem]]:
    """What was typed as a draft, and what cannot be read at all; the rest is checked where it is kept.

    ``kept`` is the unit that stands: units may share a name, and who leaves it as it is keeps theirs.
    """
    problems: list[Problem] = []
    born = read_date(form.birth_date.data or "")
    if isinstance(born, Problem):
        problems.append(born.at("birth_date"))
        born = None
    problems += not_listed(form, "sex")
    sex = form.sex.data if form.sex.data in set(Sex) else None
    typed = form.organisation.data or ""
    unit = unit_code(typed, [kept, *units] if kept is not None else units)
    if typed and not unit:
        problems.append(Problem("no_unit", N_("Unit: choose one from the list."), "organisation"))
    offered = {key for group in form.groups for key, _label in group.claims}
    relation = form.relation.data if "relation" in form else None
    if "relation" in form and relation not in dict(RELATIONS):
        problems.append(Problem("not_listed", NOT_LISTED, "relation"))
    draft = PersonDraft(
        name=form.name.data or "",
        birth_date=born,
        sex=Sex(sex) if sex else None,
        organisation=unit,
        phone=form.phone.data or "",
        email=form.email.data or "",
        relation=relation if relation in dict(RELATIONS) else "self",
        claims=tuple(key for key in (form.claims.data or []) if key in offered) if "claims" in form else (),
    )
    return draft, problems


def read_date(typed: str) -> date | Problem | None:
    """A day as a browser's calendar or a person writes it; None where nothing was written."""
    text = (
        typed.strip()
        .replace("/", "-")
        .replace(".", "-")
        .replace("年", "-")
        .replace("月", "-")
        .replace("日", "")
    )
    if not text:
        return None
    try:
        year, month, day = (int(part) for part in text.split("-"))
        return date(year, month, day)
    except ValueError:
        return Problem("not_a_date", N_("Date of birth: write a date such as 2012-07-15."))


def unit_code(typed: str, units: Iterable[Unit]) -> str:
    """The code of the unit somebody chose by name, in either language, or by its code; "" where there is none."""
    if not typed:
        return ""
    return next((unit.code for unit in units if typed in {unit.code, unit.name.zh, unit.name.en}), "")


class IdentityForm(FlaskForm):  # type: ignore[misc]
    """The identity number, asked only once a place is offered."""

    identity_number = StringField(
        later(N_("Identity number")),
        description=later(N_("18 characters, as on the identity card or in the household register.")),
        filters=[_stripped],
        render_kw={"maxlength": 24, "autocomplete": "off", "inputmode": "text", "spellcheck": "false"},
    )

    def __init__(self, *args: Any, **names: Any) -> None:
        super().__init__(*args, **names)
        mark_required(self.identity_number)
