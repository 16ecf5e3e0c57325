"""Parties that stay whole, in options with seats: one is put in, another has to go, until somebody finds room.

Ejection chains (Glover, Discrete Applied Mathematics 65, 1996; for the generalized assignment problem Yagiura,
Ibaraki, Glover, INFORMS Journal on Computing 16, 2004), looked for in the order of what a chain would cost at
the network's prices. Compiled; whole numbers, so that every chain's worth is exact.
"""

# ruff: noqa: C901, PLR0912, PLR0915 - compiled loops stay in one piece: a call of a call would cost more than it tells

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.problem import Ints

Floats = NDArray[np.float64]

FAR = 2**60


class Hall(NamedTuple):
    """Who sits where; every array is changed in place."""

    first: Ints
    """Choices first[g] to first[g + 1] are group g's."""
    option: Ints
    cost: Ints
    heads: Ints
    group: Ints
    room: Ints
    """Seats left in each option."""
    at: Ints
    """The choice each group has, or -1."""
    start: Ints
    """Members of option o stand in ``member`` from start[o] on, inside[o] of them."""
    inside: Ints
    member: Ints
    slot: Ints
    hope: Ints
    """What each group costs at least at the network's prices: where chains look first."""
    seen: Ints
    label_group: Ints
    label_cost: Ints
    label_parent: Ints
    label_choice: Ints
    key: Ints
    node: Ints
    state: Ints
    """[stamp]"""


def hall(first: Ints, option: Ints, cost: Ints, heads: Ints, capacity: Ints, hope: Ints, labels: int) -> Hall:
    """An empty hall; ``labels`` is how many steps a search for a chain may look at."""
    groups, options = len(first) - 1, len(capacity)
    most = np.bincount(option, minlength=options)
    start = np.cumsum(most) - most
    size = labels * 2

    def zeros(length: int) -> Ints:
        return np.zeros(length, np.int64)

    return Hall(
        first, option, cost, heads, np.repeat(np.arange(groups), np.diff(first)), capacity.copy(),
        np.full(groups, -1), start, zeros(options), zeros(len(option)), zeros(groups), hope, zeros(groups),
        zeros(size), zeros(size), zeros(size), zeros(size), zeros(size), zeros(size), zeros(1),
    )  # fmt: skip


@njit(cache=True)
def seat(hall: Hall, group: int, choice: int) -> None:
    """Give a group another choice (-1: none), whatever room there is."""
    old = hall.at[group]
    if old >= 0:
        option = hall.option[old]
        last = hall.start[option] + hall.inside[option] - 1
        other = hall.member[last]
        hall.member[hall.slot[group]] = other
        hall.slot[other] = hall.slot[group]
        hall.inside[option] -= 1
        hall.room[option] += hall.heads[old]
    hall.at[group] = choice
    if choice >= 0:
        option = hall.option[choice]
        place = hall.start[option] + hall.inside[option]
        hall.member[place] = group
        hall.slot[group] = place
        hall.inside[option] += 1
        hall.room[option] -= hall.heads[choice]


@njit(cache=True)
def insert(hall: Hall, group: int, most: int, slack: int) -> int:
    """Put in a group that has no place by the cheapest chain found below ``most``; what it costs, or FAR and nothing."""
    hall.state[0] += 1
    stamp = hall.state[0]
    labels, size = 1, 1
    limit = len(hall.key)
    hall.label_group[0], hall.label_cost[0], hall.label_parent[0], hall.label_choice[0] = group, 0, -1, -1
    hall.key[0], hall.node[0] = hall.hope[group], 0
    hall.seen[group] = stamp
    best, end, end_choice = most, -1, -1
    while size > 0:
        # The heap's least
        key, label = hall.key[0], hall.node[0]
        size -= 1
        moved_key, moved = hall.key[size], hall.node[size]
        place = 0
        while True:
            below = 2 * place + 1
            if below >= size:
                break
            if below + 1 < size and hall.key[below + 1] < hall.key[below]:
                below += 1
            if hall.key[below] >= moved_key:
                break
            hall.key[place], hall.node[place] = hall.key[below], hall.node[below]
            place = below
        hall.key[place], hall.node[place] = moved_key, moved
        if key >= best + slack:
            break
        here, paid = hall.label_group[label], hall.label_cost[label]
        for choice in range(hall.first[here], hall.first[here + 1]):
            option = hall.option[choice]
            dear = paid + hall.cost[choice]
            met = False
            above = label
            while above > 0:
                if hall.option[hall.label_choice[above]] == option:
                    met = True
                    break
                above = hall.label_parent[above]
            if met:
                continue
            lack = hall.heads[choice] - hall.room[option]
            if lack <= 0:
                if dear < best:
                    best, end, end_choice = dear, label, choice
                continue
            for spot in range(hall.start[option], hall.start[option] + hall.inside[option]):
                other = hall.member[spot]
                had = hall.at[other]
                if hall.heads[had] < lack or hall.seen[other] == stamp:
                    continue
                cost = dear - hall.cost[had]
                key = cost + hall.hope[other]
                if key >= best + slack or labels >= limit:
                    continue
                hall.seen[other] = stamp
                hall.label_group[labels], hall.label_cost[labels] = other, cost
                hall.label_parent[labels], hall.label_choice[labels] = label, choice
                place = size
                while place > 0:
                    up = (place - 1) // 2
                    if hall.key[up] <= key:
                        break
                    hall.key[place], hall.node[place] = hall.key[up], hall.node[up]
                    place = up
                hall.key[place], hall.node[place] = key, labels
                size += 1
                labels += 1
    if end < 0:
        return FAR
    # From the end of the chain backwards everybody finds the seats already free.
    choice, label = end_choice, end
    while label >= 0:
        mover = hall.label_group[label]
        after = hall.label_choice[label]
        seat(hall, mover, choice)
        choice, label = after, hall.label_parent[label]
    return best


@njit(cache=True)
def improve(hall: Hall, order: Ints, price: Ints, slack: int) -> int:
    """Take each group of ``order`` out and put it in again where that saves; what is saved in all."""
    saved = 0
    for group in order:
        had = hall.at[group]
        cost = hall.cost[had]
        option = hall.option[had]
        freed = price[option] * hall.heads[had]
        if cost + freed <= hall.hope[group]:
            continue
        seat(hall, group, -1)
        found = insert(hall, group, cost, freed + slack)
        if found >= FAR:
            seat(hall, group, had)
        else:
            saved += cost - found
    return saved


@njit(cache=True)
def sit(hall: Hall, order: Ints, wish: Ints) -> None:
    """Seat groups at their ``wish`` (a choice or -1) where there is room."""
    for group in order:
        choice = wish[group]
        if choice >= 0 and hall.heads[choice] <= hall.room[hall.option[choice]]:
            seat(hall, group, choice)


@njit(cache=True)
def fill(hall: Hall, order: Ints, beyond: Ints) -> None:
    """Give everybody without a place the one with room that is least ``beyond`` the group's hope; nobody moves."""
    for group in order:
        if hall.at[group] >= 0:
            continue
        best = -1
        for choice in range(hall.first[group], hall.first[group + 1]):
            if hall.heads[choice] <= hall.room[hall.option[choice]] and (
                best < 0 or beyond[choice] < beyond[best]
            ):
                best = choice
        if best >= 0:
            seat(hall, group, best)


@njit(cache=True)
def place(hall: Hall, order: Ints, slack: int) -> int:
    """Put in groups of ``order`` that have no place, by chains; how many are left over."""
    left = 0
    for group in order:
        if hall.at[group] < 0 and insert(hall, group, FAR, slack) >= FAR:
            left += 1
    return left


@njit(cache=True)
def least_prices(
    first: Ints, option: Ints, cost: Ints, heads: Ints, flow: Ints, full: Ints, scale: int
) -> Ints:
    """A price a head for each option (times ``scale``) at which nobody with ``flow`` would rather be elsewhere.

    Shortest distances over the options (Bellman, Ford): from one to another, the least that a head loses by it.
    """
    options = len(full)
    price = np.zeros(options + 1, np.int64)
    for _ in range(options):
        changed = False
        for group in range(len(first) - 1):
            for choice in range(first[group], first[group + 1]):
                if flow[choice] <= 0:
                    continue
                here = option[choice]
                for other in range(first[group], first[group + 1]):
                    loss = scale * (cost[other] - cost[choice]) // heads[choice]
                    reach = price[option[other]] + loss
                    if reach < price[here]:
                        price[here] = reach
                        changed = True
        for one in range(options):
            if not full[one] and price[options] < price[one]:
                price[one] = price[options]
                changed = True
            if price[one] < price[options]:
                price[options] = price[one]
                changed = True
        if not changed:
            break
    found: Ints = price[:options] - price[options]
    return found


@njit(cache=True)
def shake(hall: Hall, order: Ints, price: Ints, slack: int, warmth: Floats, best: Ints) -> int:
    """Send each group of ``order`` elsewhere if that saves, or costs no more than its ``warmth``; the sum changed.

    Threshold accepting (Dueck, Scheuer, Journal of Computational Physics 90, 1990); ``best`` keeps the best places.
    """
    total, least = 0, 0
    for number in range(len(order)):
        group = order[number]
        had = hall.at[group]
        cost = hall.cost[had]
        option = hall.option[had]
        freed = price[option] * hall.heads[had]
        regret = cost + freed - hall.hope[group]
        bar = int(warmth[number])
        if regret + bar <= 0:
            continue
        seat(hall, group, -1)
        held = hall.room[option]
        if regret <= bar:
            hall.room[option] = -FAR // 2  # it must go elsewhere
        found = insert(hall, group, cost + bar, freed + slack)
        if regret <= bar:
            hall.room[option] += held + FAR // 2
        if found >= FAR:
            seat(hall, group, had)
            continue
        total += found - cost
        if total < least:
            least = total
            best[:] = hall.at
    return total
