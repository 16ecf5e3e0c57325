"""Mend: start from where people stood, and find the prices at which nearly all of them may stay, compiled.

Who stands where he stood makes a way from there to each of his other places. Prices at which none of these ways saves
anything are shortest distances over the options (R. Bellman, On a Routing Problem, Quarterly of Applied Mathematics 16,
1958), searched from nodes whose distance has changed. A circle that saves something has no distances: one of those who
make it is sent away to wait, which breaks it (A. V. Goldberg, T. Radzik, A heuristic improvement of the Bellman-Ford
algorithm, Applied Mathematics Letters 6, 1993, look for it among the last ways as here). Whoever waits in the end,
and whatever seats were left, is a matter of few shortest chains.
"""

# ruff: noqa: C901, PLR0912, PLR0915 - compiled loops stay in one piece: a call of a call would cost more than it tells

import numpy as np
from numba import njit

from solvers.engines.network.moves import _enter, _leave
from solvers.engines.network.tables import Crowd, Rows, Tree
from solvers.problem import Flags, Ints

SPARE, SHARE = 2, 20
"""So many seats, or one in so many, may have become free where everything was taken before."""
EFFORT = 12
"""Ways that are looked at before prices are good enough, as a multiple of all there are."""


@njit(cache=True)
def _stand(rows: Rows, crowd: Crowd, tree: Tree, need: Ints, group: Ints, held: Ints, known: Flags) -> int:
    """Stand everybody where he stood if his choice is open and there is room; how many do."""
    standing = 0
    for u in range(len(rows.place)):
        g = group[rows.unit[u]]
        if not known[g]:
            continue
        found = -1
        for a in range(rows.first[u], rows.first[u + 1]):
            c = rows.choice[a]
            if c < 0 or held[c] > 0:
                found = a
                break
        if found < 0 or not _pushed(tree, need, rows.node[found]):
            continue
        if rows.choice[found] >= 0:
            held[rows.choice[found]] -= 1
        _enter(crowd, u, rows.node[found])
        rows.place[u] = found
        standing += 1
    return standing


@njit(cache=True)
def _pushed(tree: Tree, need: Ints, v: int) -> bool:
    """Whether one more unit at a node found its way up the tree to where one was wanted."""
    w = v
    while need[w] <= 0:
        if tree.parent[w] < 0 or tree.flow[w] >= tree.high[w]:
            return False
        w = tree.parent[w]
    need[w] -= 1
    while v != w:
        tree.flow[v] += 1
        v = tree.parent[v]
    return True


@njit(cache=True)
def _filled(tree: Tree, need: Ints, crowd: Crowd) -> int:
    """Want back who left nodes that seem to have been full; how many more that makes than there are units."""
    beyond = 0
    root = len(need) - 1
    for v in range(root):
        spare = tree.high[v] - tree.flow[v]
        if crowd.size[v] == 0 or spare > SPARE + tree.high[v] // SHARE:
            continue
        for _ in range(spare):
            tree.flow[v] += 1
            w = tree.parent[v]
            if need[root] <= 0 and w == root:
                beyond += 1
            elif not _pushed(tree, need, w):
                tree.flow[v] -= 1
                break
            need[v] += 1
    return beyond


@njit(cache=True)
def _circle(last: Ints, mark: Ints) -> int:
    """A node on a circle of last ways, or -1."""
    mark[:] = -1
    for start in range(len(last)):
        v = start
        while v >= 0 and mark[v] < 0:
            mark[v] = start
            v = last[v]
        if v >= 0 and mark[v] == start:
            return v
    return -1


@njit(cache=True)
def _prices(rows: Rows, crowd: Crowd, tree: Tree, price: Ints, need: Ints, cost: Ints, effort: int) -> int:
    """Lower prices until no way saves anything, or ``effort`` is used up; who stands in the way waits. How many wait."""
    nodes = len(price)
    queue = np.arange(nodes)
    waits = np.ones(nodes, np.bool_)
    last = np.full(nodes, -1, np.int64)
    by = np.full(nodes, -1, np.int64)
    mark = np.empty(nodes, np.int64)
    sent, head, many, turn, work = 0, 0, nodes, 0, 0
    while many > 0:
        if turn >= nodes or work >= effort:
            turn = 0
            v = _circle(last, mark)
            while v >= 0:
                # Somebody on this circle waits, and those after him are looked at anew.
                while by[v] < 0:
                    v = last[v]
                u = by[v]
                last[v], by[v] = -1, -1
                if rows.place[u] >= 0:
                    stood = rows.node[rows.place[u]]
                    _leave(crowd, u, stood)
                    need[stood] += 1
                    rows.place[u] = -1
                    sent += 1
                v = _circle(last, mark)
            if work >= effort:
                break
        v = queue[head]
        head = (head + 1) % nodes
        many -= 1
        turn += 1
        waits[v] = False
        d = price[v]
        for j in range(tree.start[v] - 1, tree.start[v + 1]):
            if j < tree.start[v]:
                w = tree.parent[v]
                if w < 0 or tree.flow[v] >= tree.high[v]:
                    continue
            else:
                w = tree.child[j]
                if tree.flow[w] <= tree.low[w]:
                    continue
            if d < price[w]:
                price[w], last[w], by[w] = d, v, -1
                if not waits[w]:
                    waits[w] = True
                    queue[(head + many) % nodes] = w
                    many += 1
        for j in range(crowd.base[v], crowd.base[v] + crowd.size[v]):
            u = crowd.member[j]
            here = d - cost[rows.place[u]]
            work += rows.first[u + 1] - rows.first[u]
            for a in range(rows.first[u], rows.first[u + 1]):
                w = rows.node[a]
                if here + cost[a] < price[w] and w != v:
                    price[w], last[w], by[w] = here + cost[a], v, u
                    if not waits[w]:
                        waits[w] = True
                        queue[(head + many) % nodes] = w
                        many += 1
    return sent


@njit(cache=True)
def _levelled(tree: Tree, price: Ints) -> None:
    """Lower prices until no quota with room either way has one of its own."""
    again = True
    while again:
        again = False
        for v in range(len(price) - 1):
            w = tree.parent[v]
            if tree.flow[v] < tree.high[v] and price[v] < price[w]:
                price[w] = price[v]
                again = True
            if tree.flow[v] > tree.low[v] and price[w] < price[v]:
                price[v] = price[w]
                again = True


def stand(
    rows: Rows, crowd: Crowd, tree: Tree, need: Ints, *, group: Ints, held: Ints, known: Flags
) -> tuple[int, int]:
    """Stand units where they stood: how many do, and by how many what seems wanted exceeds what there is.

    ``group`` of each unit, ``held`` units of each choice, ``known`` the groups of which it is told where they stood.
    """
    standing = _stand(rows, crowd, tree, need, group, held.copy(), known)
    return int(standing), int(_filled(tree, need, crowd))


def prices(rows: Rows, crowd: Crowd, tree: Tree, price: Ints, need: Ints, cost: Ints) -> int:
    """Set prices for those who stand, sending away whoever rules them out; how many were sent away."""
    price[:] = 0
    effort = EFFORT * len(rows.node)
    sent = _prices(rows, crowd, tree, price, need, cost, effort)
    _levelled(tree, price)
    return int(sent)
