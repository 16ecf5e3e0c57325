"""At given prices of the groups every option is alone: a knapsack of those who would rather come than be paid for.

The Lagrangian relaxation in which each group's one place is priced (Fisher, Jaikumar, Van Wassenhove, Management
Science 32, 1986; for single-source location Klincewicz, Luss, Transportation Science 20, 1986). Knapsacks are filled by
dynamic programming (Martello, Toth, Knapsack Problems, 1990). Compiled, in whole numbers: every sum is a bound as it is.
"""

# ruff: noqa: C901, PLR0912 - compiled loops stay in one piece: a call of a call would cost more than it tells

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from solvers.engines.knapsacks.places import Places
from solvers.problem import Flags, Ints

FAR = 2**60
OPEN, TAKEN, SHUT = 0, 1, -1


class Bench(NamedTuple):
    """Room to work in."""

    item: Ints
    best: Ints
    back: Ints
    table: Ints
    pick: Flags


class View(NamedTuple):
    """What was seen at some prices."""

    value: Ints
    """What each option comes to."""
    taken: Flags
    often: Ints
    """How many options take each group."""
    into: Ints
    """What it costs beyond the least that an option takes a place, or does without it."""
    without: Ints
    running: Ints
    idle: Ints
    whole: Ints
    """For each place, the least of everything with the group there and nowhere else."""


def bench(p: Places) -> Bench:
    """Room for the largest option."""
    most, high = int(np.diff(p.start).max(initial=1)), int(p.capacity.max(initial=1)) + 1
    return Bench(
        np.zeros(most, np.int64),
        np.zeros(high, np.int64),
        np.zeros(high, np.int64),
        np.zeros((most + 1, high), np.int64),
        np.zeros((most, high), np.bool_),
    )


def view(p: Places) -> View:
    """Nothing seen yet."""
    options, places, groups = len(p.capacity), len(p.group), len(p.first) - 1

    def zeros(length: int) -> Ints:
        return np.zeros(length, np.int64)

    return View(
        zeros(options), np.zeros(places, np.bool_), zeros(groups), zeros(places), zeros(places),
        zeros(options), zeros(options), zeros(places),
    )  # fmt: skip


@njit(cache=True)
def _gather(p: Places, o: int, price: Ints, state: Ints, b: Bench) -> tuple[int, int, int, int, bool]:
    """Those who would come, in ``b.item``: (how many, their heads, seats left, what is sure to be paid, if it runs)."""
    room, sure, runs = p.capacity[o], 0, False
    for e in range(p.start[o], p.start[o + 1]):
        if state[e] == TAKEN:
            room -= p.heads[e]
            sure += p.cost[e] - price[p.group[e]]
            runs = True
    many = wish = 0
    for e in range(p.start[o], p.start[o + 1]):
        if state[e] != OPEN or p.heads[e] > room:
            continue
        gain = p.cost[e] - price[p.group[e]]
        if gain < 0:
            if p.heads[e] == 0:
                sure += gain
            else:
                b.item[many] = e
                many += 1
                wish += p.heads[e]
    return many, wish, room, sure, runs


@njit(cache=True)
def _option(p: Places, o: int, price: Ints, state: Ints, run: Ints, taken: Flags, b: Bench) -> Any:
    """The least of one option; who comes is marked in ``taken``."""
    taken[p.start[o] : p.start[o + 1]] = False
    if run[o] == SHUT:
        return 0
    many, wish, room, total, runs = _gather(p, o, price, state, b)
    if room < 0:
        return FAR
    total += p.fixed[o]
    runs = runs or run[o] == TAKEN
    for e in range(p.start[o], p.start[o + 1]):
        glad = state[e] == OPEN and p.heads[e] == 0 and p.cost[e] < price[p.group[e]]
        if state[e] == TAKEN or glad:
            taken[e] = True
    if wish <= room:
        for k in range(many):
            taken[b.item[k]] = True
            total += p.cost[b.item[k]] - price[p.group[b.item[k]]]
    else:
        best = b.best
        best[: room + 1] = 0
        for k in range(many):
            size, gain = p.heads[b.item[k]], p.cost[b.item[k]] - price[p.group[b.item[k]]]
            pick = b.pick[k]
            pick[: room + 1] = False
            for w in range(room, size - 1, -1):
                other = best[w - size] + gain
                if other < best[w]:
                    best[w] = other
                    pick[w] = True
        total += best[room]
        w = room
        for k in range(many - 1, -1, -1):
            if b.pick[k, w]:
                taken[b.item[k]] = True
                w -= p.heads[b.item[k]]
    if total >= 0 and not runs:
        taken[p.start[o] : p.start[o + 1]] = False
        return 0
    return total


@njit(cache=True)
def look(p: Places, price: Ints, state: Ints, run: Ints, v: View, b: Bench) -> int:
    """The least of everything at these prices: no answer within ``state`` and ``run`` costs less. FAR: there is none."""
    total = 0
    for g in range(len(price)):
        total += price[g]
        v.often[g] = 0
    for o in range(len(p.capacity)):
        v.value[o] = _option(p, o, price, state, run, v.taken, b)
        if v.value[o] >= FAR:
            return FAR
        total += v.value[o]
    for e in range(len(p.group)):
        if v.taken[e]:
            v.often[p.group[e]] += 1
    return total


@njit(cache=True)
def _margins_of(p: Places, o: int, price: Ints, state: Ints, run: Ints, v: View, b: Bench) -> None:
    """``into`` and ``without`` of one option's places, ``running`` and ``idle`` of the option."""
    many, _, room, sure, runs = _gather(p, o, price, state, b)
    runs = runs or run[o] == TAKEN
    sure += p.fixed[o]
    table, best = b.table, b.back
    table[0, : room + 1] = 0
    for k in range(many):
        size, gain = p.heads[b.item[k]], p.cost[b.item[k]] - price[p.group[b.item[k]]]
        for w in range(room + 1):
            least = table[k, w]
            if w >= size and table[k, w - size] + gain < least:
                least = table[k, w - size] + gain
            table[k + 1, w] = least
    v.running[o] = sure + table[many, room] - v.value[o]
    v.idle[o] = FAR if runs else -v.value[o]
    for e in range(p.start[o], p.start[o + 1]):
        v.into[e] = v.without[e] = 0
        if state[e] != OPEN:
            continue
        gain = p.cost[e] - price[p.group[e]]
        if p.heads[e] > room:
            v.into[e] = FAR
        elif p.heads[e] == 0:
            v.into[e] = sure + max(0, gain) + table[many, room] - v.value[o]
            out = sure - min(0, gain) + table[many, room]
            v.without[e] = (out if runs else min(0, out)) - v.value[o]
        elif gain >= 0:
            v.into[e] = sure + gain + table[many, room - p.heads[e]] - v.value[o]
    best[: room + 1] = 0
    for k in range(many - 1, -1, -1):
        e = b.item[k]
        size, gain = p.heads[e], p.cost[e] - price[p.group[e]]
        out, within = FAR, FAR
        for w in range(room + 1):
            out = min(out, table[k, w] + best[room - w])
        for w in range(room - size + 1):
            within = min(within, table[k, w] + best[room - size - w])
        out += sure
        v.into[e] = sure + gain + within - v.value[o]
        v.without[e] = (out if runs else min(0, out)) - v.value[o]
        for w in range(room, size - 1, -1):
            best[w] = min(best[w], best[w - size] + gain)


@njit(cache=True)
def margins(p: Places, total: int, price: Ints, state: Ints, run: Ints, v: View, b: Bench) -> None:
    """After :func:`look` found ``total``: what every place would come to, in ``whole``.

    Options are alone at given prices, so what a group costs at one and what the others lose without it add up.
    """
    for o in range(len(p.capacity)):
        if run[o] == SHUT:
            v.running[o], v.idle[o] = FAR, 0
            continue
        _margins_of(p, o, price, state, run, v, b)
    for g in range(len(price)):
        alone = 0
        for at in range(p.first[g], p.first[g + 1]):
            if state[p.of[at]] == OPEN:
                alone += v.without[p.of[at]]
        for at in range(p.first[g], p.first[g + 1]):
            e = p.of[at]
            v.whole[e] = total
            if state[e] == OPEN:
                v.whole[e] = min(FAR, total + alone + v.into[e] - v.without[e])
