"""The least of a sum of terms, each term alone: groups by their cheapest choice, options by their cheapest takers."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from solvers.certificate import Certificate
from solvers.problem import Flags, Ints
from solvers.proofs.book import EVERYBODY
from solvers.proofs.settled import Settled
from solvers.proofs.terms import Refused, Terms, dot, total, widest

NEVER = 2**61
"""Stands for what cannot be; no sum of terms comes near it."""
SUM = 2**58
"""No sum inside one option may pass this, so that NEVER stays apart."""
STEPS = 10**9
"""Steps of dynamic programming that one evaluation may take."""


@dataclass(frozen=True, slots=True, eq=False)
class Least:
    """The least of the sum, None if nothing satisfies the rules, and what each term costs beyond it.

    ``beyond`` of a choice, ``out`` of leaving a group (partly) out, ``runs`` of running an option; ``idle`` of not
    running it. NEVER is what cannot be.
    """

    value: int | None
    beyond: Ints
    out: Ints
    runs: Ints
    idle: Ints


def candidates(terms: Terms, settled: Settled) -> Flags:
    open_: Flags = ~settled.shut & ~settled.never[terms.book.problem.choices.option]
    return open_


def inside_groups(terms: Terms, settled: Settled) -> Least:
    """Each group its cheapest choice or none; each option open or closed by its own sum."""
    open_ = candidates(terms, settled)
    constant = terms.constant + _pinned(terms)
    cost = np.where(open_, terms.choice, NEVER)
    dearest = _cheapest(terms, cost)
    out = _out(settled, dearest)
    parts = _parts(terms, settled, cost) if terms.moved else {}
    least = np.where(settled.placed, dearest, np.minimum(dearest, 0))
    impossible = bool((least >= NEVER).any())
    for group, (value, left) in parts.items():
        least[group] = 0
        constant += value
        impossible |= bool(settled.placed[group]) and left > 0
    runs, idle, constant_of_options = _options(settled, terms.run, _reachable(terms, open_))
    beyond = np.where(open_, terms.choice - np.where(least >= NEVER, 0, least)[_group(terms)], NEVER)
    if parts:
        of_parts = np.zeros(len(least), np.bool_)
        of_parts[list(parts)] = True
        beyond[of_parts[_group(terms)] & open_] = 0
        out[of_parts] = 0
    if impossible or constant_of_options is None:
        return Least(None, beyond, out, runs, idle)
    value = constant + constant_of_options + dot(least, terms.book.units)
    return Least(value, beyond, out, runs, idle)


def _group(terms: Terms) -> Ints:
    return terms.book.problem.choices.group


def _cheapest(terms: Terms, cost: Ints) -> Ints:
    """The cheapest unit of each group."""
    first = terms.book.problem.groups.first
    found = np.full(len(first) - 1, NEVER)
    filled = np.flatnonzero(np.diff(first) > 0)
    if len(filled):
        found[filled] = np.minimum.reduceat(cost, first[filled])
    return found


def _out(settled: Settled, cheapest: Ints) -> Ints:
    """What leaving a group out costs beyond its cheapest place, a split one by the head."""
    found: Ints = np.where(settled.placed, NEVER, np.maximum(0, -cheapest))
    return found


def _parts(terms: Terms, settled: Settled, cost: Ints) -> dict[int, tuple[int, int]]:
    """The least of split groups that had places: their heads one by one, the cheapest first."""
    book = terms.book
    groups = book.problem.groups
    held: dict[int, list[int]] = {}
    for choice in book.held_parts:
        held.setdefault(int(book.problem.choices.group[choice]), []).append(choice)
    found: dict[int, tuple[int, int]] = {}
    for group, before in held.items():
        if group in book.problem.pinned:
            continue
        size = int(groups.size[group])
        offers = []
        for choice in range(int(groups.first[group]), int(groups.first[group + 1])):
            if cost[choice] >= NEVER:
                continue
            kept = min(size, book.held_parts.get(choice, 0))
            offers += [(int(cost[choice]) - terms.moved, kept), (int(cost[choice]), size - kept)]
        value, left = terms.moved * sum(book.held_parts[choice] for choice in before), size
        for price, most in sorted(offers):
            taken = min(left, most) if price < 0 or settled.placed[group] else 0
            value, left = value + price * taken, left - taken
        found[group] = value, left
    return found


def _pinned(terms: Terms) -> int:
    """What pinned groups cost."""
    book = terms.book
    value = 0
    for group, placed in book.problem.pinned.items():
        value += sum(int(terms.choice[choice]) * units for choice, units in placed.items())
        if book.split[group]:
            first, last = (int(n) for n in book.problem.groups.first[group : group + 2])
            value += terms.moved * sum(
                max(0, units - placed.get(choice, 0))
                for choice, units in book.held_parts.items()
                if first <= choice < last
            )
    return value


def _reachable(terms: Terms, open_: Flags) -> Flags:
    """Options to which somebody could come."""
    found = np.zeros(len(terms.run), np.bool_)
    found[terms.book.problem.choices.option[open_]] = True
    return found


def _options(settled: Settled, cost: Ints, reachable: Flags) -> tuple[Ints, Ints, int | None]:
    """What running and not running costs each option beyond its least, and the sum of these; None if impossible."""
    runs = np.where(settled.never | ~(reachable | settled.always), NEVER, cost)
    idle = np.where(settled.always, NEVER, 0)
    least = np.minimum(runs, idle)
    if (least >= NEVER).any():
        return runs, idle, None
    return _less(runs, least), _less(idle, least), total(least)


def _less(cost: Ints, least: Ints) -> Ints:
    found: Ints = np.where(cost >= NEVER, NEVER, cost - least)
    return found


# -- inside options ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Takers:
    """Those who could come to one option: cost and heads of a unit, how many units; and the seats they share."""

    cost: Ints
    heads: Ints
    units: Ints
    low: int
    high: int
    before: int
    """Heads of pinned groups, which are there anyway."""


def inside_options(terms: Terms, settled: Settled, prices: Certificate) -> Least:
    """Each option closed, or run with its cheapest takers between minimum and capacity."""
    book = terms.book
    problem = book.problem
    open_ = candidates(terms, settled)
    order, start = _by_option(terms)
    pinned = np.zeros(len(problem.options.ids), np.int64)
    for placed in problem.pinned.values():
        for choice, units in placed.items():
            pinned[problem.choices.option[choice]] += problem.choices.heads[choice] * units
    cost = np.full(len(problem.options.ids), NEVER)
    piece_start = np.searchsorted(np.array([option for option, _ in book.entries]), np.arange(len(cost) + 1))
    steps = _Steps()
    for option, (first, last) in enumerate(pairwise(start.tolist())):
        mine = order[first:last]
        mine = mine[open_[mine]]
        if not len(mine) and not settled.always[option]:
            continue
        pieces = range(int(piece_start[option]), int(piece_start[option + 1]))
        ladder = _Ladder(terms, option, [p for p in pieces if _is_inside(terms, prices, p)])
        best = _takers_least(_takers(terms, mine, option, int(pinned[option])), ladder, steps)
        if best is not None:
            cost[option] = best + int(terms.run[option])
    runs, idle, options = _options(settled, cost, cost < NEVER)
    held = _held_constant(terms)
    out = np.where(settled.placed, NEVER, np.maximum(0, prices.groups if len(prices.groups) else 0))
    beyond = np.where(open_, 0, NEVER)
    if options is None:
        return Least(None, beyond, out, runs, idle)
    return Least(terms.constant + _pinned(terms) + held + options, beyond, out, runs, idle)


class _Steps:
    """Counts steps of dynamic programming."""

    taken = 0

    def take(self, steps: int) -> None:
        self.taken += steps
        if self.taken > STEPS:
            raise Refused("the dynamic programme inside the options would be too large")


def _by_option(terms: Terms) -> tuple[Ints, Ints]:
    option = terms.book.problem.choices.option
    order = np.argsort(option, kind="stable")
    return order, np.searchsorted(option[order], np.arange(len(terms.run) + 1))


def _is_inside(terms: Terms, prices: Certificate, piece: int) -> bool:
    """Whether a carrier's seats are kept inside: for everybody, and without a price."""
    option, entry = terms.book.entries[piece]
    for_all = terms.book.problem.options.carriers[option][entry].tag == EVERYBODY
    return for_all and not (len(prices.carriers) and prices.carriers[piece])


def _held_constant(terms: Terms) -> int:
    """Places that split groups had, before any is kept; pinned groups are counted with their pins."""
    book = terms.book
    group = book.problem.choices.group
    return terms.moved * sum(
        units for choice, units in book.held_parts.items() if int(group[choice]) not in book.problem.pinned
    )


def _takers(terms: Terms, mine: Ints, option: int, before: int) -> Takers:
    book = terms.book
    choices, options = book.problem.choices, book.problem.options
    cost, heads, units = terms.choice[mine], choices.heads[mine], choices.units[mine]
    if terms.moved and book.held_parts:
        kept = np.array(
            [
                min(book.held_parts.get(choice, 0), n)
                for choice, n in zip(mine.tolist(), units.tolist(), strict=True)
            ],
            np.int64,
        )
        cost = np.concatenate([cost - terms.moved, cost])
        heads = np.concatenate([heads, heads])
        units = np.concatenate([kept, units - kept])
    low = max(0, int(options.minimum[option]) - before)
    return Takers(cost, heads, units, low, int(options.capacity[option]) - before, before)


class _Ladder:
    """The least cost of pieces that seat h heads, for carriers kept inside."""

    def __init__(self, terms: Terms, option: int, pieces: list[int]) -> None:
        carriers = terms.book.problem.options.carriers[option]
        self.pieces = [
            (carrier.seats, int(terms.piece[piece]), carrier.most)
            for piece in pieces
            for carrier in [carriers[terms.book.entries[piece][1]]]
        ]
        self.matters = any(cost or most < NEVER for _, cost, most in self.pieces)

    def costs(self, heads: int, steps: _Steps) -> Ints:
        """For 0 to ``heads`` heads."""
        found = np.full(heads + 1, NEVER)
        found[0] = 0
        for seats, cost, most in self.pieces:
            count = min(most, -(-heads // seats))
            if cost * count >= SUM:
                raise Refused("the prices are too large to add up in 64 bits")
            steps.take(count * (heads + 1))
            before = found.copy()
            for pieces in range(1, count + 1):
                # Seats beyond the heads may stay empty: h heads are seated if h - seats are, or nobody is left.
                reach = min(heads, pieces * seats)
                found[: reach + 1] = np.minimum(found[: reach + 1], before[0] + cost * pieces)
                found[reach:] = np.minimum(found[reach:], before[: heads + 1 - reach] + cost * pieces)
        return np.where(found >= SUM, NEVER, found)


def _takers_least(takers: Takers, ladder: _Ladder, steps: _Steps) -> int | None:
    """The least of one option that runs, beside what running itself costs; None if it cannot run."""
    free = takers.heads == 0
    value = _negative(takers.cost[free], takers.units[free])
    cost, heads, units = (part[~free] for part in (takers.cost, takers.heads, takers.units))
    everybody = dot(heads, units)
    high = min(takers.high, everybody)
    if high < takers.low:
        return None
    glad = cost < 0
    wanted = dot(heads[glad], units[glad])
    if not ladder.matters and takers.low <= wanted <= high:
        return value + _negative(cost, units)
    if widest(cost) * (high + 1) >= SUM:
        raise Refused("the prices are too large to add up in 64 bits")
    filled = _filled(cost, heads, units, high, steps)
    if ladder.matters:
        seats = ladder.costs(high + takers.before, steps)[takers.before :]
        filled = np.where((filled >= SUM) | (seats >= SUM), NEVER, filled + np.minimum(seats, SUM))
    best = int(filled[takers.low :].min())
    return None if best >= SUM else value + best


def _negative(cost: Ints, units: Ints) -> int:
    return dot(np.minimum(cost, 0), units)


def _filled(cost: Ints, heads: Ints, units: Ints, high: int, steps: _Steps) -> Ints:
    """The least cost of exactly h heads, for h from 0 to ``high``: takers of one size the cheapest first."""
    found = np.full(high + 1, NEVER)
    found[0] = 0
    for size in np.unique(heads).tolist():
        if size > high:
            break
        same = heads == size
        ladder = _prefix(cost[same], np.minimum(units[same], high // size), high // size)
        if (found[1:] >= NEVER).all():
            found[: size * len(ladder) : size] = ladder
            continue
        steps.take(len(ladder) * (high + 1))
        before = found.copy()
        for count, price in enumerate(ladder.tolist()):
            reach = size * count
            found[reach:] = np.minimum(found[reach:], before[: high + 1 - reach] + price)
    return np.where(found >= SUM, NEVER, found)


def _prefix(cost: Ints, units: Ints, most: int) -> Ints:
    """The least cost of 0, 1, ... units of one size, up to ``most``."""
    order = np.argsort(cost, kind="stable")
    before = np.cumsum(units[order]) - units[order]
    counts = np.clip(most - before, 0, units[order])
    every = np.repeat(cost[order], counts)
    return np.concatenate([[0], np.cumsum(every)])
