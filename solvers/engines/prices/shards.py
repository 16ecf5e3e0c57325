"""Shards: options in ranges, each with its takers, so that other machines can say what they would do at given prices.

At given prices every option is alone, so that only prices travel out, and whom each option takes travels back; what
they come to is added where the prices are made, in the same order as ever. So not a bit depends on who answered.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from solvers.engines.machines import Machines
from solvers.engines.prices.ascent import Answers, Ascent, Floats, Market, priced
from solvers.engines.prices.inside import Numbers, run
from solvers.problem import Flags, Ints

OF_OPTION = ("low", "high", "fixed", "must", "alone")
OF_ENTRY = ("group", "heads", "cost")


class Shard(NamedTuple):
    """A range of options with everything needed to ask them; groups are numbered within the shard."""

    start: Ints
    group: Ints
    heads: Ints
    cost: Floats
    low: Ints
    high: Ints
    fixed: Floats
    must: Flags
    alone: Flags
    carrier: Ints
    seats: Ints
    piece: Floats
    choice_start: Ints
    choice_row: Ints
    choice_amount: Floats
    run_start: Ints
    run_row: Ints
    run_amount: Floats
    piece_start: Ints
    piece_row: Ints
    piece_amount: Floats


class Split:
    """A market in shards that are kept elsewhere."""

    def __init__(self, market: Market, machines: Machines) -> None:
        self.market = market
        self.machines: Machines | None = machines
        self.cuts: Ints = np.zeros(0, np.int64)
        self.groups: list[Ints] = []
        """The groups whose prices each shard wants to know."""
        self.kept = machines.keep(self._divided)

    def fill(self, groups: Floats, rows: Floats, value: Floats, taken: Flags) -> bool:
        """Each option's value at these prices, and whom it took; False once nobody is left who could say."""
        if self.machines is None:
            return False
        found = self.machines.ask(self.kept, answer, [groups[mine] for mine in self.groups], rows)
        if found is None:
            self.machines, self.kept = None, None
            return False
        start = self.market.start
        for (mine, bits), first, last in zip(found, self.cuts[:-1], self.cuts[1:], strict=True):
            value[first:last] = mine
            entries = taken[start[first] : start[last]]
            entries[:] = np.unpackbits(bits, count=len(entries)).view(np.bool_)
        return True

    def _divided(self, number: int) -> Sequence[Shard]:
        self.cuts = cuts(self.market.start, number)
        made = [
            shard(self.market, int(first), int(last))
            for first, last in zip(self.cuts[:-1], self.cuts[1:], strict=True)
        ]
        self.groups = [mine for _, mine in made]
        return [one for one, _ in made]


def over(ascent: Ascent, machines: Machines | None) -> Ascent:
    """Let these machines, if any, answer for the options from now on."""
    if machines is not None:
        split: Answers = Split(ascent.market, machines)
        ascent.elsewhere = split
    return ascent


def cuts(start: Ints, number: int) -> Ints:
    """Where to cut the options into at most so many ranges with about as many entries each."""
    options = len(start) - 1
    if not options:
        return np.zeros(1, np.int64)
    wanted = np.arange(1, number) * int(start[-1]) // number
    found: Ints = np.unique(np.concatenate([[0], np.searchsorted(start, wanted), [options]]))
    return found


def shard(m: Market, first: int, last: int) -> tuple[Shard, Ints]:
    """Options ``first`` to ``last``, and the groups that its prices are wanted of."""
    here, end = int(m.start[first]), int(m.start[last])
    mine, group = np.unique(m.group[here:end], return_inverse=True)
    pieces = int(m.carrier[first]), int(m.carrier[last])
    return Shard(
        m.start[first : last + 1] - here,
        group,
        m.heads[here:end],
        m.cost[here:end],
        m.low[first:last],
        m.high[first:last],
        m.fixed[first:last],
        m.must[first:last],
        m.alone[first:last],
        m.carrier[first : last + 1] - pieces[0],
        m.seats[slice(*pieces)],
        m.piece[slice(*pieces)],
        *_entries(m.choice_start, m.choice_row, m.choice_amount, here, end),
        *_entries(m.run_start, m.run_row, m.run_amount, first, last),
        *_entries(m.piece_start, m.piece_row, m.piece_amount, *pieces),
    ), mine


def _entries(start: Ints, row: Ints, amount: Floats, first: int, last: int) -> tuple[Ints, Ints, Floats]:
    inside = slice(int(start[first]), int(start[last]))
    return start[first : last + 1] - start[first], row[inside], amount[inside]


def answer(one: Shard, groups: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    """What each option comes to at these prices, and the entries it takes, a bit each."""
    cost, fixed, piece = np.empty(len(one.cost)), np.empty(len(one.fixed)), np.empty(len(one.piece))
    priced(one.choice_start, one.choice_row, one.choice_amount, one.cost, rows, cost)
    priced(one.run_start, one.run_row, one.run_amount, one.fixed, rows, fixed)
    priced(one.piece_start, one.piece_row, one.piece_amount, one.piece, rows, piece)
    np.maximum(0.0, piece, out=piece)
    value, taken = np.empty(len(one.low)), np.zeros(len(one.cost), np.bool_)
    run(
        0, len(one.low), one.start, one.group, one.heads, cost, groups, one.low, one.high, fixed,
        one.must, one.alone, one.carrier, one.seats, piece, value, taken,
    )  # fmt: skip
    return value, np.packbits(taken)
