"""One question as knapsacks: options that hold so many heads, and for each group the places it could have."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from solvers.engines.prices.table import Table
from solvers.problem import Flags, Ints

LARGEST_SUM = 2**56
"""Costs are counted in parts so fine that no sum of prices comes beyond this."""
FINEST = 2**16


class Places(NamedTuple):
    """Places by option; costs in parts of a unit. Every group takes exactly one of its places."""

    start: Ints
    """Places start[o] to start[o + 1] are option o's."""
    option: Ints
    group: Ints
    heads: Ints
    cost: Ints
    capacity: Ints
    fixed: Ints
    """What running an option costs."""
    must: Flags
    """Options that run in any case."""
    first: Ints
    """``of[first[g]]`` to ``of[first[g + 1]]`` are group g's places."""
    of: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """The places of one aim, and what each is in the problem's own numbering."""

    places: Places
    scale: int
    origin: Ints
    """The problem's choice behind each place, -1 where a group stays out."""


def question(table: Table) -> Question:
    """Places that fit at all, and one more option, ``out``, for those who need no place."""
    form = table.form
    problem = form.problem
    signed = table.signed()
    options = len(problem.options.ids)
    order = table.order
    order = order[problem.choices.heads[order] <= problem.options.capacity[problem.choices.option[order]]]
    stay = np.flatnonzero(~table.must_place)
    nothing = np.zeros(len(stay), np.int64)
    heads = np.concatenate([problem.choices.heads[order], nothing])
    part = max(1, int(np.gcd.reduce(heads)))
    cost, fixed = np.concatenate([signed[order], nothing]), signed[form.sheet.names["run"]]
    scale = _scale(cost, fixed, len(problem.groups.ids))
    high = np.minimum(
        problem.options.capacity, np.bincount(problem.choices.option[order], heads[: len(order)], options)
    )
    return Question(
        places=lay(
            option=np.concatenate([problem.choices.option[order], nothing + options]),
            group=np.concatenate([problem.choices.group[order], stay]),
            heads=heads // part,
            cost=cost * scale,
            capacity=np.append(high.astype(np.int64) // part, 0),
            fixed=np.append(fixed * scale, 0),
            must=np.append(problem.options.must_run, True),
            groups=len(problem.groups.ids),
        ),
        scale=scale,
        origin=np.concatenate([order, np.full(len(stay), -1)]),
    )


def lay(
    *,
    option: Ints,
    group: Ints,
    heads: Ints,
    cost: Ints,
    capacity: Ints,
    fixed: Ints,
    must: Flags,
    groups: int,
) -> Places:
    """Places in the order of options, and the lists of each group."""
    of = np.argsort(group, kind="stable")
    return Places(
        start=np.searchsorted(option, np.arange(len(capacity) + 1)),
        option=option,
        group=group,
        heads=heads,
        cost=cost,
        capacity=capacity,
        fixed=fixed,
        must=must,
        first=np.searchsorted(group[of], np.arange(groups + 1)),
        of=of,
    )


def _scale(cost: Ints, fixed: Ints, groups: int) -> int:
    """Parts of a unit of cost, a power of two."""
    widest = float(np.abs(cost).max(initial=1)) * (groups + 1) + float(np.abs(fixed).sum()) + 1
    return int(2 ** max(0, min(np.log2(FINEST), np.floor(np.log2(LARGEST_SUM / widest / 64)))))


def part_of(p: Places, groups: Ints, options: Ints, room: Ints) -> tuple[Places, Ints]:
    """The places of some groups at some options, which have ``room`` left; and which places those are."""
    here = np.full(len(p.first) - 1, -1)
    here[groups] = np.arange(len(groups))
    there = np.full(len(p.capacity), -1)
    there[options] = np.arange(len(options))
    kept = np.flatnonzero((here[p.group] >= 0) & (there[p.option] >= 0))
    kept = kept[p.heads[kept] <= room[there[p.option[kept]]]]
    return (
        lay(
            option=there[p.option[kept]],
            group=here[p.group[kept]],
            heads=p.heads[kept],
            cost=p.cost[kept],
            capacity=room,
            fixed=p.fixed[options],
            must=p.must[options],
            groups=len(groups),
        ),
        kept,
    )
