"""The draw decides what is left: each group in turn gets the best it can have beside those before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from solvers.engines.exact import Model
from solvers.engines.search import Search
from solvers.problem import Ints, Problem
from solvers.rules import carriers
from solvers.rules.form import Form, fewest_pieces

BITS = 30
"""How many digits are asked for at once: their joint weight stays below 2 to this."""
PATIENCE = 3.0
"""A question for many groups that takes longer than this many seconds is asked again for fewer."""


@dataclass(frozen=True, slots=True, eq=False)
class Digit:
    """A number to make as small as can be once all digits before it are settled; ``group`` -1 is a carrier's."""

    group: int
    column: tuple[int, ...]
    amount: tuple[int, ...]
    constant: int
    most: int
    lone: bool = False
    """A carrier no other can stand in for: trimmed to what its heads need, it is settled."""

    def value(self, values: Ints) -> int:
        return self.constant + sum(a * int(values[c]) for c, a in zip(self.column, self.amount, strict=True))


def settle(search: Search, model: Model) -> None:
    """Improve ``search.best`` by the draw and count in ``lot_value`` for how many groups that is proved."""
    waiting = list(chain(_group_digits(search.form.problem), _piece_digits(search.form)))
    settled = 0
    bits = BITS
    while search.best is not None:
        search.best = trim_pieces(search.form, search.best)
        while settled < len(waiting) and (waiting[settled].lone or waiting[settled].value(search.best) == 0):
            _fix(model, waiting[settled], search.best)
            settled += 1
        if settled == len(waiting) or search.left <= 0:
            break
        batch = _batch(waiting[settled:], bits)
        before = search.elapsed
        if not _ask(
            search, model, batch, seconds=search.left if len(batch) == 1 else min(search.left, PATIENCE)
        ):
            if len(batch) == 1:
                break
            bits = bits // 3
            continue
        for digit in batch:
            _fix(model, digit, search.best)
        settled += len(batch)
        bits = min(BITS, bits * 2) if search.elapsed - before < PATIENCE / 3 else bits
        search.lot_value = _groups_settled(search.form.problem, waiting, settled)
        search.tell(len(search.form.aims), search.lot_value, len(search.form.problem.groups.ids))
    search.lot_value = _groups_settled(search.form.problem, waiting, settled)


def luckiest(form: Form, values: Ints) -> int:
    """How many groups, from the first in the draw, have what nobody could better: no engine needed."""
    problem = form.problem
    groups, choices = problem.groups, problem.choices
    open_ = np.flatnonzero(~choices.banned)
    owner = choices.group[open_]
    listed = np.bincount(owner, minlength=len(groups.ids))
    first = open_[np.flatnonzero(np.diff(owner, prepend=-1))]
    had = np.zeros(len(groups.ids), np.int64)
    had[choices.group[first]] = values[first]
    # A group that may be split is only sure to have its best where that is a single place.
    best = np.where(groups.piece > 0, (had == groups.size) & (listed == 1), had > 0) | (listed == 0)
    worse = np.flatnonzero(~best[problem.turn])
    return int(worse[0]) if len(worse) else len(problem.turn) - 1


def _ask(search: Search, model: Model, batch: list[Digit], *, seconds: float) -> bool:
    """One question for all digits of a batch, the first weighing more than all others together."""
    columns: list[int] = []
    amounts: list[int] = []
    weight = 1
    for digit in reversed(batch):
        columns += digit.column
        amounts += [weight * amount for amount in digit.amount]
        weight *= digit.most + 1
    model.minimise(np.array(columns, np.int64), np.array(amounts, np.int64))
    found = model.solve(search, seconds=seconds, best=search.best)
    if found.values is not None and search.best is not None:
        one, other = ([digit.value(values) for digit in batch] for values in (found.values, search.best))
        if one < other:
            search.best = found.values
    return bool(found.proved)


def _fix(model: Model, digit: Digit, best: Ints) -> None:
    for column in digit.column:
        model.model.add(model.variables[column] == int(best[column]))


def _batch(waiting: list[Digit], bits: int) -> list[Digit]:
    batch: list[Digit] = []
    weight = 1
    for digit in waiting:
        weight *= digit.most + 1
        if batch and weight >= 2**bits:
            break
        batch.append(digit)
    return batch


def _groups_settled(problem: Problem, waiting: list[Digit], settled: int) -> int:
    total = len(problem.groups.ids)
    if settled == len(waiting):
        return total
    group = waiting[settled].group
    # While carriers are open the answer is not the only one left, so the last group is not claimed.
    return total - 1 if group < 0 else int(np.flatnonzero(problem.turn == group)[0])


def _group_digits(problem: Problem) -> Iterator[Digit]:
    """Groups in their turn: place among the choices, no place last; for split groups heads choice by choice."""
    choices, groups = problem.choices, problem.groups
    for group in problem.turn.tolist():
        first, last = int(groups.first[group]), int(groups.first[group + 1])
        open_ = [choice for choice in range(first, last) if not choices.banned[choice]]
        if groups.piece[group]:
            size = int(groups.size[group])
            yield from (Digit(group, (choice,), (-1,), size, size) for choice in open_)
        elif open_:
            count = len(open_)
            yield Digit(group, tuple(open_), tuple(place - count for place in range(count)), count, count)


def _piece_digits(form: Form) -> Iterator[Digit]:
    """Carriers, options by id, entries in order."""
    listed = carriers.entries(form.sheet)
    for (option, entry), piece in zip(listed, form.sheet.names["pieces"].tolist(), strict=True):
        yield Digit(-1, (piece,), (1,), 0, int(form.upper[piece]), lone=_is_lone(form.problem, option, entry))


def _is_lone(problem: Problem, option: int, entry: int) -> bool:
    entries = problem.options.carriers[option]
    return sum(other.tag == entries[entry].tag for other in entries) == 1


def trim_pieces(form: Form, values: Ints) -> Ints:
    """Take back carriers that nobody needs, where an option has one entry for a tag: never worse in any stage."""
    trimmed = values.copy()
    fewest = fewest_pieces(form.problem, values[: len(form.problem.choices.group)])
    listed = carriers.entries(form.sheet)
    for (option, entry), piece in zip(listed, form.sheet.names["pieces"].tolist(), strict=True):
        if _is_lone(form.problem, option, entry):
            trimmed[piece] = min(int(trimmed[piece]), fewest.get((option, entry), 0))
    return trimmed
