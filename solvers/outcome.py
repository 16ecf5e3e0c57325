"""What a solve hands back: who goes where, how good each stage is, and how good it could be at most."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from solvers.source import sentence

FORMAT = "eventhub.allocation-result/1"
Placement = str | Mapping[str, int]


class Status(enum.StrEnum):
    """How much is known about the placements."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StageResult:
    """One plain stage: its value in the placement, and the bound that no placement passes.

    ``reached`` is what the stage had when later ones began, if a tolerance let them fall back since.
    ``told_gap`` is the gap as a result that was read says it, UNSET where it says none: for the auditor only.
    """

    stage: str
    value: int
    bound: int | None
    tier: int | None = None
    tag: str | None = None
    rank: int | None = None
    reached: int | None = None
    told_gap: int | UnsetType | None = field(default=UNSET, compare=False, repr=False)

    @property
    def best(self) -> int:
        return self.value if self.reached is None else self.reached

    @property
    def gap(self) -> int | None:
        """|reached - bound| / max(1, |reached|) in millionths, rounded up; None without a bound."""
        if self.bound is None:
            return None
        return -(-abs(self.best - self.bound) * 1_000_000 // max(1, abs(self.best)))

    def to_dict(self) -> dict[str, Any]:
        written: dict[str, Any] = {"stage": self.stage}
        optional = {"tier": self.tier, "tag": self.tag, "rank": self.rank, "reached": self.reached}
        written |= {key: value for key, value in optional.items() if value is not None}
        return written | {"value": self.value, "bound": self.bound, "gap": self.gap}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one solve; ``placements`` holds the placed groups only.

    ``reasons`` tells, for a group, why it did not get each choice dearer than its own: a list of
    ``{"option": id, "code": ..., numbers}``. ``conflict`` is filled when nothing satisfies the rules.
    ``certificate`` has an entry a stage, by what its bound can be checked again (one entry for an infeasible
    problem). ``run`` records engine, versions, seed, workers and seconds; it is no part of the answer.
    """

    problem_sha256: str
    status: Status
    placements: Mapping[str, Placement] = field(default_factory=dict)
    running: tuple[str, ...] = ()
    carriers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    stages: tuple[StageResult, ...] = ()
    reasons: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    conflict: Mapping[str, Any] | None = None
    certificate: tuple[Mapping[str, Any], ...] = ()
    more: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What one more would bring, by ``options``, ``resources``, ``limits`` and id: see :mod:`solvers.more`."""
    run: Mapping[str, Any] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Whether there are placements to speak of (an empty answer counts)."""
        return self.status in {Status.OPTIMAL, Status.FEASIBLE}

    @property
    def gap(self) -> int | None:
        """The gap of the first stage that is not proved, the lot aside, in millionths: 0 where all are proved.

        Stages come in the order of their weight, so what is open in an earlier one outweighs all that follows.
        None where that stage has no bound.
        """
        open_stages = (stage for stage in self.stages if stage.stage != "lot" and stage.gap != 0)
        first = next(open_stages, None)
        return 0 if first is None else first.gap

    def to_dict(self) -> dict[str, Any]:
        """The result format, ready for JSON."""
        written: dict[str, Any] = {
            "format": FORMAT,
            "problem_sha256": self.problem_sha256,
            "status": str(self.status),
            "placements": {
                group: place if isinstance(place, str) else dict(place)
                for group, place in self.placements.items()
            },
            "running": list(self.running),
            "carriers": {option: list(pieces) for option, pieces in self.carriers.items()},
            "stages": [stage.to_dict() for stage in self.stages],
            "reasons": {group: [dict(reason) for reason in each] for group, each in self.reasons.items()},
            "run": dict(self.run),
        }
        if self.certificate:
            written["certificate"] = [dict(entry) for entry in self.certificate]
        if self.more:
            written["more"] = {key: dict(entries) for key, entries in self.more.items()}
        if self.conflict is not None:
            written["conflict"] = dict(self.conflict)
        return written

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> "Outcome":
        """Read a result back; ValueError says in a sentence what is not as the format has it, and where."""
        if written.get("format") != FORMAT:
            raise ValueError(f'format: expected "{FORMAT}"')
        try:
            read = msgspec.convert(written, _Result)
        except msgspec.ValidationError as error:
            told = sentence(str(error), whole="result")
            raise ValueError(f"the result cannot be read: {told}") from None
        return cls(
            problem_sha256=read.problem_sha256,
            status=read.status,
            placements=dict(written["placements"]),
            running=tuple(read.running),
            carriers={option: tuple(pieces) for option, pieces in written["carriers"].items()},
            stages=tuple(_stage(stage) for stage in read.stages),
            reasons={group: tuple(each) for group, each in written.get("reasons", {}).items()},
            conflict=written.get("conflict"),
            more=read.more,
            certificate=tuple(dict(entry) for entry in written.get("certificate", ())),
            run=read.run,
        )


# -- what a result that is read must hold; whether it is true is the auditor's question ------------------


_Place = str | dict[str, int | float]
"""Numbers that are not whole reach the auditor, who names the group or the option."""


class _Stage(Struct):
    stage: str
    value: int
    bound: int | None
    gap: int | None
    tier: int | None = None
    tag: str | None = None
    rank: int | None = None
    reached: int | None = None


class _Reason(Struct):
    """Beside its code each has numbers of its own."""

    code: str


class _Entry(Struct):
    """Beside these each has prices."""

    proof: str
    inside: str = "groups"


class _Rule(Struct):
    kind: str
    id: str | None = None
    groups: list[str] = []


class _Missed(_Rule, kw_only=True):
    by: int


class _Nearest(Struct):
    placements: dict[str, _Place]
    carriers: dict[str, list[int]]
    missed: list[_Missed] = []


class _Conflict(Struct):
    rules: list[_Rule]
    nearest: _Nearest | None = None


class _Result(Struct):
    problem_sha256: str
    status: Status
    placements: dict[str, _Place]
    running: list[str]
    carriers: dict[str, list[int | float]]
    stages: list[_Stage]
    reasons: dict[str, list[_Reason]] = {}
    conflict: _Conflict | None = None
    certificate: list[_Entry] = []
    more: dict[str, dict[str, Any]] = {}
    run: dict[str, Any] = {}


def _stage(read: _Stage) -> StageResult:
    return StageResult(
        read.stage, read.value, read.bound, read.tier, read.tag, read.rank, read.reached, told_gap=read.gap
    )
