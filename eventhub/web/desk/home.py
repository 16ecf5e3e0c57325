"""The desk's first page: one's programmes, how each stands, and what is to be done next."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from eventhub import kinds
from eventhub.domain.facts import Actor, ProgrammeFacts
from eventhub.domain.phases import phase_of
from eventhub.domain.terms import RUN_ENDED, RUN_USABLE, Phase, Role
from eventhub.i18n import N_, Text
from eventhub.queries import claims, doubles, overview, programmes
from eventhub.queries.overview import Numbers
from eventhub.web.access import OFFICER, ORGANISER, permission, require_actor
from eventhub.web.desk._frame import time_left
from eventhub.web.pages import now, page

pages = Blueprint("home", __name__)


@dataclass(frozen=True)
class Step:
    """What is to be done next, in a line, and where."""

    label: Text
    url: str | None = None


@dataclass(frozen=True)
class Card:
    """One programme on the desk."""

    programme: ProgrammeFacts
    phase: Phase
    kind: kinds.Kind
    notes: tuple[Text, ...]
    numbers: Numbers
    seats: int
    url: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Home:
    """Programmes by whether something is still to be done for them."""

    organises: bool
    cards: tuple[Card, ...]
    over: tuple[Card, ...]
    looks_after: tuple[Card, ...]
    """For an officer: the programmes his units' people signed up for, or still may."""


@pages.get("")
@permission(ORGANISER, OFFICER)
def show() -> ResponseReturnValue:
    """All that I organise, and all my units' people are in."""
    actor = require_actor()
    mine = _organised(actor)
    return page(
        "desk/home.html",
        Home(
            organises=actor.is_a(Role.ORGANISER),
            cards=tuple(card for card in mine if card.phase is not Phase.OVER),
            over=tuple(card for card in mine if card.phase is Phase.OVER),
            looks_after=() if actor.is_a(Role.ORGANISER) else _looked_after(actor),
        ),
    )


def _organised(actor: Actor) -> list[Card]:
    codes = overview.organised_by(actor)
    counted = overview.numbers(codes)
    return [_card(programmes.facts(code), counted[code]) for code in codes]


def _card(programme: ProgrammeFacts, numbers: Numbers) -> Card:
    at = now()
    phase = phase_of(programme, at)
    return Card(
        programme=programme,
        phase=phase,
        kind=kinds.of(programme),
        notes=(kinds.of(programme).words.kind, *time_left(programme, phase, at)),
        numbers=numbers,
        seats=sum(option.capacity or 0 for option in programme.options),
        url=url_for("desk.programmes.show", code=programme.code),
        steps=next_steps(programme, phase, numbers),
    )


def next_steps(programme: ProgrammeFacts, phase: Phase, numbers: Numbers) -> tuple[Step, ...]:
    """What an organiser should do now, the most pressing first; one line at least."""
    code = programme.code
    found = []
    if numbers.dead_letters:
        found.append(
            Step(
                N_("%(count)s letters could not be sent", count=numbers.dead_letters),
                url_for("desk.letters.listing", code=code, state="dead"),
            )
        )
    if phase is Phase.DRAFT:
        found.append(Step(N_("Check it, then announce it"), url_for("desk.programmes.show", code=code)))
    elif phase is Phase.ANNOUNCED:
        found.append(Step(N_("Nothing to do until sign-up opens")))
    elif phase is Phase.OPEN:
        found.append(Step(N_("Look at the sign-ups"), url_for("desk.registrations.listing", code=code)))
    elif phase in {Phase.CLOSED, Phase.ALLOTTING}:
        found.append(_allotting(programme, numbers))
    elif phase is Phase.PUBLISHED:
        found.append(Step(N_("Print the roster"), url_for("desk.rosters.show", code=code)))
    if numbers.slips:
        found.append(
            Step(
                N_("Slips for people without an address, to be printed: %(count)s", count=numbers.slips),
                url_for("desk.letters.slips", code=code),
            )
        )
    return tuple(found)


def _allotting(programme: ProgrammeFacts, numbers: Numbers) -> Step:
    if numbers.run is None or numbers.run_state is None:
        return Step(
            N_("Check the claims, then give out the places"),
            url_for("desk.allocations.listing", code=programme.code),
        )
    url = url_for("desk.allocations.show", code=programme.code, number=numbers.run)
    if numbers.run_state not in RUN_ENDED:
        return Step(N_("Run %(number)s is under way", number=numbers.run), url)
    if numbers.run_state in RUN_USABLE:
        return Step(N_("Look at run %(number)s, then publish it", number=numbers.run), url)
    return Step(N_("Run %(number)s gave no result: see why", number=numbers.run), url)


def _looked_after(actor: Actor) -> tuple[Card, ...]:
    at = now()
    known = [facts for facts in programmes.listing(at) if phase_of(facts, at) is not Phase.ANNOUNCED]
    counted = overview.numbers([facts.code for facts in known], within=actor.scope) if actor.scope else {}
    found = []
    for facts in known:
        numbers = counted.get(facts.code, Numbers())
        phase = phase_of(facts, at)
        anybody = any(numbers.by_state.values())
        if not anybody and phase is not Phase.OPEN:
            continue
        steps = _checks(facts.code, actor)
        if phase is Phase.OPEN:
            steps += (
                Step(
                    N_("Sign up several people by a list"), url_for("my.rosters.show", programme=facts.code)
                ),
            )
        if anybody:
            steps += (Step(N_("See your people"), url_for("desk.registrations.listing", code=facts.code)),)
        found.append(
            Card(
                programme=facts,
                phase=phase,
                kind=kinds.of(facts),
                notes=(kinds.of(facts).words.kind, *time_left(facts, phase, at)),
                numbers=numbers,
                seats=0,
                url=url_for("desk.registrations.listing", code=facts.code)
                if anybody
                else url_for("public.programmes.show", code=facts.code),
                steps=steps,
            )
        )
    return tuple(found)


def _checks(code: str, actor: Actor) -> tuple[Step, ...]:
    """What an officer is asked about the people of his units: whether two records are one, whether claims hold."""
    twice = doubles.waiting(code, within=actor.scope).total
    waiting = claims.waiting(code, within=actor.scope, size=1).total
    found = []
    if twice:
        found.append(
            Step(
                N_("%(count)s people may be kept twice", count=twice),
                url_for("desk.doubles.listing", code=code),
            )
        )
    if waiting:
        found.append(
            Step(
                N_("%(count)s people with claims to check", count=waiting),
                url_for("desk.claims.listing", code=code),
            )
        )
    return tuple(found)
