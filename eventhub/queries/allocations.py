"""Runs of the solver as the desk sees them: how one gets on, what it came to, which places are fixed by hand."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select

from eventhub.domain.facts import OptionFacts, ProgrammeFacts
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import RUN_ENDED, RUN_USABLE, RunState
from eventhub.extensions import db
from eventhub.i18n import N_, Bilingual, Text
from eventhub.models.accounts import Account
from eventhub.models.allocations import AllocationRun, Pin
from eventhub.models.programmes import Programme
from eventhub.models.publications import Publication
from eventhub.models.registrations import Party
from eventhub.queries import programmes, reasons
from eventhub.queries.conflicts import Conflict, conflict
from eventhub.queries.tiers import group_name, tier_names


@dataclass(frozen=True)
class RunRow:
    """One run on the list. ``gap`` in millionths; None where nothing is proved or nothing was found."""

    number: int
    state: RunState
    requested_at: datetime
    requested_by: str
    ended_at: datetime | None
    seconds: int
    applied: int | None
    placed: int | None
    gap: int | None
    published_as: tuple[int, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far a solve is, as last heard: which stage of how many, the best value and the bound so far."""

    stage: Text | None = None
    done: int = 0
    total: int = 0
    value: int | None = None
    bound: int | None = None
    seconds: float = 0.0

    @property
    def percent(self) -> int:
        return round(100 * self.done / self.total) if self.total else 0


@dataclass(frozen=True)
class StageRow:
    """One aim in the order of their weight: what was reached, and what no result can pass. ``gap`` in millionths."""

    name: Text
    value: int
    bound: int | None
    gap: int | None

    @property
    def proved(self) -> bool:
        return self.gap == 0


@dataclass(frozen=True)
class OptionRow:
    """One option of the result: heads placed there beside its seats and its minimum."""

    option: OptionFacts
    filled: int
    runs: bool
    wanted_first: int
    wanted: int


@dataclass(frozen=True)
class MoneyRow:
    """What one fund bears, in fen."""

    name: Bilingual
    used_fen: int
    granted_fen: int


@dataclass(frozen=True)
class TierRow:
    """One priority group: heads that applied and heads placed."""

    tier: int
    name: Text
    applied: int
    placed: int


@dataclass(frozen=True)
class RankRow:
    """Heads placed in their choice of this rank."""

    rank: int
    placed: int


@dataclass(frozen=True)
class LimitRow:
    """A firm limit that is just met."""

    name: object
    heads: int
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True)
class RunPage:
    """Everything the page of one run tells."""

    programme: ProgrammeFacts
    number: int
    state: RunState
    requested_at: datetime
    requested_by: str
    started_at: datetime | None
    ended_at: datetime | None
    seconds: int
    seed: int
    seed_source: Text
    stop_requested: bool
    tries: int
    progress: Progress
    applied: int = 0
    placed: int = 0
    first_choices: int = 0
    gap: int | None = None
    stages: tuple[StageRow, ...] = ()
    options: tuple[OptionRow, ...] = ()
    not_running: tuple[OptionFacts, ...] = ()
    money: tuple[MoneyRow, ...] = ()
    money_used_fen: int = 0
    money_granted_fen: int = 0
    tiers: tuple[TierRow, ...] = ()
    ranks: tuple[RankRow, ...] = ()
    binding: tuple[LimitRow, ...] = ()
    conflict: Conflict = field(default_factory=Conflict)
    error: str = ""
    engine: str = ""
    solver_version: str = ""
    rule_version: str = ""
    input_digest: str = ""
    published_as: tuple[int, ...] = ()

    @property
    def ended(self) -> bool:
        return self.state in RUN_ENDED

    @property
    def usable(self) -> bool:
        """Whether there is a result that can be published."""
        return self.state in RUN_USABLE

    @property
    def unplaced(self) -> int:
        return self.applied - self.placed


@dataclass(frozen=True)
class PinRow:
    """A place fixed by hand; no option: fixed to have none."""

    party: str
    names: tuple[str, ...]
    option: OptionFacts | None
    reason: str
    by: str
    at: datetime


def run_id(programme: str, number: int) -> int:
    """The row of a run: what the worker is woken with."""
    return _row(programme, number).id


def tier_names_of(programme: str, number: int) -> dict[int, Text]:
    """What the priority groups of a run are called, as far as its kind names them."""
    return tier_names(programmes.facts(programme), _row(programme, number).summary)


def runs(programme: str) -> tuple[RunRow, ...]:
    """The runs of a programme, newest first."""
    published = _published(programme)
    rows = db.session.execute(
        select(
            AllocationRun.id,
            AllocationRun.number,
            AllocationRun.state,
            AllocationRun.requested_at,
            AllocationRun.ended_at,
            AllocationRun.seconds,
            AllocationRun.summary,
            Account.name,
        )
        .join(Programme, Programme.id == AllocationRun.programme_id)
        .outerjoin(Account, Account.id == AllocationRun.requested_by_id)
        .where(Programme.code == programme)
        .order_by(AllocationRun.number.desc())
    )
    return tuple(
        RunRow(
            number=row.number,
            state=row.state,
            requested_at=row.requested_at,
            requested_by=row.name or "",
            ended_at=row.ended_at,
            seconds=row.seconds,
            applied=row.summary.get("applied"),
            placed=row.summary.get("placed") if row.state in RUN_USABLE else None,
            gap=row.summary.get("gap") if row.state in RUN_USABLE else None,
            published_as=published.get(row.id, ()),
        )
        for row in rows
    )


def latest(programme: str) -> RunRow | None:
    """The newest run."""
    return next(iter(runs(programme)), None)


def progress(programme: str, number: int) -> tuple[RunState, Progress]:
    """How a run gets on: the little that is asked for every second."""
    row = db.session.execute(
        _rows(programme, number, AllocationRun.state, AllocationRun.progress)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row.state, _progress(row.progress, {})


def run(programme: str, number: int) -> RunPage:
    """The page of one run; :class:`NotFound` if there is none."""
    row = _row(programme, number)
    facts = programmes.facts(programme)
    summary = row.summary
    groups = tier_names(facts, summary)
    return RunPage(
        programme=facts,
        number=row.number,
        state=row.state,
        requested_at=row.requested_at,
        requested_by=row.requested_by.name if row.requested_by else "",
        started_at=row.started_at,
        ended_at=row.ended_at,
        seconds=row.seconds,
        seed=row.seed,
        seed_source=_seed_source(row.seed_source),
        stop_requested=row.stop_requested,
        tries=row.tries,
        progress=_progress(row.progress, groups),
        applied=summary.get("applied", 0),
        placed=summary.get("placed", 0),
        first_choices=summary.get("ranks", {}).get("1", 0),
        gap=summary.get("gap"),
        stages=tuple(
            _stage(each, groups) for each in summary.get("stages", ()) if each.get("stage") != "lot"
        ),
        options=_options(facts, summary) if row.state in RUN_USABLE else (),
        not_running=tuple(
            facts.option(code) for code in summary.get("not_running", ()) if code in facts.option_by_code
        ),
        money=_money(facts, summary),
        money_used_fen=summary.get("money_used", 0),
        money_granted_fen=summary.get("money_granted", 0),
        tiers=tuple(
            TierRow(each["tier"], group_name(each["tier"], groups), each["applied"], each["placed"])
            for each in summary.get("tiers", ())
        ),
        ranks=tuple(RankRow(int(rank), placed) for rank, placed in summary.get("ranks", {}).items()),
        binding=tuple(
            LimitRow(
                reasons.limit_name(each["limit"], facts), each["heads"], each["minimum"], each["maximum"]
            )
            for each in summary.get("binding", ())
        ),
        conflict=_conflict(row, facts),
        error=row.error or "",
        engine=row.engine or "",
        solver_version=row.solver_version or "",
        rule_version=row.rule_version or "",
        input_digest=row.input_digest or "",
        published_as=_published(programme).get(row.id, ()),
    )


def pins(programme: str) -> tuple[PinRow, ...]:
    """Places fixed by hand, the latest first."""
    facts = programmes.facts(programme)
    rows = db.session.scalars(
        select(Pin)
        .join(Party, Party.id == Pin.party_id)
        .join(Programme, Programme.id == Party.programme_id)
        .where(Programme.code == programme)
        .order_by(Pin.id.desc())
    ).all()
    accounts = _account_names({row.account_id for row in rows if row.account_id})
    return tuple(
        PinRow(
            party=row.party.code,
            names=tuple(each.participant.name for each in row.party.registrations),
            option=facts.option_by_code.get(row.option.code) if row.option else None,
            reason=row.reason,
            by=accounts.get(row.account_id or 0, ""),
            at=row.at,
        )
        for row in rows
    )


def _account_names(ids: Collection[int]) -> dict[int, str]:
    rows = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _rows(programme: str, number: int, *what: Any) -> Select[Any]:
    return (
        select(*what)
        .join(Programme, Programme.id == AllocationRun.programme_id)
        .where(and_(Programme.code == programme, AllocationRun.number == number))
    )


def _row(programme: str, number: int) -> AllocationRun:
    found: AllocationRun | None = db.session.scalar(_rows(programme, number, AllocationRun))
    if found is None:
        raise NotFound
    return found


def _published(programme: str) -> dict[int, tuple[int, ...]]:
    """Run -> the numbers it was published under."""
    found: dict[int, tuple[int, ...]] = {}
    rows = db.session.execute(
        select(Publication.run_id, Publication.number)
        .join(Programme, Programme.id == Publication.programme_id)
        .where(Programme.code == programme)
        .order_by(Publication.number)
    )
    for row_id, number in rows:
        found[row_id] = (*found.get(row_id, ()), number)
    return found


def _seed_source(source: str) -> Text:
    if source.startswith("run:"):
        return N_("the draw of run %(number)s, which was published", number=source.removeprefix("run:"))
    return N_("given by the organiser") if source == "given" else N_("drawn when the run was requested")


def _progress(said: Mapping[str, Any], groups: Mapping[int, Text]) -> Progress:
    if not said:
        return Progress()
    return Progress(
        stage=_stage_name(said, groups),
        done=int(said.get("stage_index") or 0),
        total=int(said.get("total_stages") or 0),
        value=said.get("value"),
        bound=said.get("bound"),
        seconds=float(said.get("seconds") or 0.0),
    )


def _stage(told: Mapping[str, Any], groups: Mapping[int, Text]) -> StageRow:
    return StageRow(
        name=_stage_name(told, groups),
        value=told.get("value", 0),
        bound=told.get("bound"),
        gap=told.get("gap"),
    )


def _stage_name(told: Mapping[str, Any], groups: Mapping[int, Text]) -> Text:
    stage, tier, rank = told.get("stage"), told.get("tier"), told.get("rank")
    group = None if tier is None else group_name(int(tier), groups)
    if stage == "placed" and group is not None:
        return N_("Placed · %(group)s", group=group)
    if stage == "rank" and rank is not None and group is not None:
        return N_("Placed in choice %(rank)s · %(group)s", rank=rank, group=group)
    if stage == "rank" and group is not None:
        return N_("Sum of choices · %(group)s", group=group)
    if stage == "rank" and rank is not None:
        return N_("Placed in choice %(rank)s", rank=rank)
    return _STAGES.get(str(stage), N_("Stage “%(name)s”", name=stage))


_STAGES = {
    "required": N_("Required parties placed"),
    "placed": N_("Placed"),
    "rank": N_("Sum of choices"),
    "spread": N_("Smallest share placed, in thousandths"),
    "soft": N_("Heads by which wishes of the organiser are missed"),
    "cost": N_("Cost"),
    "running": N_("Options that run"),
    "changes": N_("Moved against the last result"),
    "lot": N_("Draw"),
}


def _options(facts: ProgrammeFacts, summary: Mapping[str, Any]) -> tuple[OptionRow, ...]:
    wanted = programmes.demand(facts.code)
    filled, running = summary.get("options", {}), set(summary.get("running", ()))
    return tuple(
        OptionRow(
            option=option,
            filled=filled.get(option.code, 0),
            runs=option.code in running,
            wanted_first=wanted.get(option.code, (0, 0))[0],
            wanted=wanted.get(option.code, (0, 0))[1],
        )
        for option in facts.options
    )


def _money(facts: ProgrammeFacts, summary: Mapping[str, Any]) -> tuple[MoneyRow, ...]:
    names = {source.code: source.name for source in facts.sources}
    return tuple(
        MoneyRow(names.get(each["source"], Bilingual(each["source"])), each["used"], each["granted"])
        for each in summary.get("money", ())
    )


def _conflict(row: AllocationRun, facts: ProgrammeFacts) -> Conflict:
    if row.state is not RunState.INFEASIBLE:
        return Conflict()
    problem = json.loads(zlib.decompress(row.problem)) if row.problem else {}
    return conflict(row.summary.get("conflict") or {}, problem, facts)
