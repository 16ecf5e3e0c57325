"""One question in the shape the price engine works on: options with their takers, and the rows that have a price."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from solvers.arrays import Sparse
from solvers.problem import UNLIMITED, Flags, Ints
from solvers.rules import carriers
from solvers.rules.form import Form
from solvers.rules.rule import Aim

PRICED = ("resource", "limit")
"""Rules that a price stands for; the others hold inside an option, or are left out of the bound."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Priced rows ``sum of amount x variable - level <= 0``, each with the number it has in the form (or an aim)."""

    origin: Ints
    """The form's row, or -1 - k for stage k."""
    level: Ints
    row: Ints
    column: Ints
    amount: Ints


@dataclass(frozen=True, eq=False)
class Table:
    """Least ``aim`` (signed) while ``earlier`` stages stay at what they allow; arrays by option, entries in its order."""

    form: Form
    aim: Aim
    earlier: tuple[tuple[int, int], ...] = ()
    """(stage, the value it must keep), dearer stages first."""
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", self._rows())

    def _rows(self) -> Rows:
        """Rows of resources and hard limits with the sides turned to ``<= 0``, then the earlier stages."""
        form = self.form
        wanted = np.zeros(len(form.low), np.bool_)
        for rule in PRICED:
            wanted |= form.is_of(rule)
        above = np.flatnonzero(wanted & (form.high < UNLIMITED))
        below = np.flatnonzero(wanted & (form.high >= UNLIMITED) & (form.low > -UNLIMITED))
        origin = np.concatenate([above, below])
        sign = np.concatenate([np.ones(len(above), np.int64), -np.ones(len(below), np.int64)])
        level = np.concatenate([form.high[above], -form.low[below]])
        position = np.full(len(form.low), -1)
        position[origin] = np.arange(len(origin))
        entries = np.flatnonzero(position[form.row] >= 0)
        row = position[form.row[entries]]
        parts = [(row, form.column[entries], form.amount[entries] * sign[row])]
        origins, levels = [origin], [level]
        for number, (stage, allowed) in enumerate(self.earlier):
            aim = form.aims[stage]
            turn = -1 if aim.maximise else 1
            parts.append((np.full(len(aim.column), len(origin) + number), aim.column, turn * aim.amount))
            origins.append(np.array([-1 - stage]))
            levels.append(np.array([turn * (allowed - aim.constant)]))
        return Rows(
            origin=np.concatenate(origins),
            level=np.concatenate(levels),
            row=np.concatenate([part[0] for part in parts]),
            column=np.concatenate([part[1] for part in parts]),
            amount=np.concatenate([part[2] for part in parts]),
        )

    @cached_property
    def order(self) -> Ints:
        """Choices that may be taken, by option."""
        form = self.form
        problem = form.problem
        open_ = ~problem.choices.banned
        for group, placed in problem.pinned.items():
            mine = np.arange(problem.groups.first[group], problem.groups.first[group + 1])
            open_[mine] = np.isin(mine, list(placed))
        order = np.argsort(problem.choices.option, kind="stable")
        found: Ints = order[open_[order]]
        return found

    @cached_property
    def start(self) -> Ints:
        options = self.form.problem.choices.option[self.order]
        found: Ints = np.searchsorted(options, np.arange(len(self.form.problem.options.ids) + 1))
        return found

    @property
    def group(self) -> Ints:
        found: Ints = self.form.problem.choices.group[self.order]
        return found

    @property
    def heads(self) -> Ints:
        found: Ints = self.form.problem.choices.heads[self.order]
        return found

    @cached_property
    def high(self) -> Ints:
        """Seats, or all who could come."""
        total = np.concatenate([[0], np.cumsum(self.heads)])
        found: Ints = np.minimum(self.form.problem.options.capacity, np.diff(total[self.start]))
        return found

    @cached_property
    def must_place(self) -> Flags:
        """Groups that have a place in any case, so that their price may have either sign."""
        problem = self.form.problem
        found = problem.groups.required.copy()
        for group, placed in problem.pinned.items():
            found[group] = bool(placed)
        return found

    @cached_property
    def carrier(self) -> Sparse:
        """For each option its carriers for everybody: number among all entries, and seats."""
        problem = self.form.problem
        listed = carriers.entries(self.form.sheet)
        rows: list[list[tuple[int, int]]] = [[] for _ in problem.options.ids]
        for number, (option, entry) in enumerate(listed):
            carrier = problem.options.carriers[option][entry]
            if carrier.tag < 0:
                rows[option].append((number, carrier.seats))
        return Sparse.of(rows)

    def split(self, columns: Ints) -> tuple[Sparse, Ints, Ints, Ints]:
        """Row entries of each of ``columns`` (one of these kinds of variables), as (rows by column)."""
        place = np.full(len(self.form.upper), -1)
        place[columns] = np.arange(len(columns))
        inside = np.flatnonzero(place[self.rows.column] >= 0)
        at = place[self.rows.column[inside]]
        by = np.argsort(at, kind="stable")
        start = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=len(columns)))])
        row, amount = self.rows.row[inside][by], self.rows.amount[inside][by]
        return Sparse(start, row, amount), start, row, amount

    def signed(self) -> Ints:
        """What each variable adds to the aim, less being better."""
        amount = np.zeros(len(self.form.upper), np.int64)
        amount[self.aim.column] = -self.aim.amount if self.aim.maximise else self.aim.amount
        return amount


def table(form: Form, number: int, reached: Sequence[int], *, earlier: Sequence[int] = ()) -> Table:
    """The question of one stage, with the stages ``earlier`` held at what ``reached`` allows."""
    kept = tuple((one, form.problem.stages[one].allowed(reached[one])) for one in earlier)
    return Table(form, form.aims[number], kept)
