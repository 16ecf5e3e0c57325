"""Forms about colleagues: who is asked to the desk, in which role, for which organisation; and why a role ends."""

from __future__ import annotations

from collections.abc import Iterable

from flask_wtf import FlaskForm
from wtforms import RadioField, StringField, TextAreaField

from eventhub.domain.facts import OrganisationFacts
from eventhub.domain.problems import Problem
from eventhub.domain.terms import Role, word
from eventhub.i18n import N_
from eventhub.web.forms.fields import choices, later, mark_required

LONGEST_REASON = 200
STAFF = (Role.OFFICER, Role.ORGANISER)


class RoleForm(FlaskForm):  # type: ignore[misc]
    """A role and the organisation it is held in."""

    role = RadioField(
        later(N_("Role")),
        description=later(
            N_(
                "An organiser runs programmes and gives out roles; an officer signs up and vouches for the people of a unit."
            )
        ),
        choices=choices((str(role), word(role)) for role in STAFF),
        default=str(Role.OFFICER),
        validate_choice=False,
    )
    organisation = StringField(
        later(N_("Organisation")),
        description=later(
            N_("The role holds there and in everything below it. Start typing and choose from the list.")
        ),
        render_kw={"list": "units", "autocomplete": "off", "maxlength": 100},
    )

    def mark(self) -> None:
        """Show what must be filled in."""
        for field in (self.role, self.organisation):
            mark_required(field)

    def read(self, units: Iterable[OrganisationFacts]) -> tuple[Role, str, list[Problem]]:
        """Role and organisation as typed, and what cannot be understood of them."""
        problems: list[Problem] = []
        typed = (self.organisation.data or "").strip()
        code = next((unit.code for unit in units if typed in {unit.code, unit.name.zh, unit.name.en}), "")
        if not typed or not code:
            problems.append(
                Problem("no_unit", N_("Organisation: choose one of yours from the list."), "organisation")
            )
        role = next((role for role in STAFF if role == self.role.data), None)
        if role is None:
            problems.append(Problem("no_role", N_("Role: choose one."), "role"))
        return role or Role.OFFICER, code, problems


class InvitationForm(RoleForm):
    """Who is asked to the desk."""

    name = StringField(later(N_("Name")), render_kw={"maxlength": 50, "autocomplete": "off"})
    email = StringField(
        later(N_("E-mail address")),
        description=later(
            N_("A link goes there that works for a week. Whoever has an account already gets the role added.")
        ),
        render_kw={"type": "email", "inputmode": "email", "autocomplete": "off", "maxlength": 254},
    )

    def mark(self) -> None:
        """Show what must be filled in."""
        super().mark()
        for field in (self.name, self.email):
            mark_required(field)


class RevocationForm(FlaskForm):  # type: ignore[misc]
    """Why a role ends."""

    reason = TextAreaField(
        later(N_("Reason")),
        description=later(N_("Stands in the journal.")),
        render_kw={"rows": 3, "maxlength": LONGEST_REASON},
    )
