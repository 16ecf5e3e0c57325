"""Lease what waits in our own rows, find what was left lying, and give back what a worker leaves behind.

A row carries the truth: who has it, until when, how often it was tried. A wake-up from outside only says that there may
be something; whoever misses one finds the row by sweeping. So a worker that dies loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from eventhub.domain.terms import LetterState, RunState
from eventhub.extensions import db, transaction
from eventhub.models.allocations import AllocationRun
from eventhub.models.invites import Letter

LEASE = timedelta(seconds=60)
"""How long a worker may be silent before its work is given to another."""

LONG_STEP = timedelta(minutes=10)
"""The same for steps without a heartbeat: framing a large programme, checking and storing its result."""

MOST_RUN_TRIES = 3
"""A solve that took three workers down with it is not tried a fourth time."""

_UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)

Leased = type[AllocationRun] | type[Letter]


def free(model: Leased, at: datetime) -> ColumnElement[bool]:
    """That nobody holds the row, or whoever did has been silent for too long, and that its hour has come."""
    return and_(
        or_(model.lease_until.is_(None), model.lease_until < at),
        or_(model.run_after.is_(None), model.run_after <= at),
    )


def runs_due(at: datetime) -> tuple[int, ...]:
    """The rows of runs that wait for a worker, or whose worker fell silent; oldest first."""
    found = db.session.scalars(
        select(AllocationRun.id)
        .where(AllocationRun.state.in_(_UNDER_WAY), free(AllocationRun, at))
        .order_by(AllocationRun.id)
    ).all()
    db.session.rollback()
    return tuple(found)


def letters_due(at: datetime) -> bool:
    """Whether a letter waits to be sent now."""
    found = db.session.scalar(
        select(Letter.id).where(Letter.state == LetterState.QUEUED, free(Letter, at)).limit(1)
    )
    db.session.rollback()
    return found is not None


def lease_run(session: Session, run_id: int, *, worker: str, at: datetime) -> bool:
    """Take a run that is due; False where another worker was quicker or it has ended."""
    return changed_one(
        session,
        update(AllocationRun)
        .where(
            AllocationRun.id == run_id,
            AllocationRun.state.in_(_UNDER_WAY),
            free(AllocationRun, at),
        )
        .values(
            state=RunState.RUNNING,
            leased_by=worker,
            lease_until=at + LEASE,
            tries=AllocationRun.tries + 1,
        ),
    )


def holds_run(run_id: int, *, worker: str, tries: int) -> ColumnElement[bool]:
    """That this very try of this worker still holds the run: the guard of everything it writes."""
    return and_(
        AllocationRun.id == run_id,
        AllocationRun.state == RunState.RUNNING,
        AllocationRun.leased_by == worker,
        AllocationRun.tries == tries,
    )


def release(*, worker: str) -> int:
    """Give back all that a worker still holds, uncounted: it ends in good order and others may go on at once."""
    with transaction() as session:
        runs = _count(
            session,
            update(AllocationRun)
            .where(AllocationRun.leased_by == worker, AllocationRun.state == RunState.RUNNING)
            .values(state=RunState.QUEUED, leased_by=None, lease_until=None, tries=AllocationRun.tries - 1),
        )
        letters = _count(
            session,
            update(Letter)
            .where(Letter.leased_by == worker, Letter.state == LetterState.QUEUED)
            .values(leased_by=None, lease_until=None, tries=Letter.tries - 1),
        )
        return runs + letters


def forsake_dead(*, alive: Callable[[str], bool | None], at: datetime) -> int:
    """Let the leases of workers that are known to be dead run out now; how many there were.

    ``alive`` says of a worker's name whether it still lives, None where that cannot be known from here.
    """
    models: tuple[Leased, ...] = (AllocationRun, Letter)
    names = {
        name
        for model in models
        for name in db.session.scalars(
            select(model.leased_by).where(model.lease_until >= at, model.leased_by.is_not(None)).distinct()
        )
        if name
    }
    db.session.rollback()
    dead = sorted(name for name in names if alive(name) is False)
    if not dead:
        return 0
    with transaction() as session:
        return sum(
            _count(
                session,
                update(model)
                .where(model.leased_by.in_(dead), model.lease_until >= at)
                .values(lease_until=at - timedelta(seconds=1)),
            )
            for model in models
        )


def changed_one(session: Session, statement: Any) -> bool:
    """Run a conditional update and say whether its condition held."""
    return _count(session, statement) == 1


def _count(session: Session, statement: Any) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)  # noqa: S101 - an update has a cursor
    return int(result.rowcount)
