"""Moves: place everybody at least cost by shortest chains of moves over the options, compiled.

The network is searched with options as its nodes and units as its arcs: who stands at one place and may stand at
another is a way between them. A phase is a shortest-path search from all who wait (E. W. Dijkstra 1959) with prices that
keep every way's cost from going below zero (J. Edmonds, R. M. Karp, Theoretical Improvements in Algorithmic Efficiency
for Network Flow Problems, JACM 19, 1972), then as many chains without cost as there are (H. N. Gabow, R. E. Tarjan,
Faster Scaling Algorithms for Network Problems, SIAM J. Comput. 18, 1989, who also scale costs bit by bit as here).
"""

# ruff: noqa: C901, PLR0912, PLR0915 - compiled loops stay in one piece: a call of a call would cost more than it tells

from typing import Any

import numpy as np
from numba import njit

from solvers.engines.network.tables import Crowd, Rows, Small, Tree
from solvers.problem import Flags, Ints

FAR = 2**62
Ways = tuple[Ints, Small, Small, Small]
"""Of each node the first way found, then of each way the next one, where it leads, and whose it is (-1: a quota's)."""
DONE, PAUSED, IMPOSSIBLE = 0, 1, -1


@njit(cache=True)
def _up(heap: Ints, place: Ints, key: Ints, at: int) -> None:
    """Bring one node of the heap to its place towards the top; ``place`` finds a node in the heap."""
    node = heap[at]
    while at > 0:
        above = (at - 1) >> 1
        if key[heap[above]] <= key[node]:
            break
        heap[at] = heap[above]
        place[heap[at]] = at
        at = above
    heap[at] = node
    place[node] = at


@njit(cache=True)
def _take(heap: Ints, place: Ints, key: Ints, size: int) -> int:
    """Take the nearest node out of the heap of ``size`` nodes."""
    top = heap[0]
    place[top] = -1
    node = heap[size - 1]
    size -= 1
    at = 0
    while size > 0:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and key[heap[below + 1]] < key[heap[below]]:
            below += 1
        if key[heap[below]] >= key[node]:
            break
        heap[at] = heap[below]
        place[heap[at]] = at
        at = below
    if size > 0:
        heap[at] = node
        place[node] = at
    return int(top)


@njit(cache=True)
def _leave(crowd: Crowd, row: int, node: int) -> None:
    """Take a row out of those who stand at a node."""
    crowd.size[node] -= 1
    last = crowd.member[crowd.base[node] + crowd.size[node]]
    crowd.member[crowd.where[row]] = last
    crowd.where[last] = crowd.where[row]


@njit(cache=True)
def _enter(crowd: Crowd, row: int, node: int) -> None:
    """Put a row among those who stand at a node."""
    at = crowd.base[node] + crowd.size[node]
    crowd.member[at] = row
    crowd.where[row] = at
    crowd.size[node] += 1


@njit(cache=True)
def _release(rows: Rows, crowd: Crowd, price: Ints, need: Ints, cost: Ints, shift: int) -> int:
    """Who does not stand where it costs least, prices counted, waits again; how many were sent away."""
    sent = 0
    for u in range(len(rows.place)):
        a = rows.place[u]
        if a < 0:
            continue
        mine = (cost[a] >> shift) - price[rows.node[a]]
        for b in range(rows.first[u], rows.first[u + 1]):
            if (cost[b] >> shift) - price[rows.node[b]] < mine:
                v = rows.node[a]
                _leave(crowd, u, v)
                need[v] += 1
                rows.place[u] = -1
                sent += 1
                break
    return sent


@njit(cache=True)
def _is_open(tree: Tree, spot: Small, v: int, w: int, u: int) -> bool:
    """Whether a way found before is still there: row u stands at v, or (-1) the quota between v and w has room."""
    if u >= 0:
        return bool(spot[u] == v)
    if tree.parent[v] == w:
        return bool(tree.flow[v] < tree.high[v])
    return bool(tree.flow[w] > tree.low[w])


@njit(cache=True)
def _levels(
    tree: Tree,
    need: Ints,
    spot: Small,
    ways_of: Ways,
    door: Ints,
    door_row: Small,
    door_next: Small,
    hop: Ints,
    queue: Ints,
) -> bool:
    """How many ways without cost each node is from those who wait, as far as the nearest that wants somebody.

    False if none is to be reached (J. E. Hopcroft, R. M. Karp, An n^5/2 Algorithm for Maximum Matchings in Bipartite
    Graphs, SIAM J. Comput. 2, 1973).
    """
    ways, way_next, way_to, way_row = ways_of
    hop[:] = -1
    tail = 0
    for v in range(len(hop)):
        while door[v] >= 0 and spot[door_row[door[v]]] >= 0:
            door[v] = door_next[door[v]]
        if door[v] >= 0:
            hop[v] = 0
            queue[tail] = v
            tail += 1
    nearest = len(hop)
    head = 0
    while head < tail:
        v = queue[head]
        head += 1
        if hop[v] >= nearest:
            break
        if need[v] > 0:
            nearest = hop[v]
            continue
        k = ways[v]
        while k >= 0:
            w = way_to[k]
            if hop[w] < 0 and _is_open(tree, spot, v, w, way_row[k]):
                hop[w] = hop[v] + 1
                queue[tail] = w
                tail += 1
            k = way_next[k]
    return nearest < len(hop)


@njit(cache=True)
def _augment(
    rows: Rows, crowd: Crowd, tree: Tree, price: Ints, need: Ints, cost: Ints, shift: int, phases: int
) -> tuple[int, int]:
    """Place all who wait; (DONE, PAUSED after ``phases`` or many moves, or IMPOSSIBLE; how many moved)."""
    first, node, place = rows.first, rows.node, rows.place
    nodes, places = len(price), len(node)
    spot = np.full(len(place), -1, np.int32)
    for u in range(len(place)):
        if place[u] >= 0:
            spot[u] = node[place[u]]
    waiting = np.flatnonzero(place < 0)
    count = len(waiting)
    least = np.empty(count, np.int64)
    dist = np.empty(nodes, np.int64)
    done = np.zeros(nodes, np.int64)
    mark = np.zeros(nodes, np.int64)
    heap = np.empty(nodes, np.int64)
    inside = np.full(nodes, -1, np.int64)
    # Ways without cost found in a phase, a list for each node.
    most = 2 * places + 8 * nodes
    way_to = np.empty(most, np.int32)
    way_row = np.empty(most, np.int32)
    way_by = np.empty(most, np.int32)
    way_next = np.empty(most, np.int32)
    way_far = np.empty(most, np.int64)
    ways = np.full(nodes, -1, np.int64)
    ways_of = (ways, way_next, way_to, way_row)
    hop = np.empty(nodes, np.int64)
    queue = np.empty(nodes, np.int64)
    at_way = np.full(nodes, -1, np.int64)
    # Who waits before each node.
    door = np.full(nodes, -1, np.int64)
    door_next = np.empty(places, np.int32)
    door_row = np.empty(places, np.int32)
    door_by = np.empty(places, np.int32)
    chain = np.empty(nodes + 1, np.int64)
    chain_row = np.empty(nodes + 1, np.int64)
    chain_by = np.empty(nodes + 1, np.int64)
    stamp = 0
    moved = 0
    phase = 0
    while count > 0:
        if phase >= phases or 3 * moved > len(place):
            return PAUSED, moved
        phase += 1
        # -- how far every node is from those who wait
        dist[:] = FAR
        ways[:] = -1
        size = 0
        for i in range(count):
            u = waiting[i]
            m = FAR
            for a in range(first[u], first[u + 1]):
                m = min(m, (cost[a] >> shift) - price[node[a]])
            least[i] = m
            for a in range(first[u], first[u + 1]):
                d = (cost[a] >> shift) - price[node[a]] - m
                v = node[a]
                if d < dist[v]:
                    dist[v] = d
                    if inside[v] < 0:
                        heap[size] = v
                        inside[v] = size
                        size += 1
                    _up(heap, inside, dist, inside[v])
        reach = np.int64(-1)
        known = 0
        while size > 0:
            if reach >= 0 and dist[heap[0]] > reach:
                break
            v = _take(heap, inside, dist, size)
            size -= 1
            d = dist[v]
            done[v] = phase
            if need[v] > 0:
                reach = d
                continue
            for j in range(tree.start[v] - 1, tree.start[v + 1]):
                if j < tree.start[v]:
                    w = tree.parent[v]
                    if w < 0 or tree.flow[v] >= tree.high[v]:
                        continue
                else:
                    w = tree.child[j]
                    if tree.flow[w] <= tree.low[w]:
                        continue
                far = d + price[v] - price[w]
                if far <= dist[w]:
                    if far < dist[w]:
                        dist[w] = far
                        if inside[w] < 0:
                            heap[size] = w
                            inside[w] = size
                            size += 1
                        _up(heap, inside, dist, inside[w])
                    if known < most:
                        way_to[known], way_row[known], way_next[known] = w, -1, ways[v]
                        way_far[known] = far
                        ways[v] = known
                        known += 1
            for j in range(crowd.base[v], crowd.base[v] + crowd.size[v]):
                u = crowd.member[j]
                from_here = d - (cost[place[u]] >> shift) + price[v]
                for a in range(first[u], first[u + 1]):
                    w = node[a]
                    far = from_here + (cost[a] >> shift) - price[w]
                    if far <= dist[w] and w != v:
                        if far < dist[w]:
                            dist[w] = far
                            if inside[w] < 0:
                                heap[size] = w
                                inside[w] = size
                                size += 1
                            _up(heap, inside, dist, inside[w])
                        if known < most:
                            way_to[known], way_row[known], way_by[known] = w, u, a
                            way_next[known], way_far[known] = ways[v], far
                            ways[v] = known
                            known += 1
        for j in range(size):
            inside[heap[j]] = -1
        if reach < 0:
            return IMPOSSIBLE, moved
        for v in range(nodes):
            price[v] += min(dist[v], reach)
            # Of the ways seen only those of the shortest chains are without cost now.
            k = ways[v]
            ways[v] = -1
            while k >= 0:
                onward = way_next[k]
                if done[way_to[k]] == phase and way_far[k] == dist[way_to[k]]:
                    way_next[k] = ways[v]
                    ways[v] = k
                k = onward
        # -- who waits before which node
        door[:] = -1
        known_doors = 0
        for i in range(count - 1, -1, -1):
            u = waiting[i]
            least[i] = FAR
            for a in range(first[u], first[u + 1]):
                least[i] = min(least[i], (cost[a] >> shift) - price[node[a]])
            for a in range(first[u], first[u + 1]):
                v = node[a]
                if done[v] == phase and (cost[a] >> shift) - price[v] == least[i]:
                    door_row[known_doors], door_by[known_doors] = u, a
                    door_next[known_doors] = door[v]
                    door[v] = known_doors
                    known_doors += 1
        # -- as many chains without cost as there are, shortest ones first
        left = count
        while left > 0:
            stamp += 1
            if not _levels(tree, need, spot, ways_of, door, door_row, door_next, hop, queue):
                break
            at_way[:] = ways
            for entry in range(nodes):
                while door[entry] >= 0 and hop[entry] == 0 and mark[entry] != stamp:
                    if spot[door_row[door[entry]]] >= 0:
                        door[entry] = door_next[door[entry]]
                        continue
                    length = 0
                    chain[0] = entry
                    while length >= 0:
                        v = chain[length]
                        if need[v] > 0:
                            break
                        onward = -1
                        while at_way[v] >= 0:
                            k = at_way[v]
                            w = way_to[k]
                            if (
                                hop[w] == hop[v] + 1
                                and mark[w] != stamp
                                and _is_open(tree, spot, v, w, way_row[k])
                            ):
                                onward = k
                                break
                            at_way[v] = way_next[k]
                        if onward < 0:
                            mark[v] = stamp
                            length -= 1
                            continue
                        length += 1
                        chain[length] = way_to[onward]
                        chain_row[length] = way_row[onward]
                        chain_by[length] = way_by[onward]
                    if length < 0:
                        break
                    need[chain[length]] -= 1
                    chain_row[0] = door_row[door[entry]]
                    chain_by[0] = door_by[door[entry]]
                    door[entry] = door_next[door[entry]]
                    for q in range(length, -1, -1):
                        w = chain[q]
                        u = chain_row[q]
                        if u < 0:
                            v = chain[q - 1]
                            if tree.parent[v] == w:
                                tree.flow[v] += 1
                            else:
                                tree.flow[w] -= 1
                            if known < most:
                                way_to[known], way_row[known], way_next[known] = v, -1, ways[w]
                                ways[w] = known
                                known += 1
                            continue
                        if q > 0:
                            _leave(crowd, u, chain[q - 1])
                        _enter(crowd, u, w)
                        place[u] = chain_by[q]
                        spot[u] = w
                        moved += 1
                        b = (cost[chain_by[q]] >> shift) - price[w]
                        for a in range(first[u], first[u + 1]):
                            x = node[a]
                            if (
                                x != w
                                and known < most
                                and done[x] == phase
                                and (cost[a] >> shift) - price[x] == b
                            ):
                                way_to[known], way_row[known], way_by[known] = x, u, a
                                way_next[known] = ways[w]
                                ways[w] = known
                                known += 1
                    left -= 1
        k = 0
        for i in range(count):
            if spot[waiting[i]] < 0:
                waiting[k] = waiting[i]
                k += 1
        count = k
    return DONE, moved


@njit(cache=True)
def _tight(rows: Rows, price: Ints, cost: Ints) -> Flags:
    """Places that cost their row least, prices counted."""
    keep = np.zeros(len(rows.node), np.bool_)
    for u in range(len(rows.place)):
        m = FAR
        for a in range(rows.first[u], rows.first[u + 1]):
            m = min(m, cost[a] - price[rows.node[a]])
        for a in range(rows.first[u], rows.first[u + 1]):
            keep[a] = cost[a] - price[rows.node[a]] == m
    return keep


@njit(cache=True)
def _sorted(rows: Rows, crowd: Crowd, keep: Flags) -> tuple[Any, ...]:
    """The same rows with only the places to ``keep``, ordered by where they stand, so that neighbours lie together."""
    n, nodes = len(rows.place), len(crowd.size)
    order = np.empty(n, np.int64)
    number = np.full(n, -1, np.int64)
    k = 0
    for v in range(nodes):
        for u in np.sort(crowd.member[crowd.base[v] : crowd.base[v] + crowd.size[v]]):
            order[k], number[u] = u, k
            k += 1
    for u in range(n):
        if number[u] < 0:
            order[k], number[u] = u, k
            k += 1
    kept = 0
    for a in range(len(keep)):
        kept += keep[a]
    first = np.empty(n + 1, np.int64)
    node = np.empty(kept, np.int32)
    choice = np.empty(kept, np.int32)
    place = np.empty(n, np.int64)
    unit = np.empty(n, np.int32)
    size = np.zeros(nodes + 1, np.int64)
    at = 0
    for k in range(n):
        u = order[k]
        first[k], place[k], unit[k] = at, -1, rows.unit[u]
        for a in range(rows.first[u], rows.first[u + 1]):
            if keep[a]:
                node[at], choice[at] = rows.node[a], rows.choice[a]
                size[node[at] + 1] += 1
                if rows.place[u] == a:
                    place[k] = at
                at += 1
    first[n] = at
    base = np.cumsum(size)[:-1]
    member = np.empty(max(1, kept), np.int32)
    where = np.zeros(n, np.int64)
    count = np.zeros(nodes, np.int64)
    for k in range(n):
        if place[k] >= 0:
            v = node[place[k]]
            where[k] = base[v] + count[v]
            member[where[k]] = k
            count[v] += 1
    return first, node, choice, place, unit, base, member, count, where


def release(rows: Rows, crowd: Crowd, price: Ints, need: Ints, cost: Ints, shift: int) -> int:
    """Send away who stands where another place of his costs less (cost shifted right, less the price)."""
    return int(_release(rows, crowd, price, need, cost, shift))


def augment(
    rows: Rows, crowd: Crowd, tree: Tree, price: Ints, need: Ints, cost: Ints, *, shift: int, phases: int
) -> int:
    """Place all who wait at least cost; ``need`` says how many each node wants. DONE, PAUSED or IMPOSSIBLE."""
    return int(_augment(rows, crowd, tree, price, need, cost, shift, phases)[0])


def tight(rows: Rows, price: Ints, cost: Ints) -> Flags:
    """Which places cost their row least, prices counted: what later stages may use."""
    found: Flags = _tight(rows, price, cost)
    return found


def sorted_rows(rows: Rows, crowd: Crowd, keep: Flags) -> tuple[Rows, Crowd]:
    """Rows that stand together brought together, and places not to ``keep`` left out."""
    table: tuple[Any, ...] = _sorted(rows, crowd, keep)
    return Rows(*table[:5]), Crowd(*table[5:])
