"""What each option would do at given prices: stay closed, or run with its cheapest takers between minimum and capacity.

Compiled; an option never sees another, so that the order of the work cannot change a figure. The same
functions take floats on the way and whole numbers where a bound is claimed. This is the inner problem of the
Lagrangian relaxation of capacitated location (Beasley, European Journal of Operational Research 33, 1988)
with a knapsack where parties stay together (Martello, Toth, Knapsack Problems, 1990).
"""

# ruff: noqa: C901, FBT001 - compiled loops stay in one piece: a call of a call would cost more than it tells

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.problem import Flags, Ints

Numbers = NDArray[Any]

LARGEST_TABLE = 2_000
"""Heads up to which parties are packed exactly; beyond that a part of a party may be taken, a weaker bound."""


@njit(cache=True)
def cheapest_heads(cost: Numbers, low: int, high: int, fixed: Any, must: bool, taken: Flags) -> Any:
    """Takers of one head each, running at one price: mark the cheapest in ``taken``; the least sum."""
    count = len(cost)
    taken[:] = False
    below = 0
    for place in range(count):
        if cost[place] < 0:
            below += 1
    number = min(max(below, low), high)
    total = fixed
    if count < low:
        return total * 0
    if number == below:
        for place in range(count):
            if cost[place] < 0:
                taken[place] = True
                total += cost[place]
    elif number > 0:
        border = np.partition(cost, number - 1)[number - 1]
        left = number
        for place in range(count):
            if cost[place] < border:
                taken[place] = True
                total += cost[place]
                left -= 1
        for place in range(count):
            if left > 0 and cost[place] == border:
                taken[place] = True
                total += cost[place]
                left -= 1
    if total < 0 or must:
        return total
    taken[:] = False
    return total * 0


@njit(cache=True)
def carrying(seats: Ints, price: Numbers, high: int) -> Numbers:
    """The least price of pieces that seat each number of heads up to ``high``."""
    least = np.zeros(high + 1, price.dtype)
    for heads in range(1, high + 1):
        best = least[max(0, heads - seats[0])] + price[0]
        for entry in range(1, len(seats)):
            best = min(best, least[max(0, heads - seats[entry])] + price[entry])
        least[heads] = best
    return least


@njit(cache=True)
def _kept(cost: Numbers, heads: Ints, low: int, high: int) -> Ints:
    """Takers that can matter: of each size the cheapest that fit in, dear ones only towards the minimum."""
    order = np.argsort(cost, kind="mergesort")
    used = np.zeros(high + 1, np.int64)
    kept = np.empty(len(cost), np.int64)
    count = 0
    for place in order:
        size = heads[place]
        if size > high:
            continue
        most = high // size if cost[place] < 0 else min(high // size, (low + size - 1) // size)
        if used[size] < most:
            used[size] += 1
            kept[count] = place
            count += 1
    return kept[:count]


@njit(cache=True)
def cheapest_parties(
    cost: Numbers, heads: Ints, low: int, high: int, fixed: Any, must: bool, steps: Numbers, taken: Flags
) -> Any:
    """Takers of any heads, running at ``fixed`` and ``steps[heads]``: mark the cheapest; the least sum."""
    taken[:] = False
    kept = _kept(cost, heads, low, high)
    none = cost.dtype.type(0) if len(cost) == 0 else cost[0] * 0
    far = none + 2**60
    best = np.full(high + 1, far, cost.dtype)
    best[0] = none
    pick = np.zeros((len(kept), high + 1), np.bool_)
    reach = 0
    for row in range(len(kept)):
        size, price = heads[kept[row]], cost[kept[row]]
        reach = min(high, reach + size)
        for filled in range(reach, size - 1, -1):
            other = best[filled - size]
            if other < far and other + price < best[filled]:
                best[filled] = other + price
                pick[row, filled] = True
    least, filled = far, -1
    for number in range(low, high + 1):
        if best[number] < far and best[number] + steps[number] + fixed < least:
            least, filled = best[number] + steps[number] + fixed, number
    if filled < 0 or (least >= 0 and not must):
        return none
    for row in range(len(kept) - 1, -1, -1):
        if pick[row, filled]:
            taken[kept[row]] = True
            filled -= heads[kept[row]]
    return least


@njit(cache=True)
def cheapest_large(cost: Numbers, heads: Ints, high: int, fixed: Any, must: bool, taken: Flags) -> Any:
    """As :func:`cheapest_parties` for capacities too large for a table: part of the last party may be taken.

    A minimum is left out; both only make the sum smaller.
    """
    taken[:] = False
    order = np.argsort(cost / heads, kind="mergesort")
    total = fixed
    left = high
    for place in order:
        if cost[place] >= 0 or left <= 0:
            break
        taken[place] = True
        if heads[place] <= left:
            total += cost[place]
        else:
            total += cost[place] * left // heads[place]
        left -= heads[place]
    if total < 0 or must:
        return total
    taken[:] = False
    return total * 0


@njit(cache=True, nogil=True)
def run(
    first: int,
    last: int,
    start: Ints,
    group: Ints,
    heads: Ints,
    cost: Numbers,
    prices: Numbers,
    low: Ints,
    high: Ints,
    fixed: Numbers,
    must: Flags,
    alone: Flags,
    carrier: Ints,
    seats: Ints,
    piece: Numbers,
    value: Numbers,
    taken: Flags,
) -> None:
    """Ask options ``first`` to ``last``: ``value`` of each and ``taken`` for each entry.

    Entries ``start[o]`` to ``start[o + 1]`` list option ``o``; ``alone`` marks options of single heads without
    carriers. ``carrier[o]`` to ``carrier[o + 1]`` are its pieces, of ``seats`` at price ``piece``.
    """
    for option in range(first, last):
        here, end = start[option], start[option + 1]
        reduced = cost[here:end] - prices[group[here:end]]
        mine = taken[here:end]
        if end == here:
            value[option] = fixed[option] if must[option] else 0
            continue
        if alone[option]:
            value[option] = cheapest_heads(
                reduced, low[option], high[option], fixed[option], must[option], mine
            )
            continue
        lightly = 0
        for place in range(end - here):
            if reduced[place] < 0:
                lightly += heads[here + place]
        pieces = slice(carrier[option], carrier[option + 1])
        if carrier[option] == carrier[option + 1] and low[option] <= lightly <= high[option]:
            total = fixed[option]
            for place in range(end - here):
                mine[place] = reduced[place] < 0
                if mine[place]:
                    total += reduced[place]
            if total >= 0 and not must[option]:
                mine[:] = False
                total = fixed[option] * 0
            value[option] = total
        elif high[option] > LARGEST_TABLE:
            value[option] = cheapest_large(
                reduced, heads[here:end], high[option], fixed[option], must[option], mine
            )
        else:
            steps = np.zeros(high[option] + 1, fixed.dtype)
            if carrier[option] < carrier[option + 1]:
                steps = carrying(seats[pieces], piece[pieces], high[option])
            value[option] = cheapest_parties(
                reduced,
                heads[here:end],
                low[option],
                high[option],
                fixed[option],
                must[option],
                steps,
                mine,
            )
