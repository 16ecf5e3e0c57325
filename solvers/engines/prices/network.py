"""Single heads in options that are open: the least sum of costs, kept least while options open and close.

Successive shortest paths over the options alone (Ahuja, Magnanti, Orlin, Network Flows, 1993, 9.7): a price an
option, positive only where it is full, negative only where it has no more than its minimum, keeps every way of
moving somebody from one option to another free of loss. To close an option, its people are put back one by one;
to open one, people are drawn to it one by one, each along the cheapest chain of moves. All whole numbers.
"""

# ruff: noqa: C901, PLR0912, FBT001 - compiled loops stay in one piece: a call of a call would cost more than it tells

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from solvers.problem import Flags, Ints

FAR = 2**60


class Net(NamedTuple):
    """The state of the network; every array is changed in place."""

    first: Ints
    """Choices first[g] to first[g + 1] are group g's."""
    option: Ints
    cost: Ints
    start: Ints
    """Entries start[o] to start[o + 1] of ``choice`` list who may come to option o."""
    choice: Ints
    group: Ints
    low: Ints
    high: Ints
    fixed: Ints
    open: Flags
    at: Ints
    """The choice each group has, or -1."""
    load: Ints
    price: Ints
    room: Ints
    """Members of o stand in ``member`` from room[o] on."""
    member: Ints
    slot: Ints
    dist: Ints
    via: Ints
    parent: Ints
    seen: Ints
    key: Ints
    node: Ints
    log: Ints
    """Groups moved and the choices they had, oldest first."""
    state: Ints
    """[stamp, length of the log, heap size, number seen]"""


@njit(cache=True)
def _push(net: Net, key: int, node: int) -> None:
    heap, nodes, size = net.key, net.node, net.state[2]
    if size >= len(heap):
        return
    place = size
    while place > 0:
        above = (place - 1) // 2
        if heap[above] <= key:
            break
        heap[place], nodes[place] = heap[above], nodes[above]
        place = above
    heap[place], nodes[place] = key, node
    net.state[2] = size + 1


@njit(cache=True)
def _pop(net: Net) -> tuple[int, int]:
    heap, nodes = net.key, net.node
    top_key, top = heap[0], nodes[0]
    size = net.state[2] - 1
    net.state[2] = size
    key, node = heap[size], nodes[size]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= key:
            break
        heap[place], nodes[place] = heap[below], nodes[below]
        place = below
    heap[place], nodes[place] = key, node
    return top_key, top


@njit(cache=True)
def move(net: Net, group: int, choice: int) -> None:
    """Give a group another choice (or -1), and note what it had."""
    old = net.at[group]
    if old >= 0:
        option = net.option[old]
        last = net.room[option] + net.load[option] - 1
        other = net.member[last]
        net.member[net.slot[group]] = other
        net.slot[other] = net.slot[group]
        net.load[option] -= 1
    if choice >= 0:
        option = net.option[choice]
        place = net.room[option] + net.load[option]
        net.member[place] = group
        net.slot[group] = place
        net.load[option] += 1
    net.at[group] = choice
    length = net.state[1]
    if 2 * length + 1 < len(net.log):
        net.log[2 * length] = group
        net.log[2 * length + 1] = old
    net.state[1] = length + 1


@njit(cache=True)
def undo(net: Net, mark: int) -> None:
    """Take back all moves since the log was ``mark`` long."""
    while net.state[1] > mark:
        length = net.state[1] - 1
        move(net, net.log[2 * length], net.log[2 * length + 1])
        net.state[1] = length


@njit(cache=True)
def _begin(net: Net) -> None:
    net.state[0] += 1
    net.state[2] = 0
    net.state[3] = 0


@njit(cache=True)
def _relax(net: Net, option: int, dist: int, choice: int, parent: int) -> None:
    stamp = net.state[0]
    if net.seen[option] == stamp and net.dist[option] <= dist:
        return
    net.seen[option] = stamp
    net.dist[option] = dist
    net.via[option] = choice
    net.parent[option] = parent
    _push(net, dist, option)


@njit(cache=True)
def insert(net: Net, group: int, most: int) -> int:
    """Put in a group that has no place, moving others along; what it costs, or FAR (and nothing) beyond ``most``."""
    _begin(net)
    first, option, cost, price = net.first, net.option, net.cost, net.price
    for choice in range(first[group], first[group + 1]):
        there = option[choice]
        if net.open[there]:
            _relax(net, there, cost[choice] + price[there], choice, -1)
    best, end = FAR, -1
    touched = np.empty(len(net.open), np.int64)
    count = 0
    while net.state[2] > 0:
        dist, here = _pop(net)
        if dist >= best or dist > most:
            break
        if dist > net.dist[here]:
            continue
        touched[count] = here
        count += 1
        if net.load[here] < net.high[here] and dist - price[here] < best:
            best, end = dist - price[here], here
            if best <= dist:
                break
        for place in range(net.room[here], net.room[here] + net.load[here]):
            other = net.member[place]
            base = dist - cost[net.at[other]] - price[here]
            for choice in range(first[other], first[other + 1]):
                there = option[choice]
                if net.open[there] and there != here:
                    _relax(net, there, base + cost[choice] + price[there], choice, here)
    if end < 0 or best > most:
        return FAR
    for number in range(count):
        here = touched[number]
        if net.dist[here] < best:
            price[here] += best - net.dist[here]
    # Labels may have been bettered after they were used, never for those on the way: reduced costs are not negative.
    here = end
    while here >= 0:
        choice = net.via[here]
        mover = _owner(net, choice)
        before = net.parent[here]
        if before < 0:
            move(net, group, choice)
        else:
            move(net, mover, choice)
        here = before
    return best


@njit(cache=True)
def _owner(net: Net, choice: int) -> int:
    return int(net.group[choice])


@njit(cache=True)
def pull(net: Net, goal: int, forced: bool) -> int:
    """Draw one more head to an option; the change of costs (FAR: nobody can come, or nobody gains by it)."""
    _begin(net)
    cost, price, at = net.cost, net.price, net.at
    stamp = net.state[0]
    net.seen[goal] = stamp
    net.dist[goal] = 0
    net.parent[goal] = -1
    _push(net, 0, goal)
    most = FAR if forced else price[goal]
    best, end = most, -1
    touched = np.empty(len(net.open), np.int64)
    count = 0
    while net.state[2] > 0:
        dist, here = _pop(net)
        if dist >= best:
            break
        if dist > net.dist[here]:
            continue
        touched[count] = here
        count += 1
        if here != goal and net.load[here] > net.low[here] and dist + price[here] < best:
            best, end = dist + price[here], here
            if best <= dist:
                break
        base = dist + price[here]
        for entry in range(net.start[here], net.start[here + 1]):
            choice = net.choice[entry]
            other = net.group[choice]
            now = at[other]
            if now < 0:
                continue
            there = net.option[now]
            if there != here:
                _relax(net, there, base + cost[choice] - cost[now] - price[there], choice, here)
    if end < 0 and forced:
        return FAR
    for number in range(count):
        here = touched[number]
        if net.dist[here] < best:
            price[here] -= best - net.dist[here]
    if end < 0:
        return FAR
    # The price was lowered by ``best`` on the way.
    change = best - (price[goal] + best)
    here = end
    while here != goal:
        choice = net.via[here]
        move(net, net.group[choice], choice)
        here = net.parent[here]
    return int(change)


@njit(cache=True)
def close(net: Net, option: int, most: int) -> int:
    """Close an option and put its people elsewhere; what that costs them, FAR beyond ``most``: then undo it."""
    net.open[option] = False
    total = 0
    while net.load[option] > 0:
        other = net.member[net.room[option]]
        had = net.cost[net.at[other]]
        move(net, other, -1)
        paid = insert(net, other, most - total + had)
        if paid >= FAR:
            return FAR
        total += paid - had
    return total


@njit(cache=True)
def reopen(net: Net, option: int, most: int) -> int:
    """Open an option: at least its minimum comes, then all who gain; the change of costs, FAR if too few can."""
    highest = -FAR
    for entry in range(net.start[option], net.start[option + 1]):
        choice = net.choice[entry]
        now = net.at[net.group[choice]]
        if now >= 0:
            gain = net.cost[now] + net.price[net.option[now]] - net.cost[choice]
            highest = max(highest, gain)
    if highest == -FAR:
        return FAR
    net.open[option] = True
    net.price[option] = highest
    total = 0
    while net.load[option] < net.high[option]:
        change = pull(net, option, net.load[option] < net.low[option])
        if change >= FAR:
            break
        total += change
        if total > most and change >= 0:
            return FAR
    return FAR if net.load[option] < net.low[option] else total


def network(first: Ints, option: Ints, cost: Ints, low: Ints, high: Ints, fixed: Ints) -> Net:
    """Nobody placed, everything open; ``option`` and ``cost`` by choice, the rest by option."""
    groups, options = len(first) - 1, len(low)
    order = np.argsort(option, kind="stable")
    start = np.searchsorted(option[order], np.arange(options + 1))
    seats = np.minimum(high, np.diff(start))
    room = np.cumsum(seats + 1) - seats - 1
    zero: Any = np.zeros
    return Net(
        first=first,
        option=option,
        cost=cost,
        start=start,
        choice=order,
        group=np.repeat(np.arange(groups), np.diff(first)),
        low=low,
        high=seats,
        fixed=fixed,
        open=np.ones(options, np.bool_),
        at=np.full(groups, -1),
        load=zero(options, np.int64),
        price=zero(options, np.int64),
        room=room,
        member=zero(int((seats + 1).sum()) + 1, np.int64),
        slot=zero(groups, np.int64),
        dist=zero(options, np.int64),
        via=zero(options, np.int64),
        parent=zero(options, np.int64),
        seen=zero(options, np.int64),
        key=zero(64 * options + 4096, np.int64),
        node=zero(64 * options + 4096, np.int64),
        log=zero(1 << 20, np.int64),
        state=zero(4, np.int64),
    )


@njit(cache=True)
def fill(net: Net, order: Ints) -> int:
    """Place groups one after another; the sum of costs."""
    total = 0
    for group in order:
        net.state[1] = 0
        total += insert(net, group, FAR)
    net.state[1] = 0
    return total


@njit(cache=True)
def worth(net: Net) -> int:
    """The sum of all costs and of what running costs."""
    total = 0
    for group in range(len(net.at)):
        if net.at[group] >= 0:
            total += net.cost[net.at[group]]
    for option in range(len(net.open)):
        if net.load[option] > 0:
            total += net.fixed[option]
    return total
