"""What every page of one programme at the desk has in common: whose it is, how it stands, where one may go from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask import url_for

from eventhub import kinds
from eventhub.domain.facts import Actor, ProgrammeFacts
from eventhub.domain.phases import ZONE, phase_of
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import Phase, Role
from eventhub.i18n import N_, Text
from eventhub.queries import programmes
from eventhub.web.access import require_actor
from eventhub.web.pages import now


@dataclass(frozen=True)
class Tab:
    """A part of the programme's desk."""

    label: Text
    url: str
    active: bool


@dataclass(frozen=True)
class Frame:
    """The head of a programme's pages; ``organises`` is false for an officer, who sees his own units' people alone."""

    programme: ProgrammeFacts
    kind: kinds.Kind
    phase: Phase
    notes: tuple[Text, ...]
    tabs: tuple[Tab, ...]
    organises: bool
    within: tuple[str, ...]
    """The organisations an officer answers for; none for an organiser, who sees everybody of the programme."""


_TABS: tuple[tuple[str, Text, bool], ...] = (
    ("programmes.show", N_("Overview"), True),
    ("registrations.listing", N_("Sign-ups"), False),
    ("claims.listing", N_("Claims to check"), False),
    ("doubles.listing", N_("Kept twice"), False),
    ("allocations.listing", N_("Allotment"), True),
    ("publications.listing", N_("Publications"), True),
    ("letters.listing", N_("Letters"), True),
    ("rosters.show", N_("Roster"), False),
    ("journal.listing", N_("Journal"), True),
)
"""Endpoint, label, and whether it is for organisers alone."""


def today() -> date:
    """The day it is in the zone people read."""
    return now().astimezone(ZONE).date()


def organised(code: str, here: str = "") -> Frame:
    """The frame of a programme the reader organises; :class:`NotFound` for every other one."""
    frame = shared(code, here)
    if not frame.organises:
        raise NotFound
    return frame


def shared(code: str, here: str = "") -> Frame:
    """The frame of a programme the reader organises, or, for an officer, of one that is announced."""
    actor = require_actor()
    found = programmes.facts(code)
    organises = programmes.answers_for(actor, found)
    if not organises and not _may_look(actor, found):
        raise NotFound
    return frame_of(found, here, organises=organises, within=() if organises else actor.scope)


def frame_of(programme: ProgrammeFacts, here: str, *, organises: bool, within: tuple[str, ...]) -> Frame:
    """The frame around a page of this programme."""
    at = now()
    phase = phase_of(programme, at)
    return Frame(
        programme=programme,
        kind=kinds.of(programme),
        phase=phase,
        notes=(kinds.of(programme).words.kind, *time_left(programme, phase, at)),
        tabs=tuple(
            Tab(label, url_for(f"desk.{endpoint}", code=programme.code), active=endpoint == here)
            for endpoint, label, organisers_only in _TABS
            if organises or not organisers_only
        ),
        organises=organises,
        within=within,
    )


def time_left(programme: ProgrammeFacts, phase: Phase, at: datetime) -> tuple[Text, ...]:
    """How long until the phase changes by itself, in days."""
    if phase is Phase.ANNOUNCED and programme.opens_at:
        return (N_("opens in %(days)s days", days=_days(at, programme.opens_at)),)
    if phase is Phase.OPEN and programme.closes_at:
        days = _days(at, programme.closes_at)
        return (N_("%(days)s days left", days=days) if days else N_("closes today"),)
    if phase in {Phase.CLOSED, Phase.ALLOTTING} and programme.result_at:
        days = _days(at, programme.result_at)
        if days > 0:
            return (N_("result due in %(days)s days", days=days),)
        return (N_("result due today") if days == 0 else N_("result overdue by %(days)s days", days=-days),)
    return ()


def _days(start: datetime, end: datetime) -> int:
    return (end.astimezone(ZONE).date() - start.astimezone(ZONE).date()).days


def _may_look(actor: Actor, programme: ProgrammeFacts) -> bool:
    announced = programme.announced_at is not None and programme.announced_at <= now()
    return actor.is_a(Role.OFFICER) and bool(actor.scope) and announced
