"""Where a programme stands at a moment: it follows from its dates and publications, nothing has to be switched."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.problems import Problem
from eventhub.domain.terms import Phase
from eventhub.i18n import N_

ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of every date and hour people read here."""


def phase_of(programme: ProgrammeFacts, at: datetime) -> Phase:
    """The phase at a moment. A programme is over once its last day has passed in the zone people read."""
    if programme.announced_at is None or at < programme.announced_at:
        return Phase.DRAFT
    last_day = programme.last_day
    if last_day is not None and at.astimezone(ZONE).date() > last_day:
        return Phase.OVER
    if programme.published:
        return Phase.PUBLISHED
    if programme.opens_at is None or at < programme.opens_at:
        return Phase.ANNOUNCED
    if programme.closes_at is None or at < programme.closes_at:
        return Phase.OPEN
    return Phase.ALLOTTING if programme.allotting else Phase.CLOSED


def not_open(programme: ProgrammeFacts, at: datetime) -> Problem | None:
    """Why nobody can sign up or change a sign-up now, or None while sign-up is open."""
    phase = phase_of(programme, at)
    if phase is Phase.OPEN:
        return None
    if phase in {Phase.DRAFT, Phase.ANNOUNCED}:
        return Problem(
            "not_open_yet",
            N_(
                "Sign-up has not opened yet. Please come back when it opens, or ask %(name)s, %(phone)s.",
                name=programme.contact_name,
                phone=programme.contact_phone,
            ),
        )
    return Problem(
        "closed",
        N_(
            "Sign-up is closed. For a late matter call %(name)s, %(phone)s.",
            name=programme.contact_name,
            phone=programme.contact_phone,
        ),
    )
