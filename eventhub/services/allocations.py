"""Ask the solver who goes where: request a run, execute it, stop it, and fix places by hand.

A run is a record that never changes once it has ended. Executing one is three short transactions with the solve between
them: take it, freeze what goes in, solve with nothing open, store what came out - each only while it is still ours.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import shutil
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eventhub import kinds
from eventhub.config import Settings
from eventhub.delivery import wakeups
from eventhub.domain import phases
from eventhub.domain.facts import Actor, PartyFacts, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.problems import Conflict, NotFound, Problem, Refused
from eventhub.domain.terms import IN_ALLOCATION, RUN_ENDED, Phase, RegistrationState, RunState, word
from eventhub.extensions import db, snapshot, transaction
from eventhub.i18n import LOCALES, N_, use_locale
from eventhub.models.allocations import AllocationRun, Allotment, Pin
from eventhub.models.programmes import Option, Programme
from eventhub.models.publications import Publication, PublishedAllotment
from eventhub.models.registrations import Party, Registration
from eventhub.queries import people, snapshots
from eventhub.queries import programmes as programme_queries
from eventhub.services import jobs, journal, programmes, results, solving
from solvers.audit import audit
from solvers.outcome import Outcome
from solvers.problem import Problem as SolverProblem
from solvers.problem import ProblemError
from solvers.problem import read as read_problem

SECONDS = 60
MOST_SECONDS = 24 * 3600
SEEDS = 2**31
"""Seeds are short enough to be read out and typed."""
HEARTBEAT = 1.0
"""Seconds between two renewals of the lease, which also note the progress."""
BATCH = 1000

Clock = Callable[[], datetime]

_log = logging.getLogger(__name__)


# -- Asking ------------------------------------------------------------------------------------------


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
        row = _locked(session, programme, by)
        _demand_closed(programme_queries.of_row(session, row), at)
        _demand_none_under_way(session, row.id)
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


def _locked(session: Session, code: str, by: Actor) -> Programme:
    """The programme's row, so that of two requests at one moment the second sees what the first did."""
    session.execute(select(Programme.id).where(Programme.code == code).with_for_update())
    return programmes.owned(session, code, by)


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


# -- Executing ---------------------------------------------------------------------------------------


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


@dataclass(frozen=True)
class Framed:
    """What goes in: the programme as it stood, its parties with their lots, and the problem as the solver reads it."""

    taken: snapshots.Snapshot
    parties: tuple[PartyFacts, ...]
    text: bytes
    problem: SolverProblem
    rule_version: str


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
        framed = freeze(job.programme_id, seed=job.seed, on=clock())
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
    if ended.killed or (watch.stopped and not ended.answered):
        # Ended before it had anything to show.
        return _finish(job, RunState.UNKNOWN, {}, worker=worker, at=clock())
    if not ended.answered:
        return _unanswered(job, ended, worker=worker, at=clock())
    watch.last(jobs.LONG_STEP)
    outcome = Outcome.from_dict(json.loads((place / "result.json").read_bytes()))
    return _conclude(job, framed, outcome, worker=worker, at=clock())


def freeze(programme_id: int, *, seed: int, on: datetime) -> Framed:
    """The programme as a problem, as it stands in one reading transaction."""
    with snapshot() as session:
        taken = snapshots.take(session, programme_id, on=on.astimezone(ZONE).date())
        held = _held(session, programme_id)
    lots = draw((party.code for party in taken.parties), seed=seed)
    parties = tuple(replace(party, lot=lots[party.code]) for party in taken.parties)
    kind = kinds.of(taken.programme)
    framed = kind.frame(taken.programme, parties)
    standing = {party.code for party in parties}
    previous = {code: option for code, option in held.items() if code in standing}
    if previous:
        framed["previous"] = previous
    text = json.dumps(framed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return Framed(taken, parties, text, read_problem(text), rule_version(taken.programme))


def draw(codes: Any, *, seed: int) -> dict[str, int]:
    """Lots by a draw that anybody can repeat: codes in the order of SHA-256 of ``seed:code``, numbered from 1.

    Who comes or goes between two runs of one seed changes nothing in the order of the others.
    """
    in_turn = sorted(codes, key=lambda code: (hashlib.sha256(f"{seed}:{code}".encode()).digest(), code))
    return {code: lot for lot, code in enumerate(in_turn, start=1)}


def rule_version(programme: ProgrammeFacts) -> str:
    """A digest of the rules in force: the kind, its settings and the rules as members read them."""
    kind = kinds.of(programme)
    texts = {}
    for locale in LOCALES:
        with use_locale(locale):
            texts[locale] = [str(text) for text in kind.rule_texts(programme)]
    settings = {each.key: kind.setting(programme, each.key) for each in kind.settings}
    told = {"kind": kind.key, "settings": {**programme.settings, **settings}, "rules": texts}
    return hashlib.sha256(
        json.dumps(told, ensure_ascii=False, sort_keys=True, default=str).encode()
    ).hexdigest()


def _held(session: Session, programme_id: int) -> dict[str, str]:
    """Party -> the option it holds by the last publication; of a party that is split, none."""
    last = session.scalar(
        select(Publication.id)
        .where(Publication.programme_id == programme_id)
        .order_by(Publication.number.desc())
        .limit(1)
    )
    rows = session.execute(
        select(Registration.party_id, Option.code)
        .join(PublishedAllotment, PublishedAllotment.registration_id == Registration.id)
        .join(Option, Option.id == PublishedAllotment.option_id)
        .where(PublishedAllotment.publication_id == last, Registration.state == RegistrationState.ALLOTTED)
        .order_by(Registration.id)
    )
    found: dict[str, str] = {}
    split: set[str] = set()
    for party_id, option in rows:
        code = snapshots.group_code(party_id)
        if found.setdefault(code, option) != option:
            split.add(code)
    return {code: option for code, option in found.items() if code not in split}


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


def _keep(job: _Job, framed: Framed, *, worker: str, at: datetime) -> None:
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


def _conclude(job: _Job, framed: Framed, outcome: Outcome, *, worker: str, at: datetime) -> RunState | None:
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
            **_ending(state, found.summary, at),
        )
        for start in range(0, len(allotments), BATCH):
            session.execute(insert(Allotment), allotments[start : start + BATCH])
    return state


def _versions(outcome: Outcome) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(outcome.run.get("versions", {}).items()))


def _allotments(run_id: int, framed: Framed, given: Mapping[str, results.Given]) -> list[dict[str, Any]]:
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


def _stations(framed: Framed, given: Mapping[str, results.Given]) -> dict[str, str]:
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
