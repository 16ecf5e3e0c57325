"""Parties that stay whole, where seats are the only rule: a flow's prices, chains of moves, then the core exactly.

The flow says what each place costs at least and splits a few parties. The climb from its prices tells which places
keep being wanted; chains put in whoever is left; and where little is lost by it (the core: Pisinger, Operations
Research 47, 1999) HiGHS settles who goes where.
"""

from dataclasses import dataclass, field

import numpy as np

from solvers.engines import flow as network
from solvers.engines import mip
from solvers.engines.prices import chains
from solvers.engines.prices.ascent import Ascent, Floats
from solvers.engines.prices.table import Table
from solvers.engines.search import Search
from solvers.problem import UNLIMITED, Ints
from solvers.rules.rule import NO_BOUND

FINE = 840
"""Parts of a unit of cost, so that costs a head stay whole for parties of up to eight."""
LABELS = 600
"""Steps of one search for a chain."""
LOOSE = 5
"""By how many units of cost a chain may look worse on the way than it turns out."""
CORE = 1.55
"""Places a group in the core."""
WHOLE = 15_000
"""Groups up to which the core is asked for in one piece."""
ROUND = 30
"""Steps of the climb over which is counted where groups are wanted."""
AT_ONCE = 200
"""Groups put in or moved between two looks at the clock."""
CHAIN_EFFORT = 3e-5
"""Deterministic effort of one pass of chains for each group, and of a core for each of its places."""
CORE_EFFORT = 4e-4


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """Some choices, each group of them once, within the seats left."""

    upper: Ints
    start: Ints
    column: Ints
    amount: Ints
    low: Ints
    high: Ints


@dataclass(eq=False)
class Parties:
    """The flow, its prices, and the hall in which answers are made."""

    search: Search
    table: Table
    hall: chains.Hall = field(init=False)

    def __post_init__(self) -> None:
        form = self.table.form
        problem = form.problem
        choices = problem.choices
        # Choices that may not be taken are dearer than anything.
        signed = self.table.signed()[: len(choices.group)]
        open_ = np.zeros(len(choices.group), np.bool_)
        open_[self.table.order] = True
        stay = ~self.table.must_place
        self.kept = np.flatnonzero(open_)
        self.stay = np.flatnonzero(stay)
        group = np.concatenate([choices.group[self.kept], self.stay])
        order = np.argsort(group, kind="stable")
        self.origin = np.concatenate([self.kept, np.full(len(self.stay), -1)])[order]
        group = group[order]
        out = len(problem.options.ids)
        self.option = np.concatenate([choices.option[self.kept], np.full(len(self.stay), out)])[order]
        self.heads = np.concatenate([choices.heads[self.kept], np.ones(len(self.stay), np.int64)])[order]
        self.cost = np.concatenate([signed[self.kept], np.zeros(len(self.stay), np.int64)])[order] * FINE
        self.first = np.searchsorted(group, np.arange(len(problem.groups.ids) + 1))
        self.group = group
        self.seats = np.append(problem.options.capacity, UNLIMITED)
        self.sent = np.zeros(len(group), np.int64)
        self.price = np.zeros(out + 1, np.int64)
        self.hope = np.zeros(len(problem.groups.ids), np.int64)

    def ask_flow(self) -> bool:
        """The relaxation in which parties may be split: where heads go, a price a head, a hope a group."""
        form = self.table.form
        net = network.Network.of(form.problem)
        cost = network.per_head(form, self.table.aim, net.supply)
        if cost is None:
            return False
        try:
            found = net.solve(cost)
        except network.TooLarge:
            return False
        if found is None:
            return False
        units = net.units(found)
        inside = self.origin >= 0
        self.sent[inside] = units[self.origin[inside]]
        lone = np.bincount(self.group, weights=self.sent, minlength=len(self.hope))
        self.sent[~inside] = (lone[self.group[~inside]] == 0).astype(np.int64)
        load = np.bincount(self.option, weights=self.sent, minlength=len(self.seats))
        full = (load >= self.seats).astype(np.int64)
        self.price = chains.least_prices(self.first, self.option, self.cost, self.heads, self.sent, full, 1)
        dear = self.cost + self.price[self.option] * self.heads
        self.hope = np.minimum.reduceat(dear, self.first[:-1])
        self.beyond = dear - self.hope[self.group]
        return True

    def start(self) -> Floats:
        """The flow's prices of groups, from which the climb may go on."""
        return self.hope / FINE

    def seat_by(self, wanted: Floats) -> None:
        """An answer from how much each choice (of the problem) is wanted."""
        score = np.where(self.origin >= 0, wanted[self.origin], 0.0)
        order = np.lexsort((self.beyond, -score, self.group))
        best = order[self.first[:-1]]
        wish = np.where(score[best] > 0, best, -1)
        sure = np.where(wish >= 0, np.round(score[best], 3), 0.0)
        size = self.heads[self.first[:-1]]
        turn = np.lexsort((-size, -sure))
        self.hall = chains.hall(self.first, self.option, self.cost, self.heads, self.seats, self.hope, LABELS)
        chains.sit(self.hall, turn, wish)
        self._seat_others(turn[self.hall.at[turn] < 0])
        self.offer()

    def _seat_others(self, turn: Ints) -> None:
        """Put in whoever has no place, by chains while time is left, then wherever there is room."""
        for begin in range(0, len(turn), AT_ONCE):
            if self.search.left <= 0:
                break
            part = turn[begin : begin + AT_ONCE]
            self.search.spent += CHAIN_EFFORT * len(part)
            chains.place(self.hall, part, LOOSE * FINE)
        chains.fill(self.hall, turn, self.beyond)
        # Where that leaves somebody over who has to have a place, a whole answer matters more than the clock.
        chains.place(self.hall, turn, LOOSE * FINE)

    def by_flow(self) -> None:
        """An answer from the flow itself."""
        wanted = np.zeros(len(self.table.form.problem.choices.group))
        whole = (self.origin >= 0) & (self.sent >= self.heads)
        wanted[self.origin[whole]] = 1.0
        self.seat_by(wanted)

    def chain(self, *, passes: int) -> None:
        """Passes over all groups, as long as they save and time is left."""
        draw = np.random.default_rng(self.search.seed)
        for _ in range(passes):
            if self.search.left <= 0:
                return
            saved = 0
            for part in np.array_split(draw.permutation(len(self.hope)), max(1, len(self.hope) // 1_000)):
                self.search.spent += CHAIN_EFFORT * len(part)
                saved += chains.improve(self.hall, part, self.price, LOOSE * FINE)
                if self.search.left <= 0:
                    break
            self.offer()
            if not saved:
                return

    def offer(self) -> bool:
        """Hand the hall's places to the search."""
        form = self.table.form
        units = np.zeros(len(form.problem.choices.group), np.int64)
        if (self.hall.at < 0).any():
            return False
        taken = self.origin[self.hall.at]
        units[taken[taken >= 0]] = 1
        return self.search.offer(form.complete(units))

    def settle(self, options: Ints | None, *, seconds: float) -> int:
        """Ask for the core, of all options or only these, beginning with what there is; what is saved."""
        here = np.ones(len(self.seats), np.bool_)
        if options is not None:
            here[:] = False
            here[options] = True
        at = self.hall.at
        moving = here[self.option[at]]
        room = self.hall.room.copy()
        np.add.at(room, self.option[at[moving]], self.heads[at[moving]])
        inside = moving[self.group] & here[self.option]
        near = np.sort(self.beyond[inside])
        bar = near[min(len(near) - 1, int(CORE * moving.sum()))] if len(near) else 0
        chosen = inside & (self.beyond <= bar)
        chosen[at[moving]] = True
        places = np.flatnonzero(chosen)
        groups = np.unique(self.group[places])
        rows = np.searchsorted(groups, self.group[places])
        used, seat = np.unique(self.option[places], return_inverse=True)
        order = np.argsort(seat, kind="stable")
        bounds = np.concatenate([np.ones(len(groups), np.int64), room[used]])
        core = Core(
            upper=np.ones(len(places), np.int64),
            start=np.concatenate(
                [
                    np.searchsorted(rows, np.arange(len(groups))),
                    len(places) + np.searchsorted(seat[order], np.arange(len(used) + 1)),
                ]
            ),
            column=np.concatenate([np.arange(len(places)), order]),
            amount=np.concatenate([np.ones(len(places), np.int64), self.heads[places][order]]),
            low=np.concatenate([np.ones(len(groups), np.int64), np.full(len(used), -NO_BOUND)]),
            high=np.where(bounds >= UNLIMITED // 2, NO_BOUND, bounds),
        )
        model = mip.Model(core)
        model.minimise(np.arange(len(places)), self.cost[places] // FINE)
        self.search.spent += CORE_EFFORT * len(places)
        if self.search.work is not None:
            model.highs.setOptionValue("mip_max_nodes", 50)
            seconds = 1e9
        best = np.zeros(len(places), np.int64)
        best[np.searchsorted(places, at[moving])] = 1
        found = model.solve(self.search, seconds=seconds, best=best)
        if found.values is None:
            return 0
        taken = places[np.flatnonzero(found.values)]
        saved = int(self.cost[at[moving]].sum() - self.cost[taken].sum())
        if saved <= 0 or len(taken) != len(groups):
            return 0
        for group in groups.tolist():
            chains.seat(self.hall, group, -1)
        for choice in taken.tolist():
            chains.seat(self.hall, int(self.group[choice]), choice)
        return saved if self.offer() else 0

    def near(self, seed: int, size: int, draw: np.random.Generator) -> Ints:
        """Options that share most groups with those already chosen, where changing costs little."""
        close = self.beyond <= LOOSE * FINE
        link = np.zeros(len(self.seats))
        chosen = [seed]
        out = len(self.seats) - 1
        while len(chosen) < size:
            last = chosen[-1]
            members = self.hall.member[self.hall.start[last] : self.hall.start[last] + self.hall.inside[last]]
            for group in members.tolist():
                mine = slice(self.first[group], self.first[group + 1])
                link[self.option[mine][close[mine]]] += 1
            link[chosen] = -1
            link[out] = -1
            chosen.append(int(np.argmax(link * (1 + 0.3 * draw.random(len(link))))))
        return np.unique(chosen)


def answer(search: Search, parties: Parties, ascent: Ascent) -> None:
    """An answer from how often each place was wanted on the climb, made better by chains and cores."""
    table = parties.table
    wanted = np.zeros(len(table.form.problem.choices.group))
    for _ in range(ROUND):
        if search.left <= 0:
            return
        ascent.go(1)
        wanted[table.order] += ascent.taken / ROUND
    parties.seat_by(wanted)
    parties.chain(passes=3)
    draw = np.random.default_rng(search.seed)
    total = len(parties.hope)
    size = len(parties.seats) - 1
    if total <= WHOLE:
        parties.settle(None, seconds=0.8 * search.left)
        return
    size = max(20, size * WHOLE // total)
    idle = 0
    while search.left > 0 and idle < len(parties.seats) // size + 1:
        hall = parties.hall
        regret = np.bincount(
            parties.option[hall.at], weights=parties.beyond[hall.at], minlength=len(parties.seats)
        )
        regret[-1] = 0
        seed = int(np.argmax(regret * draw.random(len(regret))))
        saved = parties.settle(parties.near(seed, size, draw), seconds=min(0.5 * search.left, 20))
        idle = 0 if saved else idle + 1
    parties.chain(passes=2)
