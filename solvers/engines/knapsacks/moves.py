"""A first answer: groups move and change places until nobody is over, what is over becoming dearer all the while.

Shift and swap moves with prices on what is over that adapt (Yagiura, Yamaguchi, Ibaraki, Optimization Methods and Software
10, 1998; Yagiura, Ibaraki, Glover, INFORMS Journal on Computing 16, 2004). Compiled; the same order of moves every time.
"""

# ruff: noqa: C901, PLR0912, PLR0915 - compiled loops stay in one piece: a call of a call would cost more than it tells

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.engines.knapsacks.places import Places
from solvers.problem import Ints

Floats = NDArray[np.float64]
DEARER, A_LITTLE, CHEAPER = 1.25, 1.04, 0.97
PARTNERS = 200
"""With how many others a group is compared to change places."""


def at_once(p: Places, wanted: Floats, price: Ints) -> Ints:
    """Each group at the place it is wanted at most; among equals the one that costs least beyond its price."""
    order = np.lexsort((p.cost - price[p.group], -wanted, p.group))
    found: Ints = order[p.first[:-1]].copy()
    return found


def border(p: Places, price: Ints) -> Floats:
    """What the last head that finds a seat in each option saves, those first who save most a head."""
    found = np.zeros(len(p.capacity))
    saved = (price[p.group] - p.cost) / np.maximum(1, p.heads)
    for o in range(len(found)):
        mine = np.arange(p.start[o], p.start[o + 1])
        mine = mine[np.argsort(-saved[mine], kind="stable")]
        last = int(np.searchsorted(np.cumsum(p.heads[mine]), p.capacity[o], side="right"))
        if last < len(mine):
            found[o] = max(0.0, saved[mine[last]])
    return found


def position(p: Places) -> Ints:
    """The place of each group at each option, -1 where it has none."""
    found = np.full((len(p.first) - 1, len(p.capacity)), -1)
    found[p.group, p.option] = np.arange(len(p.group))
    return found


@njit(cache=True)
def worth(p: Places, at: Ints) -> int:
    """What an answer costs."""
    runs = p.must.copy()
    total = 0
    for e in at:
        total += p.cost[e]
        runs[p.option[e]] = True
    for o in range(len(runs)):
        if runs[o]:
            total += p.fixed[o]
    return total


@njit(cache=True)
def _over(fine: float, load: int, most: int) -> float:
    return fine * max(0, load - most)


@njit(cache=True)
def settle(p: Places, where: Ints, at: Ints, fine: Floats, order: Ints, rounds: int, best: Ints) -> int:
    """Rounds of moves from ``at``; the least cost of an answer that holds, kept in ``best``; -1 if there was none.

    ``fine`` is the price of a head too many at each option, which goes on from call to call.
    """
    options = len(p.capacity)
    load = np.zeros(options, np.int64)
    inside = np.zeros(options, np.int64)
    for e in at:
        load[p.option[e]] += p.heads[e]
        inside[p.option[e]] += 1
    least = -1
    for _ in range(rounds):
        moved = False
        for number in range(len(order)):
            g = order[number]
            had = at[g]
            old = p.option[had]
            gain = p.cost[had] + _over(fine[old], load[old], p.capacity[old])
            gain -= _over(fine[old], load[old] - p.heads[had], p.capacity[old])
            if inside[old] == 1 and not p.must[old]:
                gain += p.fixed[old]
            lowest, goal, other = -1e-9, -1, -1
            for place in range(p.first[g], p.first[g + 1]):
                e = p.of[place]
                new = p.option[e]
                if new == old:
                    continue
                change = p.cost[e] - gain + _over(fine[new], load[new] + p.heads[e], p.capacity[new])
                change -= _over(fine[new], load[new], p.capacity[new])
                if inside[new] == 0 and not p.must[new]:
                    change += p.fixed[new]
                if change < lowest:
                    lowest, goal, other = change, e, -1
            if goal < 0 and load[old] <= p.capacity[old]:
                # Nobody gains by going alone: perhaps by changing places with another.
                for step in range(1, min(len(order), PARTNERS)):
                    h = order[(number + step) % len(order)]
                    his = at[h]
                    new = p.option[his]
                    if new == old:
                        continue
                    mine, theirs = where[g, new], where[h, old]
                    if mine < 0 or theirs < 0:
                        continue
                    change = float(p.cost[mine] + p.cost[theirs] - p.cost[had] - p.cost[his])
                    a, b = p.heads[theirs] - p.heads[had], p.heads[mine] - p.heads[his]
                    change += _over(fine[old], load[old] + a, p.capacity[old])
                    change -= _over(fine[old], load[old], p.capacity[old])
                    change += _over(fine[new], load[new] + b, p.capacity[new])
                    change -= _over(fine[new], load[new], p.capacity[new])
                    if change < lowest:
                        lowest, goal, other = change, mine, theirs
            if goal < 0:
                continue
            moved = True
            for e, back in ((goal, had), (other, at[p.group[other]] if other >= 0 else -1)):
                if e < 0:
                    continue
                load[p.option[back]] -= p.heads[back]
                inside[p.option[back]] -= 1
                load[p.option[e]] += p.heads[e]
                inside[p.option[e]] += 1
                at[p.group[e]] = e
        over = False
        for o in range(options):
            over = over or load[o] > p.capacity[o]
        if not over:
            cost = worth(p, at)
            if least < 0 or cost < least or best[0] < 0:
                least = cost
                best[:] = at
        for o in range(options):
            if load[o] > p.capacity[o]:
                fine[o] *= A_LITTLE if moved else DEARER
            elif not moved:
                fine[o] *= CHEAPER
    return least
