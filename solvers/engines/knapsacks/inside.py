"""At given prices of the groups every option is alone: a knapsack of those who would rather come than be paid for.

The Lagrangian relaxation in which each group's one place is priced (Fisher, Jaikumar, Van Wassenhove, Management
Science 32, 1986; for single-source location Klincewicz, Luss, Transportation Science 20, 1986). Knapsacks are filled by
dynamic programming (Martello, Toth, Knapsack Problems, 1990). Compiled, in whole numbers: every sum is a bound as it is.
"""

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
    rest: Ints
    table: Ints


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
        np.zeros((most + 1, high), np.int64),
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
def fill(p: Places, price: Ints, many: int, room: int, b: Bench) -> None:
    """``table[k, w]``: the least of the first k of ``item`` in w seats. Written so that it compiles to wide steps."""
    b.table[0, : room + 1] = 0
    for k in range(many):
        size, gain = p.heads[b.item[k]], p.cost[b.item[k]] - price[p.group[b.item[k]]]
        before, after = b.table[k][: room + 1], b.table[k + 1][: room + 1]
        after[:size] = before[:size]
        kept, new = before[size:], after[size:]
        for w in range(len(new)):
            new[w] = min(kept[w], before[w] + gain)


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
        fill(p, price, many, room, b)
        total += b.table[many, room]
        w = room
        for k in range(many - 1, -1, -1):
            if b.table[k + 1, w] != b.table[k, w]:
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
    fill(p, price, many, room, b)
    table = b.table
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
    # What those after k save in the seats that those before it leave, by how many the latter take.
    rest = b.rest[: room + 1]
    rest[:] = 0
    for k in range(many - 1, -1, -1):
        e = b.item[k]
        size, gain = p.heads[e], p.cost[e] - price[p.group[e]]
        before = table[k][: room + 1]
        out, within = FAR, FAR
        for w in range(room + 1):
            out = min(out, before[w] + rest[w])
        beyond = rest[size:]
        for w in range(len(beyond)):
            within = min(within, before[w] + beyond[w])
        out += sure
        v.into[e] = sure + gain + within - v.value[o]
        v.without[e] = (out if runs else min(0, out)) - v.value[o]
        for w in range(len(beyond)):
            rest[w] = min(rest[w], beyond[w] + gain)


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
