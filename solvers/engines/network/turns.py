"""Turns: the draw on a network, each group in its turn to the dearest place that others can make free for it, compiled.

A unit at one node may move to another if chains of moves lead from there back to where it is, that is if both lie in
one strongly connected part of what is still open. Moves round a circle leave these parts as they are; only units whose
turn is over take ways out of them. So parts only ever fall apart, which is found by searching forward from the one node
and backward from the other in step, at the cost of the smaller side (S. Even, Y. Shiloach, An On-Line Edge-Deletion
Problem, JACM 28, 1981).
"""

# ruff: noqa: C901, PLR0912, PLR0915 - compiled loops stay in one piece: a call of a call would cost more than it tells

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.arrays import order_of
from solvers.engines.network.moment import Moment
from solvers.engines.network.moves import _enter, _leave
from solvers.engines.network.tables import Crowd, Rows, Tree
from solvers.engines.search import Search
from solvers.problem import Flags, Ints, Problem

AT_ONCE = 2_000
"""Turns between two looks at the clock."""


Scratch = tuple[Ints, Ints, Ints, Ints]
"""A row each for forward and backward: stamps of nodes seen, by what place, the queue, and from where."""


class Entries(NamedTuple):
    """Places by node: ``place[start[v] : start[v] + size[v]]`` lead to v; ``row`` of every place."""

    start: Ints
    size: Ints
    place: Ints
    row: Ints


class Turns(NamedTuple):
    """Rows by turn, ``row[first[k] : first[k + 1]]``; what a split group wishes, ``wish[start[k] : start[k + 1]]``."""

    first: Ints
    row: Ints
    start: Ints
    wish: Ints


@njit(cache=True)
def _free(tree: Tree, v: int, w: int) -> bool:
    """Whether a unit can pass between a node and the one above it, from v to w."""
    if tree.parent[v] == w:
        return bool(tree.flow[v] < tree.high[v])
    return bool(tree.flow[w] > tree.low[w])


@njit(cache=True)
def _circle(
    rows: Rows,
    crowd: Crowd,
    tree: Tree,
    part: Ints,
    entry: Entries,
    fixed: Flags,
    goal: int,
    start: int,
    scratch: Scratch,
    parts: Ints,
) -> bool:
    """Move others along the shortest chain from ``start`` to ``goal``; False, and parts told apart, if there is none."""
    stamps, bys, queues, to = scratch
    seen, back, by, back_by = stamps[0], stamps[1], bys[0], bys[1]
    queue, behind = queues[0], queues[1]
    stamp = parts[1] + 1
    parts[1] = stamp
    here = part[start]
    head, tail, bhead, btail = 0, 1, 0, 1
    queue[0], behind[0] = start, goal
    seen[start], back[goal] = stamp, stamp
    by[start], back_by[goal] = -2, -2
    work, bwork = 0, 0
    meet = -1
    while head < tail and bhead < btail and meet < 0:
        if work <= bwork:
            v = queue[head]
            head += 1
            for j in range(tree.start[v] - 1, tree.start[v + 1]):
                w = tree.parent[v] if j < tree.start[v] else tree.child[j]
                work += 1
                if w >= 0 and seen[w] != stamp and part[w] == here and _free(tree, v, w):
                    seen[w], by[w], to[0, w] = stamp, -1, v
                    queue[tail] = w
                    tail += 1
                    if back[w] == stamp:
                        meet = w
                        break
            if meet >= 0:
                break
            for j in range(crowd.base[v], crowd.base[v] + crowd.size[v]):
                u = crowd.member[j]
                for a in range(rows.first[u], rows.first[u + 1]):
                    w = rows.node[a]
                    work += 1
                    if seen[w] != stamp and part[w] == here:
                        seen[w], by[w], to[0, w] = stamp, a, v
                        queue[tail] = w
                        tail += 1
                        if back[w] == stamp:
                            meet = w
                            break
                if meet >= 0:
                    break
        else:
            w = behind[bhead]
            bhead += 1
            for j in range(tree.start[w] - 1, tree.start[w + 1]):
                v = tree.parent[w] if j < tree.start[w] else tree.child[j]
                bwork += 1
                if v >= 0 and back[v] != stamp and part[v] == here and _free(tree, v, w):
                    back[v], back_by[v], to[1, v] = stamp, -1, w
                    behind[btail] = v
                    btail += 1
                    if seen[v] == stamp:
                        meet = v
                        break
            if meet >= 0:
                break
            j = entry.start[w]
            while j < entry.start[w] + entry.size[w]:
                a = entry.place[j]
                u = entry.row[a]
                bwork += 1
                v = rows.node[rows.place[u]]
                if fixed[u] or part[v] != here:
                    # Nobody comes this way any more.
                    entry.size[w] -= 1
                    entry.place[j] = entry.place[entry.start[w] + entry.size[w]]
                    continue
                if back[v] != stamp:
                    back[v], back_by[v], to[1, v] = stamp, a, w
                    behind[btail] = v
                    btail += 1
                    if seen[v] == stamp:
                        meet = v
                        break
                j += 1
    if meet < 0:
        parts[0] += 1
        if head >= tail:
            for k in range(tail):
                part[queue[k]] = parts[0]
        else:
            for k in range(btail):
                part[behind[k]] = parts[0]
        return False
    w = meet
    while w != start:
        v = to[0, w]
        _pass(rows, crowd, tree, entry, v, w, by[w])
        w = v
    v = meet
    while v != goal:
        w = to[1, v]
        _pass(rows, crowd, tree, entry, v, w, back_by[v])
        v = w
    return True


@njit(cache=True)
def _pass(rows: Rows, crowd: Crowd, tree: Tree, entry: Entries, v: int, w: int, a: int) -> None:
    """One step of a chain: a unit moves by place ``a``, or (-1) one more passes up or down the tree."""
    if a < 0:
        if tree.parent[v] == w:
            tree.flow[v] += 1
        else:
            tree.flow[w] -= 1
        return
    u = entry.row[a]
    _leave(crowd, u, v)
    _enter(crowd, u, w)
    rows.place[u] = a


@njit(cache=True)
def _turns(
    rows: Rows,
    crowd: Crowd,
    tree: Tree,
    part: Ints,
    entry: Entries,
    fixed: Flags,
    turn: Turns,
    begin: int,
    end: int,
    scratch: Scratch,
    parts: Ints,
) -> None:
    """Take the groups of the turns ``begin`` to ``end``, each as far as the draw says."""
    for k in range(begin, end):
        low, high = turn.first[k], turn.first[k + 1]
        if high - low == 1:
            _unit(rows, crowd, tree, part, entry, fixed, turn.row[low], scratch, parts)
            continue
        # A group that may be split: as many heads as can be at its first place, then at the next.
        for wish in range(turn.start[k], turn.start[k + 1]):
            for i in range(low, high):
                u = turn.row[i]
                if not fixed[u]:
                    for a in range(rows.first[u], rows.first[u + 1]):
                        if rows.choice[a] == turn.wish[wish] and _stand(
                            rows, crowd, tree, part, entry, fixed, u, a, scratch, parts
                        ):
                            _fix(rows, crowd, fixed, u)
        for i in range(low, high):
            if not fixed[turn.row[i]]:
                _fix(rows, crowd, fixed, turn.row[i])


@njit(cache=True)
def _unit(
    rows: Rows,
    crowd: Crowd,
    tree: Tree,
    part: Ints,
    entry: Entries,
    fixed: Flags,
    u: int,
    scratch: Scratch,
    parts: Ints,
) -> None:
    """Give one unit the dearest place it can have; then it moves no more."""
    for a in range(rows.first[u], rows.first[u + 1]):
        if _stand(rows, crowd, tree, part, entry, fixed, u, a, scratch, parts):
            break
    _fix(rows, crowd, fixed, u)


@njit(cache=True)
def _stand(
    rows: Rows,
    crowd: Crowd,
    tree: Tree,
    part: Ints,
    entry: Entries,
    fixed: Flags,
    u: int,
    a: int,
    scratch: Scratch,
    parts: Ints,
) -> bool:
    """Whether a unit stands at place ``a`` or can be brought there."""
    if rows.place[u] == a:
        return True
    start, goal = rows.node[a], rows.node[rows.place[u]]
    if part[start] != part[goal]:
        return False
    if not _circle(rows, crowd, tree, part, entry, fixed, goal, start, scratch, parts):
        return False
    _leave(crowd, u, goal)
    _enter(crowd, u, start)
    rows.place[u] = a
    return True


@njit(cache=True)
def _fix(rows: Rows, crowd: Crowd, fixed: Flags, u: int) -> None:
    """The unit's turn is over."""
    fixed[u] = True
    _leave(crowd, u, rows.node[rows.place[u]])


def draw(search: Search, moment: Moment) -> int:
    """Let the draw decide what the stages leave open; how many groups, from the first, have their best for certain."""
    problem = search.form.problem
    turn = _turn(moment, problem)
    rows, nodes = moment.rows, len(moment.price)
    fixed = np.zeros(len(rows.place), np.bool_)
    entry, part = _entries(moment), np.zeros(nodes, np.int64)
    stamps, by, queues, to = (np.zeros((2, nodes), np.int64) for _ in range(4))
    scratch = (stamps, by, queues, to)
    parts = np.zeros(2, np.int64)
    total = len(problem.turn)
    begin = 0
    while begin < total:
        if begin and search.left <= 0:
            return begin
        end = min(total, begin + AT_ONCE)
        _turns(rows, moment.crowd, moment.tree, part, entry, fixed, turn, begin, end, scratch, parts)
        begin = end
        search.tell(len(search.form.aims), begin, total)
    return total


def _turn(moment: Moment, problem: Problem) -> Turns:
    rows = moment.rows
    position = np.empty(len(problem.turn), np.int64)
    position[problem.turn] = np.arange(len(problem.turn))
    when = position[moment.shape.group[rows.unit]]
    order = np.lexsort((rows.unit, when))
    groups = problem.groups
    split = groups.piece[problem.turn] > 0
    length = np.where(split, np.diff(groups.first)[problem.turn], 0)
    start = np.concatenate([[0], np.cumsum(length)])
    within = np.arange(int(start[-1])) - np.repeat(start[:-1], length)
    wish = np.repeat(groups.first[:-1][problem.turn], length) + within
    return Turns(
        first=np.searchsorted(when[order], np.arange(len(problem.turn) + 1)).astype(np.int64),
        row=order.astype(np.int64),
        start=start.astype(np.int64),
        wish=wish.astype(np.int64),
    )


def _entries(moment: Moment) -> Entries:
    rows = moment.rows
    size = np.bincount(rows.node, minlength=len(moment.price))
    return Entries(
        start=(np.cumsum(size) - size).astype(np.int64),
        size=size.astype(np.int64),
        place=order_of(rows.node, len(moment.price)),
        row=np.repeat(np.arange(len(rows.place)), np.diff(rows.first)).astype(np.int64),
    )
