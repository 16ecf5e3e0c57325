"""Depth first through what prices leave open: take a place or shut it, run an option or not, and look again.

Posta, Ferland, Michelon (Computational Optimization and Applications 52, 2012): at every node prices climb a few steps, and
whatever would come to more than the limit is fixed, so that a tight limit leaves little to branch on. Compiled, in whole
numbers; a tree that is gone through proves that nothing within the limit was missed.
"""

# ruff: noqa: C901, FBT001, PLR0912 - compiled loops stay in one piece: a call of a call would cost more than it tells

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from solvers.engines.knapsacks.inside import FAR, OPEN, SHUT, TAKEN, Bench, View, bench, look, margins, view
from solvers.engines.knapsacks.places import Places
from solvers.problem import Ints

DEEPEST = 700
STEPS = 4
"""Steps of the prices at one node."""
ROOT = 6
"""How many times as many at the first."""
ROUNDS = 4
"""How often a node is looked at again after something was fixed."""
LIMIT, UNIT, DEPTH, TRAIL, NODES, LEFT_OUT, LEAST, FOUND = range(8)
"""What ``state`` holds: the most an answer may cost, the parts of a unit, how deep, how much is on the trail, nodes seen,
nodes given up, the best answer's cost, how many answers were found."""
PATIENCE = 3
"""Steps without anything better before they are made shorter."""
BOTH = 2
"""Turns at a node."""
PLACE, OPTION = 0, 1


class Tree(NamedTuple):
    """Where the search stands; it can be stopped after any node and gone on with."""

    state: Ints
    price: Ints
    fixed: Ints
    """OPEN, TAKEN or SHUT for each place."""
    run: Ints
    trail: Ints
    """What was fixed, in order: places, then options as numbers below 0."""
    mark: Ints
    kind: Ints
    what: Ints
    first: Ints
    """Whether taking (or running) was tried first."""
    turn: Ints
    kept: Ints
    """The prices at each depth."""
    answer: Ints
    seen: View
    desk: Bench


def plant(p: Places, price: Ints, limit: int, unit: int) -> Tree:
    """A tree not gone into yet: answers of at most ``limit`` are wanted, in steps of ``unit``."""
    groups, places, options = len(p.first) - 1, len(p.group), len(p.capacity)
    deep = min(DEEPEST, places + options) + 2

    def zeros(length: int) -> Ints:
        return np.zeros(length, np.int64)

    state = zeros(8)
    state[LIMIT], state[UNIT], state[LEAST], state[DEPTH] = limit, unit, FAR, -1
    return Tree(
        state, price.copy(), zeros(places), p.must.astype(np.int64), zeros(places + options), zeros(deep), zeros(deep),
        zeros(deep), zeros(deep), zeros(deep), np.zeros((deep, groups), np.int64), np.full(groups, -1),
        view(p), bench(p),
    )  # fmt: skip


@njit(cache=True)
def shut(t: Tree, e: int) -> None:
    """Nobody at this place."""
    t.fixed[e] = SHUT
    t.trail[t.state[TRAIL]] = e
    t.state[TRAIL] += 1


@njit(cache=True)
def take(p: Places, t: Tree, e: int) -> None:
    """The group at this place and at no other."""
    t.fixed[e] = TAKEN
    t.trail[t.state[TRAIL]] = e
    t.state[TRAIL] += 1
    g = p.group[e]
    for at in range(p.first[g], p.first[g + 1]):
        if t.fixed[p.of[at]] == OPEN:
            shut(t, p.of[at])


@njit(cache=True)
def decide(p: Places, t: Tree, o: int, runs: bool) -> None:
    """An option runs, or it does not and nobody is there."""
    t.run[o] = TAKEN if runs else SHUT
    t.trail[t.state[TRAIL]] = -1 - o
    t.state[TRAIL] += 1
    if not runs:
        for e in range(p.start[o], p.start[o + 1]):
            if t.fixed[e] == OPEN:
                shut(t, e)


@njit(cache=True)
def _undo(t: Tree, to: int) -> None:
    while t.state[TRAIL] > to:
        t.state[TRAIL] -= 1
        what = t.trail[t.state[TRAIL]]
        if what >= 0:
            t.fixed[what] = OPEN
        else:
            t.run[-1 - what] = OPEN


@njit(cache=True)
def _note(p: Places, t: Tree, total: int) -> None:
    """Everybody has exactly one place: an answer, and the best of this node."""
    t.state[LEAST] = total
    t.state[LIMIT] = total - t.state[UNIT]
    t.state[FOUND] += 1
    for e in range(len(p.group)):
        if t.seen.taken[e]:
            t.answer[p.group[e]] = e


@njit(cache=True)
def climb(p: Places, t: Tree, steps: int) -> int:
    """Prices so many steps towards the limit (Polyak's step); the best sum, or FAR where nothing is left here."""
    best, groups = -FAR, len(t.price)
    kept = t.price.copy()
    aim = 1.0
    since = 0
    for _ in range(steps):
        total = look(p, t.price, t.fixed, t.run, t.seen, t.desk)
        if total > t.state[LIMIT]:
            return FAR
        if total > best:
            best, since = total, 0
            kept[:] = t.price
        else:
            since += 1
            if since > PATIENCE:
                aim *= 0.6
                since = 0
                t.price[:] = kept
        norm = 0
        for g in range(groups):
            norm += (1 - t.seen.often[g]) ** 2
        if norm == 0:
            _note(p, t, total)
            return FAR
        step = aim * (t.state[LIMIT] - total + 0.2 * t.state[UNIT]) / norm
        for g in range(groups):
            t.price[g] += int(step * (1 - t.seen.often[g]))
    t.price[:] = kept
    return best


@njit(cache=True)
def glance(p: Places, t: Tree) -> Any:
    """The bound at the prices it was planted with."""
    return look(p, t.price, t.fixed, t.run, t.seen, t.desk)


@njit(cache=True)
def fix(p: Places, t: Tree) -> Any:
    """Fix what would pass the limit at ``t.price``; how much was fixed, -1 where that leaves nothing."""
    total = look(p, t.price, t.fixed, t.run, t.seen, t.desk)
    if total > t.state[LIMIT]:
        return -1
    margins(p, total, t.price, t.fixed, t.run, t.seen, t.desk)
    before, limit = t.state[TRAIL], t.state[LIMIT]
    for o in range(len(p.capacity)):
        if t.run[o] != OPEN:
            continue
        if total + t.seen.idle[o] > limit:
            decide(p, t, o, True)
        elif total + t.seen.running[o] > limit:
            decide(p, t, o, False)
    for e in range(len(p.group)):
        if t.fixed[e] == OPEN and t.seen.whole[e] > limit:
            shut(t, e)
    return close(p, t, before)


@njit(cache=True)
def close(p: Places, t: Tree, before: int) -> Any:
    """Groups with one place left have it; how much was fixed since ``before``, -1 where a group has none."""
    for g in range(len(t.price)):
        left, last = 0, -1
        for at in range(p.first[g], p.first[g + 1]):
            e = p.of[at]
            if t.fixed[e] == TAKEN:
                left, last = 1, -1
                break
            if t.fixed[e] == OPEN:
                left += 1
                last = e
        if left == 0:
            return -1
        if left == 1 and last >= 0:
            take(p, t, last)
    return t.state[TRAIL] - before


@njit(cache=True)
def _choose(p: Places, t: Tree, total: int, depth: int) -> bool:
    """What to branch on: an option of which it is not known whether it runs, else a group whose second place is dear."""
    unit = t.state[UNIT]
    best, kind, what, first = -1.0, -1, -1, 1
    for o in range(len(p.capacity)):
        if t.run[o] == OPEN and p.fixed[o] != 0 and p.start[o] < p.start[o + 1]:
            runs, idle = t.seen.running[o], t.seen.idle[o]
            if idle >= FAR:
                continue
            score = (runs + unit * 0.01) * (idle + unit * 0.01)
            if score > best:
                best, kind, what, first = score, OPTION, o, int(runs <= idle)
    if kind < 0:
        for g in range(len(t.price)):
            least, second, place = FAR, FAR, -1
            for at in range(p.first[g], p.first[g + 1]):
                e = p.of[at]
                if t.fixed[e] != OPEN:
                    continue
                if t.seen.whole[e] < least:
                    least, second, place = t.seen.whole[e], least, e
                else:
                    second = min(second, t.seen.whole[e])
            if place < 0:
                continue
            score = (least - total + unit * 0.01) * (second - total + unit * 0.01)
            if score > best:
                best, kind, what, first = score, PLACE, place, 1
    if kind < 0:
        return False
    t.kind[depth], t.what[depth], t.first[depth] = kind, what, first
    return True


@njit(cache=True)
def _node(p: Places, t: Tree, steps: int) -> bool:
    """Look at the node reached; whether it must be branched on (``_choose`` has said what on)."""
    t.state[NODES] += 1
    if close(p, t, t.state[TRAIL]) < 0:
        return False
    total = -FAR
    for _ in range(ROUNDS):
        total = climb(p, t, steps)
        if total >= FAR:
            return False
        done = fix(p, t)
        if done < 0:
            return False
        if done == 0:
            break
    depth = t.state[DEPTH] + 1
    if depth >= len(t.mark) - 1:
        t.state[LEFT_OUT] += 1
        return False
    # Something was fixed in the last round perhaps: then the margins are of before, which is good enough to choose by.
    if not _choose(p, t, total, depth):
        return not _last(p, t)
    t.mark[depth] = t.state[TRAIL]
    t.turn[depth] = 0
    t.kept[depth] = t.price
    t.state[DEPTH] = depth
    return True


@njit(cache=True)
def _last(p: Places, t: Tree) -> bool:
    """Everything is fixed: one look says what it comes to."""
    total = look(p, t.price, t.fixed, t.run, t.seen, t.desk)
    if total <= t.state[LIMIT]:
        exact = True
        for g in range(len(t.price)):
            exact = exact and t.seen.often[g] == 1
        if exact:
            _note(p, t, total)
        else:
            t.state[LEFT_OUT] += 1
    return True


@njit(cache=True)
def _branch(p: Places, t: Tree, depth: int) -> None:
    """Do what the turn at this depth says."""
    yes = (t.turn[depth] == 0) == (t.first[depth] == 1)
    what = t.what[depth]
    if t.kind[depth] == OPTION:
        decide(p, t, what, yes)
    elif yes:
        take(p, t, what)
    else:
        shut(t, what)


@njit(cache=True)
def grow(p: Places, t: Tree, nodes: int, steps: int) -> Any:
    """So many nodes on; whether the tree is gone through."""
    if t.state[NODES] == 0:
        _node(p, t, ROOT * steps)
    until = t.state[NODES] + nodes
    while t.state[NODES] < until:
        depth = t.state[DEPTH]
        if depth < 0:
            return True
        _undo(t, t.mark[depth])
        t.price[:] = t.kept[depth]
        if t.turn[depth] == BOTH:
            t.state[DEPTH] -= 1
            continue
        _branch(p, t, depth)
        t.turn[depth] += 1
        _node(p, t, steps)
    return t.state[DEPTH] < 0
