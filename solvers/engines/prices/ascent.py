"""Prices that prove most: every group and every joint rule has one, and they climb by deflected subgradients.

Held, Wolfe, Crowder (Mathematical Programming 6, 1974) for the steps; Camerini, Fratta, Maffioli (Mathematical
Programming Study 3, 1975) for the deflection; the level aimed at moves with what is found (Goffin, Kiwiel, ibid. 85,
1999). A rule that concerns nearly everybody (a fund) would drag all groups' prices along; so these are kept as
what is beyond the rule's own share, which makes the two independent.
"""

# ruff: noqa: C901, FBT001, PLR0912 - compiled loops stay in one piece: a call of a call would cost more than it tells

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.engines.prices.inside import run
from solvers.engines.prices.table import Table
from solvers.problem import Flags, Ints

Floats = NDArray[np.float64]
DEFLECTION = 0.9
PATIENCE = 20
"""Steps without anything better before the level aimed at is lowered."""
LOWERED = 0.6
LIFT = 0.05
"""How far beyond the first bound the level aimed at lies, as a share of it."""
NEARLY_ALL = 0.3
"""Share of choices from which on a rule concerns nearly everybody."""
EAGER = 5.0
"""How much faster such a rule's price moves than its size alone would say."""
LIVELY = 10.0
"""The same for rules that concern few: beds of one night, quotas."""


class Market(NamedTuple):
    """A table for the compiled loop."""

    start: Ints
    group: Ints
    heads: Ints
    cost: Floats
    low: Ints
    high: Ints
    fixed: Floats
    must: Flags
    alone: Flags
    carrier: Ints
    seats: Ints
    piece: Floats
    choice_start: Ints
    choice_row: Ints
    choice_amount: Floats
    run_start: Ints
    run_row: Ints
    run_amount: Floats
    piece_start: Ints
    piece_row: Ints
    piece_amount: Floats
    other_start: Ints
    other_row: Ints
    other_amount: Floats
    other: Floats
    other_upper: Floats
    level: Floats
    units: Floats
    free: Flags
    """Groups whose price may have either sign."""
    spill: Ints
    """For each row, the row whose price it may not pass, or -1."""


def market(table: Table) -> Market:
    """The table's numbers as floats, entries in the order of options."""
    form, problem = table.form, table.form.problem
    names = form.sheet.names
    signed = table.signed().astype(np.float64)
    pieces = names["pieces"][table.carrier.column]
    count = len(problem.choices.group)
    taken = np.zeros(len(form.upper), np.bool_)
    taken[:count] = True
    taken[names["run"]] = True
    taken[names["pieces"]] = True
    other = np.flatnonzero(~taken)
    parts: Any = []
    for columns in (table.order, names["run"], pieces, other):
        _, start, row, amount = table.split(columns)
        parts += [start, row, amount.astype(np.float64)]
    options = problem.options
    alone = np.diff(table.carrier.start) == 0
    single = np.ones(len(alone), np.bool_)
    np.logical_and.at(single, problem.choices.option[table.order], table.heads == 1)
    units = np.where(problem.groups.piece > 0, problem.groups.size, 1)
    last: Any = (
        signed[other],
        np.minimum(form.upper[other], 2**53).astype(np.float64),
        table.rows.level.astype(np.float64),
        units.astype(np.float64),
        table.must_place,
        _spills(table),
    )
    first: Any = (
        table.start,
        table.group,
        table.heads,
        signed[table.order],
        options.minimum,
        table.high,
        signed[names["run"]],
        options.must_run,
        alone & single,
        table.carrier.start,
        table.carrier.amount,
        signed[pieces],
    )
    return Market(*first, *parts, *last)


def _spills(table: Table) -> Ints:
    form = table.form
    place = {
        int(form.subject[row]): n
        for n, row in enumerate(table.rows.origin.tolist())
        if row >= 0 and form.rule[form.block[row]] == "resource"
    }
    found = np.full(len(table.rows.origin), -1)
    for resource, row in place.items():
        to = int(form.problem.resources.spill[resource])
        if to >= 0:
            found[row] = place[to]
    return found


@njit(cache=True, nogil=True)
def priced(start: Ints, row: Ints, amount: Floats, base: Floats, prices: Floats, out: Floats) -> None:
    """``base`` and what the priced rows add to each variable."""
    for place in range(len(base)):
        total = base[place]
        for entry in range(start[place], start[place + 1]):
            total += amount[entry] * prices[row[entry]]
        out[place] = total


@njit(cache=True, nogil=True)
def look(
    m: Market,
    groups: Floats,
    rows: Floats,
    cost: Floats,
    fixed: Floats,
    piece: Floats,
    value: Floats,
    taken: Flags,
    slope: Floats,
    tilt: Floats,
) -> float:
    """The Lagrangian at prices ``groups`` and ``rows``; ``slope`` and ``tilt`` are its subgradient."""
    priced(m.choice_start, m.choice_row, m.choice_amount, m.cost, rows, cost)
    priced(m.run_start, m.run_row, m.run_amount, m.fixed, rows, fixed)
    priced_pieces(m, rows, piece)
    run(
        0,
        len(m.low),
        m.start,
        m.group,
        m.heads,
        cost,
        groups,
        m.low,
        m.high,
        fixed,
        m.must,
        m.alone,
        m.carrier,
        m.seats,
        piece,
        value,
        taken,
    )
    return gather(m, groups, rows, piece, value, taken, slope, tilt)


@njit(cache=True, nogil=True)
def priced_pieces(m: Market, rows: Floats, piece: Floats) -> None:
    """What each entry of carriers costs a piece; never less than nothing."""
    priced(m.piece_start, m.piece_row, m.piece_amount, m.piece, rows, piece)
    for place in range(len(piece)):
        piece[place] = max(0.0, piece[place])


@njit(cache=True, nogil=True)
def gather(
    m: Market,
    groups: Floats,
    rows: Floats,
    piece: Floats,
    value: Floats,
    taken: Flags,
    slope: Floats,
    tilt: Floats,
) -> float:
    """What all options' answers come to, added in one order whoever gave them."""
    options = len(m.low)
    total = 0.0
    for group in range(len(groups)):
        total += groups[group] * m.units[group]
        slope[group] = m.units[group]
    for row in range(len(rows)):
        total -= rows[row] * m.level[row]
        tilt[row] = -m.level[row]
    for option in range(options):
        total += value[option]
        load = 0
        for entry in range(m.start[option], m.start[option + 1]):
            if taken[entry]:
                load += m.heads[entry]
                slope[m.group[entry]] -= 1
                for at in range(m.choice_start[entry], m.choice_start[entry + 1]):
                    tilt[m.choice_row[at]] += m.choice_amount[at]
        if load > 0 or m.must[option]:
            for at in range(m.run_start[option], m.run_start[option + 1]):
                tilt[m.run_row[at]] += m.run_amount[at]
            _pieces(m, option, load, piece, tilt)
    for place in range(len(m.other)):
        reduced = m.other[place]
        for at in range(m.other_start[place], m.other_start[place + 1]):
            reduced += m.other_amount[at] * rows[m.other_row[at]]
        if reduced < 0:
            total += reduced * m.other_upper[place]
    return total


@njit(cache=True, nogil=True)
def _pieces(m: Market, option: int, load: int, piece: Floats, tilt: Floats) -> None:
    """What the least pieces for ``load`` heads use: of the entries one can do with, the cheapest a seat."""
    first, last = m.carrier[option], m.carrier[option + 1]
    left = load
    while left > 0 and first < last:
        best = first
        for entry in range(first, last):
            if piece[entry] * min(left, m.seats[best]) < piece[best] * min(left, m.seats[entry]):
                best = entry
        number = max(1, left // m.seats[best])
        for at in range(m.piece_start[best], m.piece_start[best + 1]):
            tilt[m.piece_row[at]] += number * m.piece_amount[at]
        left -= number * m.seats[best]


@njit(cache=True, nogil=True)
def whole_prices(m: Market, groups: Floats, rows: Floats, shift: Floats, whole: Floats) -> None:
    """Prices of groups with the rows' shares; who may stay at home is never paid for coming."""
    lift = 0.0
    for row in range(len(rows)):
        lift += rows[row] * shift[row]
    for group in range(len(groups)):
        whole[group] = groups[group] + lift
        if not m.free[group] and whole[group] > 0:
            whole[group] = 0.0
            groups[group] = -lift


@njit(cache=True, nogil=True)
def climb(
    m: Market,
    steps: int,
    state: Floats,
    groups: Floats,
    rows: Floats,
    best_groups: Floats,
    best_rows: Floats,
    turn: Floats,
    lean: Floats,
    shift: Floats,
    rate: Floats,
    scratch_cost: Floats,
    scratch_fixed: Floats,
    scratch_piece: Floats,
    value: Floats,
    taken: Flags,
    slope: Floats,
    tilt: Floats,
    often: Floats,
    answered: bool,
) -> bool:
    """So many steps on, False once nothing moves.

    ``state`` is [best, level's height, steps since better, most that can be (or inf)].
    ``groups`` are prices beyond ``shift`` of the rows'; ``often`` counts, falling off, how many steps an option ran.
    ``answered``: the first step finds the options' answers given, in ``value`` and ``taken``.
    """
    size, count = len(groups), len(rows)
    whole = np.empty(size)
    for number in range(steps):
        whole_prices(m, groups, rows, shift, whole)
        if answered and number == 0:
            priced_pieces(m, rows, scratch_piece)
            total = gather(m, whole, rows, scratch_piece, value, taken, slope, tilt)
        else:
            total = look(
                m, whole, rows, scratch_cost, scratch_fixed, scratch_piece, value, taken, slope, tilt
            )
        slopes = 0.0
        for group in range(size):
            slopes += slope[group]
        for row in range(count):
            tilt[row] += shift[row] * slopes
        for option in range(len(often)):
            often[option] *= 0.95
            if value[option] < 0:
                often[option] += 0.05
        if total > state[0]:
            if total > state[0] + 1e-5 * abs(state[0]):
                state[2] = 0
                if total > state[0] + 0.5 * state[1]:
                    state[1] *= 1.5
            state[0] = total
            best_groups[:] = groups
            best_rows[:] = rows
        else:
            state[2] += 1
        if state[2] > PATIENCE:
            state[1] *= LOWERED
            state[2] = 0
            groups[:] = best_groups
            rows[:] = best_rows
            turn[:] = 0
            lean[:] = 0
            continue
        for row in range(count):
            to = m.spill[row]
            if to >= 0 and tilt[row] > 0 and rows[row] >= rows[to]:
                tilt[to] += tilt[row]
                tilt[row] = 0.0
        norm = 0.0
        for group in range(size):
            turn[group] = slope[group] + DEFLECTION * turn[group]
            norm += turn[group] * turn[group]
        for row in range(count):
            lean[row] = tilt[row] + DEFLECTION * lean[row]
            norm += (lean[row] * rate[row]) ** 2
        if norm <= 0:
            return False
        step = (min(state[3], state[0] + state[1]) - total) / norm
        if step <= 0:
            return False
        for group in range(size):
            groups[group] += step * turn[group]
        for row in range(count):
            rows[row] = max(0.0, rows[row] + step * lean[row] * rate[row] * rate[row])
        for _again in range(4):
            for row in range(count):
                if m.spill[row] >= 0:
                    rows[row] = min(rows[row], rows[m.spill[row]])
    return True


class Answers(Protocol):
    """Somebody else who gives the options' answers."""

    def fill(self, groups: Floats, rows: Floats, value: Floats, taken: Flags) -> bool:
        """Each option's value at these prices, and whom it took; False if there is no answer to be had."""
        ...


@dataclass(eq=False)
class Ascent:
    """An ascent under way: the best prices so far, and how often each option ran lately."""

    table: Table
    start: Floats | None = None
    """Prices of groups to begin with, if something is known of them."""
    elsewhere: Answers | None = None
    """Who is asked for the options' answers; nobody: they are counted in the climb itself."""
    market: Market = field(init=False)
    best: float = field(init=False)

    def __post_init__(self) -> None:
        m = self.market = market(self.table)
        self.groups = self._first(m) if self.start is None else self.start.copy()
        self.rows: Floats = np.zeros(len(m.level))
        self.best_groups, self.best_rows = self.groups.copy(), self.rows.copy()
        self.turn, self.lean = np.zeros(len(self.groups)), np.zeros(len(self.rows))
        self.value, self.taken = np.zeros(len(m.low)), np.zeros(len(m.group), np.bool_)
        self.often = np.full(len(m.low), 0.5)
        self.shift, self.rate = self._measure(m)
        self.scratch = (np.zeros(len(m.cost)), np.zeros(len(m.fixed)), np.zeros(len(m.piece)))
        self.slope, self.tilt = np.zeros(len(self.groups)), np.zeros(len(self.rows))
        start = self.look(self.groups, self.rows)
        lift = LIFT * abs(start) + 1e-3 * float(np.abs(m.cost).sum()) / 8
        if self.start is not None:
            lift = 0.001 * abs(start)
        self.state = np.array([start, lift, 0.0, np.inf])
        self.best = start
        self.go(0)  # compiled here where it is not there yet, and not on the climb's time

    def _first(self, m: Market) -> Floats:
        """Each group's second cheapest choice: what it would pay rather than move on."""
        groups = len(m.units)
        order = np.lexsort((m.cost, m.group))
        first = np.searchsorted(m.group[order], np.arange(groups + 1))
        place = np.minimum(first[:-1] + 1, first[1:] - 1)
        prices = np.zeros(groups)
        some = first[1:] > first[:-1]
        prices[some] = m.cost[order][place[some]]
        prices[~m.free] = np.minimum(0, prices[~m.free])
        return prices

    def _measure(self, m: Market) -> tuple[Floats, Floats]:
        """How fast each row's price moves, and its share in every group's price."""
        rows = len(m.level)
        norm, have = np.zeros(rows), np.zeros(rows)
        for row, amount in (
            (m.choice_row, m.choice_amount),
            (m.run_row, m.run_amount),
            (m.piece_row, m.piece_amount),
        ):
            np.add.at(norm, row, amount**2)
        np.add.at(have, m.choice_row, 1.0)
        np.add.at(have, m.piece_row, 1e-9)
        # What only bears the excess of others moves as they do; a row that concerns nobody stays where it is.
        for _ in range(2):
            for lower in np.flatnonzero(m.spill >= 0).tolist():
                upper = m.spill[lower]
                norm[upper] = max(norm[upper], norm[lower])
        each = len(m.group) / max(1, len(m.units))
        rate = np.where(norm > 0, np.sqrt(each / np.maximum(norm, 1.0)), 0.0)
        wide = have > NEARLY_ALL * len(m.group)
        rate *= np.where(wide, EAGER, LIVELY)
        shift = np.where(wide, m.level / max(1.0, float(m.units.sum())), 0.0)
        return shift, rate

    def look(self, groups: Floats, rows: Floats) -> float:
        """The Lagrangian at these prices (the groups' whole)."""
        m, piece = self.market, self.scratch[2]
        if self.elsewhere is not None and self.elsewhere.fill(groups, rows, self.value, self.taken):
            priced_pieces(m, rows, piece)
            return float(gather(m, groups, rows, piece, self.value, self.taken, self.slope, self.tilt))
        return float(look(m, groups, rows, *self.scratch, self.value, self.taken, self.slope, self.tilt))

    def begin(self, groups: Floats, rows: Floats) -> None:
        """Begin again at these prices if they prove more than what there is."""
        found = self.look(groups, rows)
        if found > self.best:
            self.groups, self.rows = groups - float(rows @ self.shift), rows.copy()
            self.best_groups, self.best_rows = self.groups.copy(), self.rows.copy()
            self.state[0] = self.best = found
            self.state[1] = LIFT * abs(found) + 1.0

    def go(self, steps: int) -> None:
        """So many steps on."""
        if self.elsewhere is None:
            self._step(steps, answered=False)
        else:
            whole = np.empty(len(self.groups))
            for _ in range(steps):
                whole_prices(self.market, self.groups, self.rows, self.shift, whole)
                answered = self.elsewhere.fill(whole, self.rows, self.value, self.taken)
                if not self._step(1, answered=answered):
                    break
        self.best = float(self.state[0])

    def _step(self, steps: int, *, answered: bool) -> bool:
        return bool(
            climb(
                self.market, steps, self.state, self.groups, self.rows, self.best_groups, self.best_rows,
                self.turn, self.lean, self.shift, self.rate, *self.scratch, self.value, self.taken,
                self.slope, self.tilt, self.often, answered,
            )
        )  # fmt: skip

    def prices(self) -> tuple[Floats, Floats]:
        """The best prices of groups, whole, and of rows."""
        whole = self.best_groups + float(self.best_rows @ self.shift)
        whole[~self.market.free] = np.minimum(0, whole[~self.market.free])
        return whole, self.best_rows.copy()

    def climb(self, steps: int, *, go_on: Callable[[], bool]) -> None:
        """Up to so many steps, while ``go_on`` says so; it is asked every few steps."""
        for _ in range(0, steps, PATIENCE):
            if not go_on() or self.state[1] < 1e-6 * abs(self.best):
                break
            self.go(PATIENCE)
