"""Book: what each stage counts, and who counts under which tag, looked up once for all certificates of a problem."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from solvers.certificate import Row, Share, entry_owners, limit_rows, share_rows
from solvers.problem import UNLIMITED, Flags, Ints, Problem
from solvers.stages import Stage

EVERYBODY = -1


def none() -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One stage made to be least: ``constant`` + amounts of choices' units, of running options, pieces and misses.

    ``choice`` numbers the choices that ``amount`` speaks of; ``miss`` numbers limit rows that count 1 each;
    ``moved`` is what a moved head of a split group counts.
    """

    choice: Ints = field(default_factory=none)
    amount: Ints = field(default_factory=none)
    run: Ints = field(default_factory=none)
    piece: Ints = field(default_factory=none)
    miss: Ints = field(default_factory=none)
    moved: int = 0
    constant: int = 0


class Book:
    """Lookups of one problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._measures: dict[int, Measure] = {}

    # -- numberings ----------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> list[Row]:
        return limit_rows(self.problem)

    @cached_property
    def shares(self) -> list[Share]:
        return share_rows(self.problem)

    @cached_property
    def entries(self) -> list[tuple[int, int]]:
        return entry_owners(self.problem)

    @cached_property
    def soft(self) -> Flags:
        """Which limit rows may be missed."""
        return np.array([self.problem.limits[row.limit].soft for row in self.rows], np.bool_)

    # -- groups --------------------------------------------------------------------------------------

    @cached_property
    def split(self) -> Flags:
        return self.problem.groups.piece > 0

    @cached_property
    def pinned(self) -> Flags:
        flags = np.zeros(len(self.problem.groups.ids), np.bool_)
        flags[list(self.problem.pinned)] = True
        return flags

    @cached_property
    def units(self) -> Ints:
        """Most units of each group: 1, or its heads where it may be split."""
        return np.where(self.split, self.problem.groups.size, 1)

    @cached_property
    def tag_group(self) -> Ints:
        """The group of each entry of ``groups.tags``."""
        return self.problem.groups.tags.rows

    @cached_property
    def tag_heads(self) -> Ints:
        """Heads so tagged in one unit, for each entry of ``groups.tags``."""
        return np.where(self.split[self.tag_group], 1, self.problem.groups.tags.amount)

    @cached_property
    def held(self) -> list[tuple[int, int]]:
        """(choice, units) of the last result that could still be kept."""
        banned = self.problem.choices.banned
        return [
            (choice, units)
            for placed in self.problem.previous.values()
            for choice, units in placed.items()
            if not banned[choice]
        ]

    @cached_property
    def held_parts(self) -> dict[int, int]:
        """Heads that split groups had at choices they could keep."""
        split, group = self.split, self.problem.choices.group
        return {choice: units for choice, units in self.held if split[group[choice]]}

    def tagged_choices(self, of_interest: Flags) -> tuple[Ints, Ints, Ints]:
        """(choice, tag, heads in one unit) for every choice of every group with a tag of interest."""
        tags, first = self.problem.groups.tags, self.problem.groups.first
        chosen = np.flatnonzero(of_interest[tags.column]) if len(tags.column) else none()
        group = self.tag_group[chosen]
        count = first[group + 1] - first[group]
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        entry = np.repeat(chosen, count)
        return np.repeat(first[group], count) + within, tags.column[entry], self.tag_heads[entry]

    @cached_property
    def coming(self) -> dict[int, Ints]:
        """For each tag (and everybody), the most heads that could come to each option."""
        problem = self.problem
        choices = problem.choices
        options = len(problem.options.ids)
        open_ = np.where(choices.banned, 0, choices.units)
        everybody = np.zeros(options, np.int64)
        np.add.at(everybody, choices.option, open_ * choices.heads)
        found = {EVERYBODY: np.minimum(everybody, problem.options.capacity)}
        choice, tag, heads = self.tagged_choices(np.ones(len(problem.tags), np.bool_))
        table = np.zeros((len(problem.tags), options), np.int64)
        np.add.at(table, (tag, choices.option[choice]), heads * open_[choice])
        return found | dict(enumerate(table))

    # -- stages --------------------------------------------------------------------------------------

    def measure(self, number: int) -> Measure | None:
        """What a stage counts, made to be least; None for ``worst``, ``spread`` and the lot."""
        stage = self.problem.stages[number]
        if stage.stage in {"spread", "lot"} or stage.measure == "worst":
            return None
        if number not in self._measures:
            self._measures[number] = self._measure(stage)
        return self._measures[number]

    def _measure(self, stage: Stage) -> Measure:
        problem = self.problem
        choices, options = problem.choices, problem.options
        match stage.stage:
            case "placed":
                return _of_choices(-self.weight(stage))
            case "required":
                return _of_choices(-problem.groups.required[choices.group].astype(np.int64))
            case "rank" if stage.measure == "sum":
                return _of_choices(self.weight(stage) * choices.rank)
            case "rank":
                at = np.where(choices.rank == stage.rank, self.weight(stage), 0)
                return _of_choices(-at if stage.maximise else at)
            case "soft":
                ids = None if stage.limits is None else set(stage.limits)
                asked = [ids is None or problem.limits[row.limit].id in ids for row in self.rows]
                return Measure(miss=np.flatnonzero(self.soft & np.array(asked, np.bool_)))
            case "cost":
                pieces = [options.carriers[option][entry].cost for option, entry in self.entries]
                every = choices.cost + choices.heads * options.head_cost[choices.option]
                spent = _of_choices(every)
                return Measure(spent.choice, spent.amount, options.cost, np.array(pieces, np.int64))
            case "running":
                return Measure(run=np.ones(len(options.ids), np.int64))
            case "changes":
                return self.changes
        raise ValueError(f"no measure for a stage {stage.stage}")

    @cached_property
    def changes(self) -> Measure:
        """Heads moved."""
        problem = self.problem
        whole = [c for c, _ in self.held if not self.split[problem.choices.group[c]]]
        kept = np.array(whole, np.int64)
        heads = problem.choices.heads[kept]
        return Measure(kept, -heads, moved=1, constant=int(heads.sum()))

    def weight(self, stage: Stage) -> Ints:
        """Weight, or tagged heads, of one unit at each choice that a stage ``placed`` or ``rank`` speaks of."""
        problem = self.problem
        choices = problem.choices
        if stage.tag is None:
            weight = choices.weight
        else:
            spoken_of = np.zeros(len(problem.tags), np.bool_)
            spoken_of[problem.matching(stage.tag)] = True
            chosen = spoken_of[problem.groups.tags.column]
            of_group = np.zeros(len(problem.groups.ids), np.int64)
            np.add.at(of_group, self.tag_group[chosen], self.tag_heads[chosen])
            weight = of_group[choices.group]
        if stage.tier is None:
            return weight
        return np.where(problem.groups.tier[choices.group] == stage.tier, weight, 0)

    def worse(self, stage: Stage, rank: int) -> Flags:
        """Choices that a stage ``worst`` counts and whose rank is beyond ``rank``."""
        problem = self.problem
        choices = problem.choices
        beyond: Flags = choices.rank > rank
        if stage.tag is not None:
            beyond &= self.weight(stage) > 0
        elif stage.tier is not None:
            beyond &= problem.groups.tier[choices.group] == stage.tier
        return beyond

    def tag_total(self, tag: int) -> int:
        """All heads so tagged, placed or not."""
        chosen = self.problem.groups.tags.column == tag
        return int(self.tag_heads[chosen] @ self.units[self.tag_group[chosen]])

    @property
    def bounded(self) -> Flags:
        """Options with a number of seats."""
        flags: Flags = self.problem.options.capacity < UNLIMITED
        return flags


def _of_choices(amount: Ints) -> Measure:
    choice = np.flatnonzero(amount)
    return Measure(choice, amount[choice])
