"""Single heads in options that open: a flow at the prices found, then money made to fit.

Which options run is read off the prices; who goes where is a least cost flow whose first seats in each option are
worth more than all else, up to the minimum; a rule that is passed becomes dearer until it is kept.
"""

# ruff: noqa: C901, FBT001 - compiled loops stay in one piece: a call of a call would cost more than it tells

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from ortools.graph.python import min_cost_flow

from solvers.engines.prices.ascent import Ascent, Floats, priced
from solvers.engines.search import Search
from solvers.problem import Flags, Ints

HALF = 0.5
"""An option runs in the first answer if it ran in so many of the last steps."""
FINE = 2**20
"""The dearest place in the flow's whole numbers."""
ROUNDS = 12
CLOSE_ENOUGH = 2e-4
"""Share of a level that may stay unused before a dearer or cheaper price is tried again."""
DEARER, TOKEN = 1.03, 1e-9
"""By how much a price that does not suffice is raised: times, and at least."""
FLOW_EFFORT = 2e-6
"""Deterministic effort of a flow, for each arc."""


@dataclass(eq=False)
class Singles:
    """The answer's side of one search: a flow for any prices, and the best answer kept in the search."""

    search: Search
    ascent: Ascent
    open: Flags = field(init=False)
    used: dict[int, Ints] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        table, m = self.ascent.table, self.ascent.market
        problem = table.form.problem
        self.option = problem.choices.option[table.order]
        self.open = (self.ascent.often > HALF) | problem.options.must_run
        free = (m.fixed == 0) & (m.low <= 0) & (np.diff(m.run_start) == 0) & (np.diff(m.carrier) == 0)
        self.open |= free
        self.base, self.least = m.cost, m.low
        # A coach that seats all is a price of running.
        self.once = m.fixed.copy()
        for at in np.flatnonzero(np.diff(m.carrier)).tolist():
            self.once[at] += m.piece[m.carrier[at]]

    def costs(self, rows: Floats) -> tuple[Floats, Floats]:
        """Each entry's and each option's price at these prices of rows."""
        m = self.ascent.market
        entry, once, piece = np.zeros(len(m.cost)), np.zeros(len(m.fixed)), np.zeros(len(m.piece))
        priced(m.choice_start, m.choice_row, m.choice_amount, m.cost, rows, entry)
        priced(m.run_start, m.run_row, m.run_amount, m.fixed, rows, once)
        priced(m.piece_start, m.piece_row, m.piece_amount, m.piece, rows, piece)
        for at in np.flatnonzero(np.diff(m.carrier)).tolist():
            once[at] += piece[m.carrier[at]]
        return entry, once

    def flow(self, rows: Floats) -> Ints | None:
        """Entries taken at these prices, every open option at its minimum or above; options that cannot close."""
        while True:
            taken = self._flow(rows)
            if taken is None:
                return None
            load = np.bincount(self.option[taken], minlength=len(self.open))
            lacking = np.flatnonzero(self.open & (load < self.least))
            if not len(lacking):
                return taken
            order = np.lexsort((lacking, load[lacking] / self.least[lacking]))
            self.open[lacking[order[: (len(lacking) + 1) // 2]]] = False

    def _flow(self, rows: Floats) -> Ints | None:
        m = self.ascent.market
        cost, _ = self.costs(rows)
        groups, options = len(m.units), np.flatnonzero(self.open)
        kept = np.flatnonzero(self.open[self.option])
        fine = FINE / max(1.0, float(np.abs(cost).max(initial=0)))
        whole = np.rint(cost[kept] * fine).astype(np.int64)
        stay = np.flatnonzero(~m.free)
        low = np.minimum(m.low[options], m.high[options])
        out, sink = groups + len(self.open), groups + len(self.open) + 1
        bonus = 4 * FINE
        tail = np.concatenate([m.group[kept], stay, groups + options, groups + options, [out]])
        head = np.concatenate(
            [groups + self.option[kept], np.full(len(stay), out), np.full(2 * len(options) + 1, sink)]
        )
        room = np.concatenate(
            [np.ones(len(kept) + len(stay), np.int64), low, m.high[options] - low, [groups]]
        )
        unit = np.concatenate(
            [
                whole,
                np.zeros(len(stay), np.int64),
                np.full(len(options), -bonus),
                np.zeros(len(options) + 1, np.int64),
            ]
        )
        flow = min_cost_flow.SimpleMinCostFlow()
        flow.add_arcs_with_capacity_and_unit_cost(tail, head, room, unit)
        flow.set_nodes_supplies(np.arange(groups), np.ones(groups, np.int64))
        flow.set_node_supply(sink, -groups)
        self.search.spent += FLOW_EFFORT * len(tail)
        if flow.solve() != flow.OPTIMAL:
            return None
        sent = np.asarray(flow.flows(np.arange(len(kept))), np.int64)
        found: Ints = kept[np.flatnonzero(sent)]
        return found

    def used_by(self, taken: Ints) -> Floats:
        """What is used of each priced row, less its level."""
        m = self.ascent.market
        used = -m.level.copy()
        _add(m.choice_start, m.choice_row, m.choice_amount, taken, used)
        runs = np.unique(np.concatenate([self.option[taken], np.flatnonzero(m.must)]))
        _add(m.run_start, m.run_row, m.run_amount, runs, used)
        pieces = np.concatenate([np.arange(m.carrier[o], m.carrier[o + 1]) for o in runs.tolist()] or [runs])
        _add(m.piece_start, m.piece_row, m.piece_amount, pieces.astype(np.int64), used)
        return used

    def offer(self, taken: Ints) -> bool:
        """Hand an answer to the search if it keeps all rows and beats what is there."""
        form = self.ascent.table.form
        units = np.zeros(len(form.problem.choices.group), np.int64)
        units[self.ascent.table.order[taken]] = 1
        return self.search.offer(form.complete(units))

    def worth(self, taken: Ints) -> float:
        """The aim's value, signed."""
        runs = np.unique(self.option[taken])
        return float(self.base[taken].sum() + self.once[runs].sum())

    def fit(self) -> None:
        """Prices of rows up and down until what is used comes close to what there is."""
        _, rows = self.ascent.prices()
        low, high = rows * 0.0, np.full(len(rows), np.inf)
        m = self.ascent.market
        best = np.inf
        for _ in range(ROUNDS):
            # The first answer is found whatever the clock says: a stop is no reason to have none.
            hurry = self.search.left <= 0
            taken = None if hurry and best < np.inf else self.flow(rows)
            if taken is None:
                break
            taken = self._trim(taken, rows)
            used = self.used_by(taken)
            if (used <= 0).all():
                taken = self._spend(taken)
                if self.worth(taken) < best and self.offer(taken):
                    best = self.worth(taken)
            over = used > 0
            close = np.abs(used) <= CLOSE_ENOUGH * np.maximum(1, np.abs(m.level))
            if ((close & ~over) | ((rows == 0) & ~over)).all():
                break
            low[over], high[~over] = rows[over], rows[~over]
            up = np.where(
                np.isinf(high), np.maximum(rows * (4.0 if hurry else DEARER), rows + TOKEN), (low + high) / 2
            )
            rows = np.where(over, up, np.where(low > 0, (low + high) / 2, rows / DEARER))

    def _trim(self, taken: Ints, rows: Floats) -> Ints:
        """Heads moved to where less is used of what lacks, the least loss first."""
        used = self.used_by(taken)
        if (used <= 0).all() or (used > 0.01 * np.maximum(1, np.abs(self.ascent.market.level))).any():
            return taken
        cost, _ = self.costs(np.where(used > 0, np.maximum(rows, 1e-6) * 20, rows))
        return self._move(taken, cost, used, np.where(used > 0, np.maximum(rows, 1e-6), 0.0))

    def _spend(self, taken: Ints) -> Ints:
        """Heads moved to what they like better, with what is left over."""
        used = self.used_by(taken)
        return self._move(taken, self.base, used, np.zeros(len(used)))

    def _move(self, taken: Ints, cost: Floats, used: Floats, scarce: Floats) -> Ints:
        m = self.ascent.market
        load = np.bincount(self.option[taken], minlength=len(self.open))
        at = np.full(len(m.units), -1)
        at[m.group[taken]] = taken
        has = at[m.group] >= 0
        gain = np.where(has, cost[np.where(has, at[m.group], 0)] - cost, 0.0)
        gain[~self.open[self.option]] = 0
        waiting = np.flatnonzero(gain > 0)
        if scarce.any():
            loss = (self.base - self.base[np.where(has, at[m.group], 0)])[waiting]
            saved = np.zeros(len(m.cost))
            priced(m.choice_start, m.choice_row, m.choice_amount, np.zeros(len(m.cost)), scarce, saved)
            less = saved[np.where(has, at[m.group], 0)][waiting] - saved[waiting]
            better = np.flatnonzero(less > 0)
            waiting = waiting[better[np.argsort(loss[better] / less[better], kind="stable")]]
        else:
            waiting = waiting[np.argsort(-gain[waiting], kind="stable")]
        _move(
            waiting, m.group, self.option, m.choice_start, m.choice_row, m.choice_amount,
            at, load, np.where(self.open, m.low, 0), m.high, used, bool(scarce.any()), self.base,
        )  # fmt: skip
        found: Ints = np.sort(at[at >= 0])
        return found


@njit(cache=True)
def _add(start: Ints, row: Ints, amount: Floats, chosen: Ints, used: Floats) -> None:
    for place in chosen:
        for at in range(start[place], start[place + 1]):
            used[row[at]] += amount[at]


@njit(cache=True)
def _move(
    waiting: Ints,
    group: Ints,
    option: Ints,
    start: Ints,
    row: Ints,
    amount: Floats,
    at: Ints,
    load: Ints,
    low: Ints,
    high: Ints,
    used: Floats,
    scarce: bool,
    base: Floats,
) -> None:
    """Go through ``waiting`` entries: move where seats, minimum and every row allow it."""
    change = np.zeros(len(used))
    for entry in waiting:
        now = at[group[entry]]
        if (
            option[now] == option[entry]
            or load[option[now]] <= low[option[now]]
            or load[option[entry]] >= high[option[entry]]
        ):
            continue
        if load[option[entry]] == 0:
            continue
        if not scarce and base[entry] >= base[now]:
            continue
        lacks = False
        for number in range(len(used)):
            lacks = lacks or used[number] > 0
        if scarce and not lacks:
            break
        change[:] = 0
        for place in range(start[entry], start[entry + 1]):
            change[row[place]] += amount[place]
        for place in range(start[now], start[now + 1]):
            change[row[place]] -= amount[place]
        good = True
        for number in range(len(used)):
            if change[number] > 0 and used[number] + change[number] > 0:
                good = False
        if not good:
            continue
        used += change
        load[option[now]] -= 1
        load[option[entry]] += 1
        at[group[entry]] = entry
