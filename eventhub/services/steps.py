"""Take a registration from one state to the next, and note who did it, when and why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from eventhub.domain import transitions
from eventhub.domain.facts import Actor
from eventhub.domain.terms import RegistrationState, Role
from eventhub.models.registrations import Registration, RegistrationStep

# Whoever signs in without a role of the union's acts as a member.
_MEMBER = frozenset({Role.MEMBER})


def step(
    session: Session, row: Registration, new: RegistrationState, *, by: Actor, at: datetime, reason: str = ""
) -> None:
    """One step, where :mod:`eventhub.domain.transitions` allows it; Conflict where it does not."""
    old = row.state or RegistrationState.DRAFT
    transitions.demand(old, new, by.roles or _MEMBER)
    row.state = new
    session.add(
        RegistrationStep(
            registration=row, old=old, new=new, at=at, account_id=by.account_id or None, reason=reason
        )
    )
