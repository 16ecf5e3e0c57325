"""Execute a run of the solver that was asked for, and store what came out.

A run is a record that never changes once it has ended. Executing one is three short transactions with the solve between
them: take it, freeze what goes in, solve with nothing open, store what came out - each only while it is still ours.
"""

from __future__ import annotations

import json
import logging
import shutil
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.config import Settings
from eventhub.domain.facts import PartyFacts, ProgrammeFacts
from eventhub.domain.terms import RunState
from eventhub.extensions import db, transaction
from eventhub.models.allocations import AllocationRun, Allotment
from eventhub.models.programmes import Option, Programme
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Registration
from eventhub.services import framing, jobs, results, solving
from solvers.audit import audit
from solvers.outcome import Outcome
from solvers.problem import ProblemError

HEARTBEAT = 1.0
"""Seconds between two renewals of the lease, which also note the progress."""
BATCH = 1000

Clock = Callable[[], datetime]

_log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has the run now, or it was ended: what this one did is dropped."""


@dataclass(frozen=True)
class _Job:
    """A run in hand."""

    id: int
    programme_id: int
    tries: int
    seconds: int
    seed: int
    stop: bool


def execute(
    run_id: int, *, worker: str, clock: Clock, quitting: Callable[[], bool] = lambda: False
) -> RunState | None:
    """Take a run, solve it, store what came out; the state it ended in, or None if it is not (or no longer) ours.

    ``quitting`` is asked while the solver works: once it says yes the child is ended and the run waits for another
    worker, uncounted. A worker that dies here leaves a lease that runs out; whoever takes the run then ends its child
    first, so that there is one result in the end.
    """
    job = _take(run_id, worker=worker, at=clock())
    if job is None:
        return None
    settings: Settings = current_app.extensions["settings"]
    folder = settings.runs_folder / str(run_id)
    solving.end_leftovers(folder)
    try:
        ended = _execute(job, folder, worker=worker, clock=clock, quitting=quitting)
        if ended is not None:
            # What killed workers left beside our own try is of no use any more.
            shutil.rmtree(folder, ignore_errors=True)
        return ended
    except LeaseLost:
        return None
    except Exception as error:  # noqa: BLE001
        # A fault of the program must not be tried for ever, nor leave an organiser without a word.
        _log.exception("run %s failed", run_id)
        return _fail(job, f"{type(error).__name__}: {error}", worker=worker, at=clock())
    finally:
        shutil.rmtree(folder / str(job.tries), ignore_errors=True)


def _execute(
    job: _Job, folder: Path, *, worker: str, clock: Clock, quitting: Callable[[], bool]
) -> RunState | None:
    try:
        framed = framing.freeze(job.programme_id, seed=job.seed, on=clock())
    except ProblemError as error:
        return _fail(job, str(error), worker=worker, at=clock())
    _keep(job, framed, worker=worker, at=clock())
    place = folder / str(job.tries)
    watch = _Watch(job, worker=worker, clock=clock, quitting=quitting)
    ended = solving.solve(place, problem=framed.text, seconds=job.seconds, seed=job.seed, order=watch.order)
    if watch.lost:
        raise LeaseLost
    if watch.quit:
        jobs.release(worker=worker)
        return None
    if ended.killed or (watch.stopped and ended.code == solving.NOT_BEGUN):
        # Ended before it had anything to show.
        return _finish(job, RunState.UNKNOWN, {}, worker=worker, at=clock())
    if not ended.answered:
        return _unanswered(job, ended, worker=worker, at=clock())
    watch.last(jobs.LONG_STEP)
    outcome = Outcome.from_dict(json.loads((place / "result.json").read_bytes()))
    return _conclude(job, framed, outcome, worker=worker, at=clock())


def _take(run_id: int, *, worker: str, at: datetime) -> _Job | None:
    with transaction() as session:
        if not jobs.lease_run(session, run_id, worker=worker, at=at):
            return None
        run = session.get_one(AllocationRun, run_id)
        run.started_at = run.started_at or at
        run.lease_until = at + jobs.LONG_STEP
        job = _Job(run.id, run.programme_id, run.tries, run.seconds, run.seed, run.stop_requested)
        if job.tries <= jobs.MOST_RUN_TRIES:
            return job
        run.state, run.ended_at = RunState.FAILED, at
        run.lease_until = run.leased_by = None
        run.error = f"{jobs.MOST_RUN_TRIES} workers ended while they solved it."
        return None


def _keep(job: _Job, framed: framing.Framed, *, worker: str, at: datetime) -> None:
    """Store what goes in before anything is made of it."""
    with transaction() as session:
        _write(
            session,
            job,
            worker,
            problem=zlib.compress(framed.text),
            input_digest=framed.problem.sha256,
            rule_version=framed.rule_version,
            lease_until=at + jobs.LEASE,
            progress={},
        )


def _write(session: Session, job: _Job, worker: str, **values: Any) -> None:
    """Change the run, if it is still ours; :class:`LeaseLost` if not."""
    ours = (
        update(AllocationRun).where(jobs.holds_run(job.id, worker=worker, tries=job.tries)).values(**values)
    )
    if not jobs.changed_one(session, ours):
        raise LeaseLost


class _Watch:
    """Keep the lease alive while the solver works, pass its progress on, and listen for a stop."""

    def __init__(self, job: _Job, *, worker: str, clock: Clock, quitting: Callable[[], bool]) -> None:
        self.lost = self.quit = False
        self._job, self._worker, self._clock, self._quitting = job, worker, clock, quitting
        self.stopped = job.stop
        self._looks = 0

    def order(self, progress: dict[str, Any]) -> solving.Order:
        """What the worker wants, asked at each tick."""
        if self._quitting():
            self.quit = True
            return solving.Order.KILL
        if self._looks % max(1, round(HEARTBEAT / solving.TICK)) == 0:
            self._beat(progress)
        self._looks += 1
        if self.lost:
            return solving.Order.KILL
        return solving.Order.STOP if self.stopped else solving.Order.GO_ON

    def last(self, how_long: timedelta) -> None:
        """The last beat, before a step that has none."""
        self._beat({}, how_long)
        if self.lost:
            raise LeaseLost

    def _beat(self, progress: dict[str, Any], how_long: timedelta = jobs.LEASE) -> None:
        try:
            with transaction() as session:
                _write(
                    session,
                    self._job,
                    self._worker,
                    lease_until=self._clock() + how_long,
                    progress=dict(progress),
                )
                self.stopped = bool(
                    session.scalar(
                        select(AllocationRun.stop_requested).where(AllocationRun.id == self._job.id)
                    )
                )
        except LeaseLost:
            self.lost = True
        except OperationalError:
            # The database is busy or away; the lease outlasts that for a while, and the next beat tries again.
            _log.warning("run %s: no heartbeat now", self._job.id)


def _unanswered(job: _Job, ended: solving.Ended, *, worker: str, at: datetime) -> RunState | None:
    if ended.code == solving.REFUSED or job.tries >= jobs.MOST_RUN_TRIES:
        return _fail(job, ended.said or f"The solver ended with {ended.code}.", worker=worker, at=at)
    with transaction() as session:
        # Killed by the system, out of memory perhaps: another try, a little later.
        _write(
            session,
            job,
            worker,
            state=RunState.QUEUED,
            lease_until=None,
            leased_by=None,
            run_after=at + jobs.LEASE,
            error=ended.said or f"The solver ended with {ended.code}.",
        )
    return None


def _fail(job: _Job, error: str, *, worker: str, at: datetime) -> RunState | None:
    return _finish(job, RunState.FAILED, {}, worker=worker, at=at, error=error)


def _finish(
    job: _Job,
    state: RunState,
    summary: Mapping[str, Any],
    *,
    worker: str,
    at: datetime,
    error: str | None = None,
) -> RunState | None:
    """End a run that gives nobody anything."""
    try:
        with transaction() as session:
            _write(session, job, worker, **_ending(state, summary, at, error))
    except LeaseLost:
        return None
    return state


def _ending(
    state: RunState, summary: Mapping[str, Any], at: datetime, error: str | None = None
) -> dict[str, Any]:
    return {
        "state": state,
        "summary": dict(summary),
        "ended_at": at,
        "lease_until": None,
        "leased_by": None,
        "progress": {},
        "error": error,
    }


def _conclude(
    job: _Job, framed: framing.Framed, outcome: Outcome, *, worker: str, at: datetime
) -> RunState | None:
    """Check an outcome once more, here where nobody solved it, and store it whole."""
    breaches = audit(framed.problem, outcome)
    if breaches:
        told = "; ".join(breach.sentence for breach in breaches[:5])
        return _fail(job, f"The answer did not pass the audit: {told}", worker=worker, at=at)
    found = results.read(framed.problem, outcome, framed.parties)
    allotments = _allotments(job.id, framed, found.given)
    text = json.dumps(outcome.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    state = RunState(str(outcome.status))
    with transaction() as session:
        _write(
            session,
            job,
            worker,
            result=zlib.compress(text.encode()),
            engine=str(outcome.run.get("engine", ""))[:30],
            solver_version=_versions(outcome)[:100],
            **_ending(state, {**found.summary, "tier_keys": _tier_keys(framed)}, at),
        )
        for start in range(0, len(allotments), BATCH):
            session.execute(insert(Allotment), allotments[start : start + BATCH])
    return state


def _tier_keys(framed: framing.Framed) -> list[str]:
    """What the numbers of the tiers meant in this run, whatever order they have later."""
    programme = framed.taken.programme
    return [key for key, _name in kinds.of(programme).tiers(programme)]


def _versions(outcome: Outcome) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(outcome.run.get("versions", {}).items()))


def _allotments(
    run_id: int, framed: framing.Framed, given: Mapping[str, results.Given]
) -> list[dict[str, Any]]:
    if not given:
        return []
    stations = _stations(framed, given)
    rows = []
    for party in framed.parties:
        got = given[party.code]
        for member, option in zip(party.members, got.options, strict=True):
            rows.append(
                {
                    "run_id": run_id,
                    "registration_id": framed.taken.registration_ids[member.code],
                    "option_id": framed.taken.option_ids[option] if option else None,
                    "rank": got.rank if option else None,
                    "pinned": party.pinned is not None,
                    "station": stations.get(member.code, ""),
                    "position": None if option else got.position,
                    "reason": got.reason,
                }
            )
    return rows


def _stations(framed: framing.Framed, given: Mapping[str, results.Given]) -> dict[str, str]:
    """Registration code -> station, as the kind gives them out; who stays keeps the one that was published."""
    programme = framed.taken.programme
    kind = kinds.of(programme)
    placed: dict[str, list[PartyFacts]] = {}
    for party in framed.parties:
        for option in dict.fromkeys(each for each in given[party.code].options if each):
            placed.setdefault(option, []).append(party)
    held = _held_stations(programme)
    found: dict[str, str] = {}
    for option, parties in placed.items():
        codes = {member.code for party in parties for member in party.members}
        here = {code: station for (code, at_option), station in held.items() if at_option == option}
        found |= kind.stations(
            programme,
            programme.option(option),
            parties,
            {code: station for code, station in here.items() if code in codes},
        )
    return found


def _held_stations(programme: ProgrammeFacts) -> dict[tuple[str, str], str]:
    """(registration code, option code) -> the station published last."""
    rows = db.session.execute(
        select(Registration.code, Option.code, PublishedAllotment.station)
        .join(Registration, Registration.id == PublishedAllotment.registration_id)
        .join(Option, Option.id == PublishedAllotment.option_id)
        .join(Publication, Publication.id == PublishedAllotment.publication_id)
        .join(Programme, Programme.id == Publication.programme_id)
        .where(
            Programme.code == programme.code,
            Publication.number == programme.published,
            PublishedAllotment.station != "",
        )
    ).all()
    db.session.rollback()
    return {(code, option): station for code, option, station in rows}
