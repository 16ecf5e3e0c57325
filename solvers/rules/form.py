"""Form: a finished sheet as one sparse matrix, and the variables that follow from who is placed where."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from solvers.problem import UNLIMITED, Flags, Ints, Problem
from solvers.rules import carriers
from solvers.rules.every import sheet_of
from solvers.rules.rule import Aim, Rows, Sheet


@dataclass(frozen=True, eq=False)
class Form:
    """``low <= matrix x values <= high`` for values between 0 and ``upper``; row r is about ``subject[r]``."""

    problem: Problem
    sheet: Sheet
    aims: tuple[Aim, ...]
    upper: Ints
    start: Ints
    column: Ints
    amount: Ints
    low: Ints
    high: Ints
    rule: tuple[str, ...]
    """The rule of each block of rows; ``block`` tells which block a row is in."""
    block: Ints
    subject: Ints

    @classmethod
    def of(cls, problem: Problem) -> "Form":
        sheet, aims = sheet_of(problem)
        # Joined here, they would only be kept twice.
        blocks, sheet.blocks = sheet.blocks, []
        upper = sheet.uppers
        sheet.upper = [upper]
        lengths = _joined(blocks, lambda rows: np.diff(rows.start))
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rule = tuple(rows.rule for rows in blocks)
        block = np.repeat(np.arange(len(blocks)), [len(rows.subject) for rows in blocks])
        low, high, subject = (
            _joined(blocks, part)
            for part in (lambda rows: rows.low, lambda rows: rows.high, lambda rows: rows.subject)
        )
        column, amount = _entries(blocks, int(start[-1]))
        return cls(
            problem=problem,
            sheet=sheet,
            aims=tuple(aims),
            upper=upper,
            start=start,
            column=column,
            amount=amount,
            low=low,
            high=high,
            rule=rule,
            block=block,
            subject=subject,
        )

    @cached_property
    def reach(self) -> Ints:
        """``upper`` where options may be filled beyond their seats: carriers for whoever could come at all."""
        problem = self.problem
        if not any(problem.options.carriers):
            return self.upper
        endless = np.full(len(problem.options.ids), UNLIMITED)
        return sheet_of(replace(problem, options=replace(problem.options, capacity=endless)))[0].uppers

    @cached_property
    def row(self) -> Ints:
        """The row of each entry."""
        return np.repeat(np.arange(len(self.low)), np.diff(self.start))

    @cached_property
    def by_column(self) -> tuple[Ints, Ints]:
        """Entries ordered by column, and where each column's entries start."""
        order = np.argsort(self.column, kind="stable")
        start = np.searchsorted(self.column[order], np.arange(len(self.upper) + 1))
        return order, start

    def activity(self, values: Ints) -> Ints:
        """The sum of each row."""
        # In place: the entries are what a large problem has most of.
        running = values[self.column]
        running *= self.amount
        np.cumsum(running, out=running)
        until = np.zeros(len(self.start), np.int64)
        filled = self.start > 0
        until[filled] = running[self.start[filled] - 1]
        sums: Ints = np.diff(until)
        return sums

    def broken(self, values: Ints) -> Ints:
        """By how much each row is missed."""
        sums = self.activity(values)
        missed: Ints = np.maximum(0, np.maximum(self.low - sums, sums - self.high))
        return missed

    def ceiling(self, aim: Aim) -> int:
        """What an aim cannot pass if each group simply had its best choice: a bound that needs no engine."""
        problem = self.problem
        amount = -aim.amount if aim.maximise else aim.amount
        inside = aim.column < len(problem.choices.group)
        choices = aim.column[inside]
        best = np.zeros(len(problem.groups.ids), np.int64)
        possible = np.where(problem.choices.banned[choices], 0, amount[inside] * self.upper[choices])
        np.minimum.at(best, problem.choices.group[choices], possible)
        least = int(best.sum()) + int(np.minimum(0, amount[~inside] * self.upper[aim.column[~inside]]).sum())
        return aim.constant + (-least if aim.maximise else least)

    def is_of(self, rule: str) -> Flags:
        blocks = np.array([one == rule for one in self.rule], np.bool_)
        return blocks[self.block] if len(blocks) else np.zeros(0, np.bool_)

    def score(self, values: Ints) -> tuple[int, ...]:
        """The stages' values with the sign that makes less better."""
        return tuple(-aim.value(values) if aim.maximise else aim.value(values) for aim in self.aims)

    def complete(self, units: Ints, pieces: Mapping[tuple[int, int], int] | None = None) -> Ints:
        """All values that follow from units placed; pieces not given are as few and cheap as is simple."""
        problem, sheet = self.problem, self.sheet
        values = np.zeros(len(self.upper), np.int64)
        values[: len(units)] = units
        names = sheet.names
        split = np.flatnonzero(problem.groups.piece[problem.choices.group] > 0)
        values[names["part"]] = units[split] > 0
        runs = problem.options.must_run.copy()
        runs[problem.choices.option[units > 0]] = True
        values[names["run"]] = runs
        chosen = fewest_pieces(problem, units) if pieces is None else pieces
        values[names["pieces"]] = [chosen.get(key, 0) for key in carriers.entries(sheet)]
        self._follow(values)
        return values

    def _follow(self, values: Ints) -> None:
        """Spills, misses, moves, worst and spread: each the least (or most) its rows allow."""
        names = self.sheet.names
        resources = self.problem.resources
        sums = self.activity(values)
        at = {int(self.subject[row]): int(row) for row in np.flatnonzero(self.is_of("resource"))}
        spills = np.flatnonzero(resources.spill >= 0)
        number = {int(resource): int(names["spill"][place]) for place, resource in enumerate(spills)}
        for resource in _downstream(resources.spill):
            row = at[resource]
            excess = max(0, int(sums[row] - self.high[row]))
            if excess and resource in number:
                values[number[resource]] = excess
                sums[row] -= excess
                sums[at[int(resources.spill[resource])]] += excess
        for name in names:
            if len(names[name]) and (name in {"miss", "moved"} or name.startswith(("worst ", "spread "))):
                self._tighten(values, sums, names[name], maximise=name.startswith("spread "))

    def _tighten(self, values: Ints, sums: Ints, variables: Ints, *, maximise: bool) -> None:
        order, start = self.by_column
        for variable in variables.tolist():
            entries = order[start[variable] : start[variable + 1]]
            rows, amounts = self.row[entries], self.amount[entries]
            rows, amounts = rows[self._is_defining(rows)], amounts[self._is_defining(rows)]
            if maximise:
                values[variable] = min([1000, *((sums[rows] - self.low[rows]) // -amounts).tolist()])
                continue
            lack = np.where(amounts > 0, self.low[rows] - sums[rows], sums[rows] - self.high[rows])
            values[variable] = max([0, *(-(-lack // np.abs(amounts))).tolist()])

    def _is_defining(self, rows: Ints) -> Flags:
        changes = np.array([one == "changes" for one in self.rule], np.bool_)
        kept: Flags = ~changes[self.block[rows]]
        return kept


def fewest_pieces(problem: Problem, units: Ints) -> dict[tuple[int, int], int]:
    """Enough carriers for everybody: the cheapest a seat first, each as far as its ``most`` goes."""
    options, choices = problem.options, problem.choices
    placed = np.flatnonzero(units)
    found: dict[tuple[int, int], int] = {}
    for option, listed in enumerate(options.carriers):
        if not listed:
            continue
        mine = placed[choices.option[placed] == option]
        for tag in sorted({carrier.tag for carrier in listed}):
            load = int(problem.heads_tagged(tag)[mine] @ units[mine])
            entries = [entry for entry, carrier in enumerate(listed) if carrier.tag == tag]
            for entry, taken in pack(
                load, [(listed[e].seats, listed[e].cost, listed[e].most) for e in entries]
            ):
                found[option, entries[entry]] = taken
    return found


def pack(load: int, entries: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Pieces (entry, how many) whose seats carry ``load``, cheap ones first, the last one as small as fits."""
    taken: dict[int, int] = {}
    order = sorted(range(len(entries)), key=lambda e: (entries[e][1] / entries[e][0], -entries[e][0], e))
    for entry in order:
        seats, _, most = entries[entry]
        whole = min(most, load // seats)
        taken[entry] = whole
        load -= whole * seats
    while load > 0:
        spare = [e for e in order if taken[e] < entries[e][2]]
        if not spare:
            break
        fitting = [e for e in spare if entries[e][0] >= load]
        entry = min(fitting, key=lambda e: (entries[e][1], e)) if fitting else spare[0]
        taken[entry] += 1
        load -= entries[entry][0]
    return sorted(taken.items())


def _downstream(spill: Ints) -> list[int]:
    """Resources so that each stands before the one it spills into."""
    depth = []
    for resource in range(len(spill)):
        steps, here = 0, int(spill[resource])
        while here >= 0:
            steps, here = steps + 1, int(spill[here])
        depth.append(steps)
    return sorted(range(len(spill)), key=lambda resource: (-depth[resource], resource))


def _entries(blocks: list[Rows], count: int) -> tuple[Ints, Ints]:
    """Columns and amounts of all blocks, each let go as soon as it is copied: they are most of a large problem."""
    column, amount = np.empty(count, np.int64), np.empty(count, np.int64)
    while blocks:
        rows = blocks.pop()
        count -= len(rows.column)
        column[count : count + len(rows.column)] = rows.column
        amount[count : count + len(rows.column)] = rows.amount
    return column, amount


def _joined(blocks: list[Rows], part: Callable[[Rows], Ints]) -> Ints:
    joined = np.concatenate([np.zeros(0, np.int64), *(part(rows) for rows in blocks)])
    return joined.astype(np.int64, copy=False)
