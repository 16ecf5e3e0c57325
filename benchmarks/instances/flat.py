"""What a family draws, before it is told: as the problem's own format, or at once in flat arrays where JSON would not fit."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.instances import wishes
from benchmarks.instances.wishes import Ints, Json
from solvers.arrays import UNLIMITED, Choices, Groups, Options, Resources, Sparse
from solvers.problem import Problem
from solvers.source import StageSource
from solvers.stages import unfold

FAIR: tuple[Json, ...] = ({"stage": "placed"}, {"stage": "rank", "as": "fair"}, {"stage": "lot"})
"""Fewest without a place, then fewest at the last rank and so on up, then the draw; everybody counts one."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Groups that wish, options with seats, perhaps minima and one fund (all amounts a row for each group or option).

    ``weight`` is the class of a group, a head. With ``fair`` nobody has to be placed and nothing costs; else staying out
    is a last choice with a price, and least cost says it all.
    """

    title: str
    seats: Ints
    wanted: Ints
    """Options of each group, dearest first: groups x ranks."""
    weight: Ints
    size: Ints
    lot: Ints
    minimum: Ints | None = None
    head: Ints | None = None
    """Of the fund, for each head."""
    once: Ints | None = None
    """Of the fund, if it runs."""
    fund: int | None = None
    carriers: bool = False
    """What an option takes once is taken by a coach of all its seats."""
    fair: bool = False

    def fairly(self) -> "Drawn":
        """The same wishes and seats under the fair aims."""
        return replace(self, fair=True)

    def told(self) -> Json:
        """The problem as it is written."""
        more: Json = {}
        if self.fund is not None:
            more["resources"] = [{"id": "fund", "capacity": self.fund, "step": 1_000}]
        if self.fair:
            more["objective"] = [*FAIR]
            return wishes.problem(self.title, self._options(), self._fair_groups(), **more) | {
                "options": self._options()
            }
        groups = wishes.groups(self.wanted, self.weight, self.size, self.lot)
        return wishes.problem(self.title, self._options(), groups, **more)

    def _options(self) -> list[Json]:
        made = []
        for number, most in enumerate(self.seats.tolist()):
            option: Json = {"id": wishes.name(number), "capacity": most}
            if self.minimum is not None:
                option["minimum"] = int(self.minimum[number])
            if self.head is not None and self.once is not None:
                fixed: Json = {"uses": {"fund": int(self.once[number])}}
                option |= {"head_uses": {"fund": int(self.head[number])}}
                option |= {"carriers": [{"seats": most, **fixed}]} if self.carriers else fixed
            made.append(option)
        return made

    def _fair_groups(self) -> list[Json]:
        return [
            {
                "id": f"g{number:07}",
                "lot": lot,
                "choices": [
                    {"option": wishes.name(option), "rank": rank} for rank, option in enumerate(row, 1)
                ],
            }
            | ({"size": size} if size > 1 else {})
            for number, (row, size, lot) in enumerate(
                zip(self.wanted.tolist(), self.size.tolist(), self.lot.tolist(), strict=True)
            )
        ]

    def problem(self) -> Problem:
        """What reading :meth:`told` gives but for the digest, which is one of the arrays here."""
        if self.carriers:
            raise ValueError("coaches are told in the format only")
        groups, choices = self._groups(), self._choices()
        plain = [StageSource(stage="cost")]
        aims = [StageSource(stage=one["stage"], as_=one.get("as")) for one in FAIR] if self.fair else plain
        ranks = list(range(1, self.wanted.shape[1] + 1 + (not self.fair)))
        return Problem(
            name=self.title,
            sha256=self._digest(),
            tags=(),
            people=(),
            resources=self._resources(),
            options=self._flat_options(),
            groups=groups,
            choices=choices,
            limits=(),
            apart=(),
            clashes=(),
            pinned={},
            previous={},
            max_changes=None,
            stages=unfold(aims, tiers=[1], ranks=lambda _tier: ranks),
        )

    def _digest(self) -> str:
        found = hashlib.sha256(f"{self.title} {self.fund} {self.fair}".encode())
        for part in (
            self.seats, self.wanted, self.weight, self.size, self.lot, self.minimum, self.head, self.once
        ):  # fmt: skip
            found.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
        return found.hexdigest()

    def _resources(self) -> Resources:
        funds = [] if self.fund is None else [self.fund]
        return Resources(
            ids=("fund",) * len(funds),
            capacity=np.array(funds, np.int64),
            spill=np.full(len(funds), -1),
            step=np.full(len(funds), 1_000),
        )

    def _flat_options(self) -> Options:
        extra = 0 if self.fair else 1
        count = len(self.seats) + extra
        nothing = np.zeros(count, np.int64)
        names = [wishes.name(number) for number in range(len(self.seats))] + [wishes.OUT] * extra
        return Options(
            ids=tuple(names),
            capacity=np.append(self.seats, [UNLIMITED] * extra).astype(np.int64),
            minimum=nothing if self.minimum is None else np.append(self.minimum, np.zeros(extra, np.int64)),
            must_run=np.zeros(count, np.bool_),
            cost=nothing,
            head_cost=nothing,
            uses=_of_the_fund(self.once, count),
            head_uses=_of_the_fund(self.head, count),
            carriers=((),) * count,
        )

    def _groups(self) -> Groups:
        count = len(self.wanted)
        return Groups(
            ids=tuple(f"g{number:07}" for number in range(count)),
            size=self.size,
            tier=np.ones(count, np.int64),
            weight=self.size if self.fair else self.weight * self.size,
            lot=self.lot,
            required=np.full(count, not self.fair),
            piece=np.zeros(count, np.int64),
            tags=_empty(count),
            people=_empty(count),
            first=np.arange(count + 1, dtype=np.int64) * (self.wanted.shape[1] + (not self.fair)),
        )

    def _choices(self) -> Choices:
        groups, ranks = self.wanted.shape
        price = np.array([*wishes.RANK_COST[:ranks], wishes.OUT_COST], np.int64)
        heavy = self.weight * self.size
        if self.fair:
            option, cost = self.wanted, np.zeros_like(self.wanted)
            heavy = self.size
        else:
            option = np.column_stack([self.wanted, np.full(groups, len(self.seats))])
            cost = heavy[:, None] * price
        each = option.shape[1]
        count = option.size
        return Choices(
            group=np.repeat(np.arange(groups), each),
            option=option.ravel(),
            rank=np.tile(np.arange(1, each + 1), groups),
            cost=cost.ravel(),
            heads=np.repeat(self.size, each),
            weight=np.repeat(heavy, each),
            units=np.ones(count, np.int64),
            banned=np.zeros(count, np.bool_),
            uses=_empty(count),
        )


def _empty(rows: int) -> Sparse:
    nothing = np.zeros(0, np.int64)
    return Sparse(np.zeros(rows + 1, np.int64), nothing, nothing)


def _of_the_fund(amount: Ints | None, rows: int) -> Sparse:
    """Each of the first rows takes its amount of the one fund; the last, which is staying out, nothing."""
    if amount is None:
        return _empty(rows)
    start = np.minimum(np.arange(rows + 1), len(amount))
    return Sparse(start, np.zeros(len(amount), np.int64), amount.astype(np.int64))
