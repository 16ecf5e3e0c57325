"""My people: whom I may sign up, what is kept of them, and what their primary union is to confirm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from eventhub import kinds
from eventhub.domain.applicants import FULL_AGE
from eventhub.domain.facts import Actor
from eventhub.domain.identity import dialled
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import NotFound, Problem, Refused, refuse
from eventhub.domain.terms import RegistrationState, Role
from eventhub.i18n import N_, Text, _
from eventhub.queries import accounts as account_queries
from eventhub.queries import people as queries
from eventhub.queries import registrations as registration_queries
from eventhub.services import participants as services
from eventhub.web.access import SIGNED_IN, local_path, permission, require_actor
from eventhub.web.errors import status_of
from eventhub.web.forms.fields import put_beside
from eventhub.web.forms.people import ClaimGroup, IdentityForm, PersonForm, draft_of
from eventhub.web.pages import now, page
from eventhub.web.public._contacts import children_officer

pages = Blueprint("people", __name__)


@dataclass(frozen=True)
class ClaimLine:
    """Something the primary union is to confirm, and whether it has."""

    label: object
    checked: bool
    valid_until: date | None


@dataclass(frozen=True)
class PersonCard:
    """One of my people."""

    code: str
    name: str
    relation: str
    birth_date: date | None
    unit: object
    phone_masked: str
    claims: tuple[ClaimLine, ...]
    url: str


@dataclass(frozen=True)
class PeoplePage:
    """All of my people."""

    people: tuple[PersonCard, ...]


@dataclass(frozen=True)
class PersonPage:
    """The form about one of them; ``code`` is empty for somebody new."""

    code: str
    name: str
    action: str
    back_url: str
    units: tuple[account_queries.Unit, ...]
    claims: tuple[ClaimLine, ...] = ()
    children_officer: str = ""


@dataclass(frozen=True)
class IdentityPage:
    """The identity number of somebody who has a place."""

    name: str
    action: str
    back_url: str


@pages.get("/people")
@permission(SIGNED_IN)
def index() -> ResponseReturnValue:
    """Everybody this account may sign up."""
    rows = queries.of_account(require_actor(), on=_today())
    return page("my/people.html", PeoplePage(tuple(_card(row) for row in rows)))


@pages.route("/people/new", methods=["GET", "POST"])
@permission(SIGNED_IN)
def add() -> ResponseReturnValue:
    """Somebody new."""
    actor = require_actor()
    onward = local_path(request.values.get("next"))
    form = PersonForm()
    form.offer(_asked_about(child=request.args.get("relation") == "child" or None))
    if request.method != "POST":
        form.relation.data = request.args.get("relation") or (
            "child" if actor.is_a(Role.GUARDIAN) else "self"
        )
    else:
        draft, problems = draft_of(form, account_queries.units())
        try:
            refuse(problems)
            code = services.add(draft, by=actor, at=now())
        except Refused as refused:
            return _form_page(form, "", "", onward, refused)
        flash(_("%(name)s is kept among your people.", name=draft.name.strip()), "success")
        return redirect(onward or url_for("my.people.index") + f"#{code}", 303)
    return _form_page(form, "", "", onward)


@pages.route("/people/<code>", methods=["GET", "POST"])
@permission(SIGNED_IN)
def show(code: str) -> ResponseReturnValue:
    """Correct what is kept of one of them, or, for the union, of somebody of the unit or of a programme."""
    actor = require_actor()
    row = queries.to_correct(actor, code, on=_today())
    if row is None:
        raise NotFound
    onward = local_path(request.values.get("next"))
    form = PersonForm(data=_kept(actor, row))
    checked = {kind for kind, _checked, _until in row.claims}
    form.offer(_asked_about(child=_is_child(row)), checked=checked)
    del form.relation
    if request.method != "POST":
        return _form_page(form, code, row.person.name, onward, claims=_claims(row))
    kept = account_queries.Unit(row.person.unit, row.unit) if row.person.unit else None
    draft, problems = draft_of(form, account_queries.units(), kept=kept)
    try:
        refuse(problems)
        services.change(code, draft, by=actor, at=now())
    except Refused as refused:
        return _form_page(form, code, row.person.name, onward, refused, claims=_claims(row))
    flash(_("The change is kept."), "success")
    return redirect(onward or url_for("my.people.index") + f"#{code}", 303)


@pages.route("/people/<code>/identity", methods=["GET", "POST"])
@permission(SIGNED_IN)
def identity(code: str) -> ResponseReturnValue:
    """Give the identity number, once a place is offered; before that there is no such page."""
    actor = require_actor()
    row = _one(actor, code)
    party = _party_with_place(actor, code)
    back = url_for("my.registrations.show", code=party)
    form = IdentityForm()
    value = IdentityPage(row.person.name, url_for("my.people.identity", code=code), back)
    if request.method != "POST":
        return page("my/identity.html", value, form=form)
    typed = form.identity_number.data or ""
    missing = Problem("missing", N_("Identity number: please fill this in."), "identity_number")
    try:
        refuse(() if typed else (missing,))
        services.give_identity(code, typed, by=actor, at=now())
    except Refused as refused:
        put_beside(form, refused.problems)
        return page("my/identity.html", value, form=form, status=status_of(refused))
    flash(_("The identity number is kept, encrypted. It is passed on to the insurer alone."), "success")
    return redirect(back, 303)


def _asked_about(*, child: bool | None) -> Iterator[ClaimGroup]:
    """Claims by kind of programme: of the kind that is being signed up for, else of those for a child, or for an adult.

    Where nobody knows yet who it is (``child`` is None), of every kind.
    """
    every = kinds.every()
    wanted = request.args.get("kind")
    concerned = (
        [every[wanted]]
        if wanted in every
        else [kind for kind in every.values() if child is None or kind.for_guardians is child]
    )
    for kind in concerned:
        if kind.claims:
            yield ClaimGroup(kind.words.kind, kind.claims)


def _is_child(row: queries.PersonRow) -> bool | None:
    age = row.person.age_on(_today())
    return None if age is None else age < FULL_AGE


def all_claims() -> tuple[tuple[str, Text], ...]:
    """What any kind lets a primary union confirm, each once."""
    found: dict[str, Text] = {}
    for kind in kinds.every().values():
        found |= {key: label for key, label in kind.claims if key not in found}
    return tuple(found.items())


def _today() -> date:
    return now().astimezone(ZONE).date()


def _one(actor: Actor, code: str) -> queries.PersonRow:
    """One of the account's own people; anybody else does not exist here."""
    row = next((each for each in queries.of_account(actor, on=_today()) if each.person.code == code), None)
    if row is None:
        raise NotFound
    return row


def _party_with_place(actor: Actor, person: str) -> str:
    for row in registration_queries.mine(actor, on=_today()):
        for member in row.members:
            if member.person.code == person and member.state is RegistrationState.ALLOTTED:
                return row.code
    raise NotFound


def _kept(actor: Actor, row: queries.PersonRow) -> dict[str, object]:
    phone, email = queries.reached_at(actor, row.person.code)
    born = row.person.birth_date
    return {
        "name": row.person.name,
        "birth_date": born.isoformat() if born else "",
        "sex": str(row.person.sex) if row.person.sex else None,
        "organisation": str(row.unit),
        "phone": dialled(phone),
        "email": email,
    }


def _card(row: queries.PersonRow) -> PersonCard:
    return PersonCard(
        code=row.person.code,
        name=row.person.name,
        relation=row.relation,
        birth_date=row.person.birth_date,
        unit=row.unit,
        phone_masked=row.phone_masked,
        claims=_claims(row),
        url=url_for("my.people.show", code=row.person.code),
    )


def _claims(row: queries.PersonRow) -> tuple[ClaimLine, ...]:
    words = dict(all_claims())
    return tuple(ClaimLine(words.get(kind, kind), checked, until) for kind, checked, until in row.claims)


def _form_page(
    form: PersonForm,
    code: str,
    name: str,
    onward: str | None,
    refused: Refused | None = None,
    *,
    claims: tuple[ClaimLine, ...] = (),
) -> ResponseReturnValue:
    if refused is not None:
        put_beside(form, refused.problems)
    value = PersonPage(
        code=code,
        name=name,
        action=url_for("my.people.show", code=code, next=onward, kind=request.args.get("kind"))
        if code
        else url_for(
            "my.people.add",
            next=onward,
            relation=request.args.get("relation"),
            kind=request.args.get("kind"),
        ),
        back_url=onward or url_for("my.people.index"),
        units=account_queries.units(),
        claims=claims,
        children_officer=children_officer(),
    )
    return page("my/person.html", value, form=form, status=status_of(refused) if refused else 200)
