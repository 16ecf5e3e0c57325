"""Prices of groups from nothing: deflected subgradients towards a level that moves with what is found.

Held, Wolfe, Crowder (Mathematical Programming 6, 1974); Camerini, Fratta, Maffioli (Mathematical Programming Study 3,
1975); Goffin, Kiwiel (Mathematical Programming 85, 1999) for the level.
"""

# ruff: noqa: C901 - a compiled loop stays in one piece: a call of a call would cost more than it tells

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.engines.knapsacks.inside import Bench, View, look
from solvers.engines.knapsacks.places import Places
from solvers.problem import Ints

Floats = NDArray[np.float64]

DEFLECTION = 0.5
PATIENCE = 20
"""Steps without anything better before steps are made shorter."""
FULL = 1.0
"""Share of the way to the level that a step goes at first."""
SHORTER = 0.8
SHORTEST = 0.003
BEST, SHARE, SINCE = range(3)


def first_prices(p: Places) -> Ints:
    """What each group's second cheapest place costs (its only one, if there is one)."""
    order = np.lexsort((p.cost, p.group))
    many = np.diff(p.first)
    found: Ints = p.cost[order[p.first[:-1] + np.minimum(1, many - 1)]].copy()
    return found


@njit(cache=True)
def ascend(
    p: Places,
    v: View,
    b: Bench,
    steps: int,
    state: Floats,
    price: Ints,
    best: Ints,
    turn: Floats,
    often: Floats,
    level: int,
) -> bool:
    """So many steps on from ``price``, the best prices kept in ``best``; False once steps are too short to matter.

    ``state`` is [best sum, share of the way to ``level`` that a step goes, steps since better]; ``often`` counts for
    each place how often it was taken, falling off; ``turn`` is the last direction.
    """
    groups = len(price)
    free = np.zeros(len(p.group), np.int64)
    run = np.zeros(len(p.capacity), np.int64)
    for o in range(len(p.capacity)):
        run[o] = int(p.must[o])
    for _ in range(steps):
        total = look(p, price, free, run, v, b)
        for e in range(len(p.group)):
            often[e] = often[e] * 0.97 + (0.03 if v.taken[e] else 0.0)
        if total > state[BEST]:
            if total > state[BEST] + 1e-4 * (level - state[BEST]):
                state[SINCE] = 0
            state[BEST] = total
            best[:] = price
        else:
            state[SINCE] += 1
        if state[SINCE] > PATIENCE:
            state[SHARE] *= SHORTER
            state[SINCE] = 0
            price[:] = best
            turn[:] = 0
            if state[SHARE] < SHORTEST:
                return False
            continue
        norm = 0.0
        for g in range(groups):
            turn[g] = 1 - v.often[g] + DEFLECTION * turn[g]
            norm += turn[g] ** 2
        if norm <= 0 or level <= total:
            return False
        step = state[SHARE] * (level - total) / norm
        for g in range(groups):
            price[g] += int(step * turn[g])
    return True
