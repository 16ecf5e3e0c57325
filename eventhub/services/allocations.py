"""Ask the solver who goes where: request a run, stop it, and fix places by hand.

What is asked for here is done by :mod:`eventhub.services.runs`, in the worker.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.delivery import wakeups
from eventhub.domain import phases
from eventhub.domain.facts import Actor, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused
from eventhub.domain.terms import IN_ALLOCATION, RUN_ENDED, Phase, RunState, word
from eventhub.extensions import transaction
from eventhub.i18n import N_
from eventhub.models.allocations import AllocationRun, Pin
from eventhub.models.programmes import Option
from eventhub.models.publications import Publication
from eventhub.models.registrations import Party
from eventhub.queries import doubles, people
from eventhub.queries import programmes as programme_queries
from eventhub.services import journal, programmes

SECONDS = 60
MOST_SECONDS = 24 * 3600
SEEDS = 2**31
"""Seeds are short enough to be read out and typed."""


def request(
    programme: str, *, seconds: int = SECONDS, seed: int | None = None, by: Actor, at: datetime
) -> int:
    """Ask for a run and return its number; the worker takes it from here.

    Without a ``seed`` the draw of the last published run holds; before there is one, a seed is drawn now. Refused while
    sign-up is open or another run of the programme is under way.
    """
    if not 1 <= seconds <= MOST_SECONDS:
        raise Refused(
            Problem(
                "seconds", N_("Give the solver between 1 second and %(most)s.", most=MOST_SECONDS), "seconds"
            )
        )
    if seed is not None and not 0 <= seed < SEEDS:
        raise Refused(Problem("seed", N_("The seed is a number from 0 to %(most)s.", most=SEEDS - 1), "seed"))
    with transaction() as session:
        row = programmes.locked(session, programme, by)
        _demand_closed(programme_queries.of_row(session, row), at)
        _demand_none_under_way(session, row.id)
        _demand_nobody_kept_twice(session, row.id)
        number = 1 + (session.scalar(_of(row.id, func.max(AllocationRun.number))) or 0)
        parent, drawn, source = _seed(session, row.id, seed)
        run = AllocationRun(
            programme_id=row.id,
            number=number,
            parent_id=parent,
            state=RunState.QUEUED,
            requested_by_id=by.account_id or None,
            requested_at=at,
            seconds=seconds,
            seed=drawn,
            seed_source=source,
        )
        session.add(run)
        session.flush()
        run_id = run.id
        journal.note(
            session,
            at=at,
            by=by,
            event="run requested",
            subject="programme",
            code=programme,
            details={"run": number, "seconds": seconds, "seed": drawn, "seed_source": source},
        )
    wakeups.wake(current_app.extensions["settings"], wakeups.RUN, run_id)
    return number


def stop(programme: str, number: int, *, by: Actor, at: datetime) -> None:
    """End a run early: the best answer so far is kept; a run that has not begun ends without one."""
    with transaction() as session:
        row = programmes.owned(session, programme, by)
        run = session.scalar(
            select(AllocationRun)
            .where(AllocationRun.programme_id == row.id, AllocationRun.number == number)
            .with_for_update()
        )
        if run is None:
            raise NotFound
        if run.state in RUN_ENDED:
            raise Conflict(Problem("run_ended", N_("This run has ended already.")))
        run.stop_requested = True
        if run.state is RunState.QUEUED:
            run.state, run.ended_at = RunState.UNKNOWN, at
        journal.note(
            session,
            at=at,
            by=by,
            event="run stopped",
            subject="programme",
            code=programme,
            details={"run": number},
        )


def pin(programme: str, party: str, option: str | None, *, reason: str, by: Actor, at: datetime) -> None:
    """Fix a party's place by hand, or (without an option) that it has none; the next run keeps to it.

    A reason is demanded, for it is shown. What bars one of its people bars the pin too.
    """
    if not reason.strip():
        raise Refused(Problem("reason", N_("Say why, for everybody who looks at it later."), "reason"))
    with transaction() as session:
        row = programmes.owned(session, programme, by)
        facts = programme_queries.of_row(session, row)
        found = _party(session, row.id, party)
        option_id = None
        if option is not None:
            option_id = session.scalar(
                select(Option.id).where(Option.programme_id == row.id, Option.code == option)
            )
            if option_id is None:
                raise Refused(Problem("no_option", N_("Choose one of the options."), "option"))
            _demand_may_take(session, facts, found, option, at)
        _unpin(session, found.id)
        session.add(
            Pin(
                party_id=found.id,
                option_id=option_id,
                reason=reason.strip(),
                account_id=by.account_id or None,
                at=at,
            )
        )
        journal.note(
            session,
            at=at,
            by=by,
            event="place fixed",
            subject="party",
            code=party,
            reason=reason.strip(),
            details={"option": option or ""},
        )


def unpin(programme: str, party: str, *, by: Actor, at: datetime) -> None:
    """Let the next run decide again."""
    with transaction() as session:
        row = programmes.owned(session, programme, by)
        found = _party(session, row.id, party)
        if not _unpin(session, found.id):
            raise NotFound
        journal.note(session, at=at, by=by, event="place set free", subject="party", code=party)


def _of(programme_id: int, what: Any) -> Any:
    return select(what).where(AllocationRun.programme_id == programme_id)


def _demand_closed(programme: ProgrammeFacts, at: datetime) -> None:
    phase = phases.phase_of(programme, at)
    if phase not in {Phase.CLOSED, Phase.ALLOTTING, Phase.PUBLISHED}:
        raise Conflict(
            Problem(
                "not_closed",
                N_(
                    "Places are given out between the close of sign-up and the end of the programme; this one is “%(phase)s”.",
                    phase=word(phase),
                ),
            )
        )


def _demand_none_under_way(session: Session, programme_id: int) -> None:
    busy = session.scalar(
        _of(programme_id, AllocationRun.number)
        .where(AllocationRun.state.in_((RunState.QUEUED, RunState.RUNNING)))
        .limit(1)
    )
    if busy is not None:
        raise Conflict(
            Problem(
                "run_under_way", N_("Run %(number)s is still under way. Stop it or wait for it.", number=busy)
            )
        )


def _demand_nobody_kept_twice(session: Session, programme_id: int) -> None:
    """One person in two records could take two places, or come as new though they have been before."""
    count = doubles.deciding(session, programme_id)
    if count:
        raise Refused(
            Problem(
                "kept_twice",
                N_(
                    "%(count)s people may be kept twice, and it decides who gets a place. Say first whether they are one person: under “Kept twice”.",
                    count=count,
                ),
            )
        )


def _seed(session: Session, programme_id: int, given: int | None) -> tuple[int | None, int, str]:
    """The run this one follows, the seed, and where it comes from: ``given``, ``drawn``, ``run:<number>``."""
    published = session.execute(
        select(AllocationRun.id, AllocationRun.number, AllocationRun.seed)
        .join(Publication, Publication.run_id == AllocationRun.id)
        .where(Publication.programme_id == programme_id)
        .order_by(Publication.number.desc())
        .limit(1)
    ).first()
    parent = published.id if published else None
    if given is not None:
        return parent, given, "given"
    if published is not None:
        return parent, published.seed, f"run:{published.number}"
    return None, secrets.randbelow(SEEDS), "drawn"


def _party(session: Session, programme_id: int, code: str) -> Party:
    found = session.scalar(select(Party).where(Party.programme_id == programme_id, Party.code == code))
    if found is None or not any(each.state in IN_ALLOCATION for each in found.registrations):
        raise NotFound
    return found


def _unpin(session: Session, party_id: int) -> bool:
    standing = session.scalar(select(Pin).where(Pin.party_id == party_id))
    if standing is None:
        return False
    session.delete(standing)
    session.flush()
    return True


def _demand_may_take(
    session: Session, programme: ProgrammeFacts, party: Party, option: str, at: datetime
) -> None:
    kind = kinds.of(programme)
    members = [each for each in party.registrations if each.state in IN_ALLOCATION]
    known = people.people(session, [each.participant_id for each in members], on=at.astimezone(ZONE).date())
    problems = [
        kind.bars(
            programme,
            programme.option(option),
            known[each.participant_id],
            {**party.answers, **each.answers},
        )
        for each in members
    ]
    barred = [replace(problem, field="option") for problem in problems if problem is not None]
    if programme.option(option).item != party.item:
        barred.append(Problem("other_item", N_("This party signed up for something else."), "option"))
    if barred:
        raise Refused(*barred)
