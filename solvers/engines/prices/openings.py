"""Which options run: try to close one, open one, or one for another, and keep what saves; all sums exact.

The moves of Kuehn and Hamburger (Management Science 9, 1963) for locating warehouses, each judged by the least
cost network flow it leads to and not by an estimate.
"""

import numpy as np
from numba import njit

from solvers.engines.prices.network import FAR, Net, close, fill, pull, reopen, undo
from solvers.problem import Flags, Ints


@njit(cache=True)
def settle(net: Net, order: Ints, low: Ints) -> None:
    """Place everybody in the open options, then draw to each what it lacks; close those that cannot get it."""
    net.low[:] = 0
    fill(net, order)
    lacking = np.argsort(net.load - low, kind="mergesort")[::-1]
    for option in lacking:
        if not net.open[option]:
            continue
        net.low[option] = low[option]
        while net.load[option] < low[option]:
            if pull(net, option, True) >= FAR:
                break
        net.state[1] = 0
        if net.load[option] < low[option]:
            net.low[option] = 0
            close(net, option, FAR)
            net.state[1] = 0
    net.low[:] = low


@njit(cache=True)
def _restore(net: Net, mark: int, price: Ints, opened: Flags) -> None:
    undo(net, mark)
    net.price[:] = price
    net.open[:] = opened


@njit(cache=True)
def try_close(net: Net, option: int) -> int:
    """Close an option if that saves; by how much, or 0 and nothing changed."""
    mark = net.state[1]
    price, opened = net.price.copy(), net.open.copy()
    change = close(net, option, net.fixed[option])
    if change < net.fixed[option]:
        return int(net.fixed[option] - change)
    _restore(net, mark, price, opened)
    return 0


@njit(cache=True)
def try_open(net: Net, option: int, tries: int) -> int:
    """Open an option, and close up to ``tries`` of those it drew from, if that saves; by how much."""
    mark = net.state[1]
    price, opened = net.price.copy(), net.open.copy()
    change = reopen(net, option, net.fixed[option] * 4)
    if change < FAR:
        saved = -change - net.fixed[option]
        if saved > 0:
            return int(saved)
        for other in _rivals(net, mark, option, tries):
            deep = net.state[1]
            price_then, opened_then = net.price.copy(), net.open.copy()
            most = net.fixed[other] + saved
            lost = close(net, other, most) if most > 0 else FAR
            if lost < most:
                return int(most - lost)
            _restore(net, deep, price_then, opened_then)
    _restore(net, mark, price, opened)
    return 0


@njit(cache=True)
def _rivals(net: Net, mark: int, option: int, tries: int) -> Ints:
    """Options that lost most heads since ``mark``, as a share of what they have left."""
    lost = np.zeros(len(net.open), np.int64)
    for place in range(mark, net.state[1]):
        old = net.log[2 * place + 1]
        if old >= 0:
            lost[net.option[old]] += 1
    for place in range(net.room[option], net.room[option] + net.load[option]):
        group = net.member[place]
        for choice in range(net.first[group], net.first[group + 1]):
            lost[net.option[choice]] += 1
    found = np.empty(tries, np.int64)
    count = 0
    for _ in range(tries):
        best, most = -1, 0.0
        for other in range(len(lost)):
            if other != option and lost[other] > 0 and net.open[other] and net.fixed[other] > 0:
                share = lost[other] / (1 + net.load[other])
                if share > most:
                    best, most = other, share
        if best < 0:
            break
        lost[best] = 0
        found[count] = best
        count += 1
    return found[:count]


@njit(cache=True)
def improve(net: Net, options: Ints, tries: int) -> int:
    """Try each of ``options`` once, in order; what was saved."""
    saved = 0
    for option in options:
        net.state[1] = 0
        if net.open[option]:
            if net.fixed[option] > 0:
                saved += try_close(net, option)
        else:
            saved += try_open(net, option, tries)
    net.state[1] = 0
    return saved
