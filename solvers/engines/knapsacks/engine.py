"""The way through one solve: a first answer, prices, parts made better, and the tree, limit after limit."""

from dataclasses import dataclass, field, replace

import numpy as np

from solvers.certificate import Certificate
from solvers.engines.knapsacks import climb, inside, moves, tree
from solvers.engines.knapsacks.parts import Parts
from solvers.engines.knapsacks.places import Places, Question, question
from solvers.engines.prices.table import Table, table
from solvers.engines.search import Search
from solvers.problem import Ints
from solvers.proofs.bound import proved_bound
from solvers.proofs.terms import Refused

CHANGES, MOST, TRIES = 2_000_000, 40, 25
"""Changes of places looked at, and rounds of moves, at a time; how often they are gone on with."""
SETTLING = 0.05
"""Share of the time for moves, where there is an answer."""
STEPS, ASCENT = 50, 0.25
"""Steps of the climb between two looks at the clock; share of the time for it."""
BEYOND = 0.2
"""By how much the level lies over the best sum where there is no answer yet, as a share of it."""
AGAIN = 0.3
"""Share of the way that steps go where the climb is taken up again."""
STEP_EFFORT = 4e-8
"""Deterministic effort of a step for each place, about its seconds."""
NODE_EFFORT = 2e-7
MOVE_EFFORT = 2e-8
"""The same of a round of moves for each two groups compared."""
TURN, SLICE = 20, 50
"""Most parts tried, and nodes of the tree, at a time."""
MOMENT = 0.1
"""Seconds that a slice of the tree should take."""
FEW = 3
"""Options up to which a part would be the whole."""
STALE, EAGER, TIRED = 10, 4.0, 0.25
"""Parts tried in vain for each option after which the tree gets most of the time; how much longer than the tree parts are
tried before that, and after it."""


def solve(search: Search, *, share: float = 1.0) -> None:
    """Fill the search with the best answer that ``share`` of its time allows, and the bound with its proof."""
    whole = search.work if search.work is not None else search.seconds
    hall = Hall(search, table(search.form, 0, []))
    if (np.diff(hall.p.first) == 0).any():
        return
    hall.begin()
    hall.climb(climb.FULL)
    if hall.at is None:
        hall.settle()
    if hall.at is None:
        return
    hall.settle()
    hall.climb(AGAIN)
    hall.finish(until=share * whole)
    hall.file()


@dataclass(eq=False)
class Hall:
    """The places, the prices, the best answer, and what is proved."""

    search: Search
    table: Table
    asked: Question = field(init=False)
    at: Ints | None = None
    value: int = 2**60
    proved: int = -(2**60)
    """No answer costs less; in parts of a unit."""
    priced: int = -(2**60)
    """What prices alone prove."""

    def __post_init__(self) -> None:
        self.asked = question(self.table)
        p = self.p
        self.view, self.bench = inside.view(p), inside.bench(p)
        self.price = climb.first_prices(p)
        self.best = self.price.copy()
        self.often = np.zeros(len(p.group))
        self.where = moves.position(p)
        load = max(1, int(p.heads.sum()))
        self.fine = np.full(len(p.capacity), max(1.0, float(np.abs(p.cost).sum()) / load))

    @property
    def p(self) -> Places:
        return self.asked.places

    @property
    def unit(self) -> int:
        return self.asked.scale

    def begin(self) -> None:
        """Moves from everybody's cheapest place."""
        self._moves(moves.at_once(self.p, self.often, self.price), early=True)

    def settle(self) -> None:
        """Moves from where the climb wanted everybody, a head too many as dear as it says."""
        self.fine = np.maximum(moves.border(self.p, self.best), 1e-3 * self.fine)
        self._moves(moves.at_once(self.p, self.often, self.best), early=False)

    def _moves(self, at: Ints, *, early: bool) -> None:
        draw = np.random.default_rng(self.search.seed)
        best = np.full(len(at), -1)
        rounds = int(np.clip(CHANGES // (moves.PARTNERS * len(at)), 1, MOST))
        until = self.search.elapsed + SETTLING * self.search.left
        for _ in range(TRIES * MOST // rounds):
            if self.search.elapsed >= until and (early or self.at is not None):
                return
            moves.settle(self.p, self.where, at, self.fine, draw.permutation(len(at)), rounds, best)
            self.search.spent += rounds * MOVE_EFFORT * moves.PARTNERS * len(at)
            if best[0] >= 0:
                self.take(best.copy())

    def take(self, at: Ints) -> bool:
        """Keep an answer that is better, and tell the search."""
        value = moves.worth(self.p, at)
        if value >= self.value:
            return False
        self.at, self.value = at, value
        form = self.search.form
        units = np.zeros(len(form.problem.choices.group), np.int64)
        taken = self.asked.origin[at]
        units[taken[taken >= 0]] = 1
        self.search.offer(form.complete(units))
        return True

    def climb(self, share: float) -> None:
        """Prices up as far as time allows."""
        state = np.array([float(self.priced), share, 0.0])
        turn = np.zeros(len(self.price))
        self.price[:] = self.best
        until = self.search.elapsed + ASCENT * self.search.left
        while self.search.left > 0 and self.search.elapsed < until:
            self.search.spent += STEPS * STEP_EFFORT * len(self.p.group)
            now = max(state[climb.BEST], self._look())
            level = self.value
            if self.at is None:
                level = min(int(now + BEYOND * abs(now)), self._most()) + self.unit
            if not climb.ascend(
                self.p, self.view, self.bench, STEPS, state, self.price, self.best, turn, self.often, level
            ):
                break
        self.priced = max(self.priced, self._look())
        self.proved = max(self.proved, self.priced)

    def _most(self) -> int:
        """No answer costs more."""
        dearest = np.full(len(self.price), -(2**60))
        np.maximum.at(dearest, self.p.group, self.p.cost)
        return int(dearest.sum() + self.p.fixed.sum())

    def _look(self) -> int:
        nothing = np.zeros(len(self.p.group), np.int64)
        return int(
            inside.look(self.p, self.best, nothing, self.p.must.astype(np.int64), self.view, self.bench)
        )

    @property
    def floor(self) -> int:
        """The proved bound, up to the next whole unit."""
        return -(-self.proved // self.unit) * self.unit

    def finish(self, *, until: float) -> None:
        """Parts and the tree in turns, until nothing is left between answer and bound or time is up."""
        if self.at is None:
            return
        parts = self._parts()
        step, slice_, grown = 1, 1, None
        limit = self.floor
        told = self.value
        spent = [0.0, 0.0]
        while self.floor < self.value and self.search.left > 0 and self.search.elapsed < until:
            if self.value < told:
                told, parts = self.value, replace(parts, near=self._near())
            weight = EAGER if parts.stale < STALE * len(self.p.capacity) else TIRED
            if len(self.p.capacity) > FEW and spent[0] <= weight * spent[1]:
                spent[0] += self._try(parts)
                continue
            if grown is None:
                limit = min(self.value - self.unit, self.floor + (step - 1) * self.unit)
                grown = tree.plant(self.p, self.best, limit, self.unit)
            grown.state[tree.LIMIT] = min(grown.state[tree.LIMIT], self.value - self.unit)
            begun = self.search.elapsed
            nodes = int(grown.state[tree.NODES])
            done = tree.grow(self.p, grown, slice_, tree.STEPS)
            self.search.spent += (int(grown.state[tree.NODES]) - nodes) * NODE_EFFORT * len(self.p.group)
            took = self.search.elapsed - begun
            spent[1] += took
            slice_ = max(1, slice_ // 2) if took > MOMENT else min(SLICE, 2 * slice_)
            if grown.state[tree.FOUND]:
                self.take(grown.answer.copy())
            if done:
                if grown.state[tree.LEFT_OUT]:
                    return
                self.proved = max(self.proved, min(limit + self.unit, self.value))
                grown, step = None, 2 * step
                self.search.tell(0, self.told(self.value), self.told(self.floor))

    def _try(self, parts: Parts) -> float:
        """Some parts; how long it took."""
        begun, before = self.search.elapsed, parts.spent
        for _ in range(TURN):
            found = parts.improve(self.at, go_on=self._goes_on) if self.at is not None else None
            if found is not None:
                self.take(found)
            if self.search.left <= 0 or self.floor >= self.value:
                break
        self.search.spent += (parts.spent - before) * NODE_EFFORT
        return self.search.elapsed - begun

    def _goes_on(self) -> bool:
        return self.search.left > 0

    def _parts(self) -> Parts:
        draw = np.random.default_rng(self.search.seed)
        return Parts(self.p, self.best.copy(), self.unit, draw, self._near())

    def _near(self) -> Ints:
        """Places that an answer no dearer than the best could have."""
        nothing, run = np.zeros(len(self.p.group), np.int64), self.p.must.astype(np.int64)
        total = self._look()
        inside.margins(self.p, total, self.best, nothing, run, self.view, self.bench)
        found: Ints = np.flatnonzero(self.view.whole <= self.value)
        return found

    def told(self, value: int) -> int:
        """A value in the aim's own units and sign."""
        aim = self.table.aim
        whole = -(-value // self.unit)
        return aim.constant + (-whole if aim.maximise else whole)

    def file(self) -> None:
        """Hand in what is proved: by prices if they do alone, else by a search."""
        if self.at is None or self.search.best is None or self.search.bounds:
            return
        form = self.search.form
        price = np.where(self.table.must_place, self.best, np.minimum(self.best, 0))
        entry = Certificate("prices", scale=self.unit, inside="options", groups=-price)
        reached = self.table.aim.value(self.search.best)
        allowed = [form.problem.stages[0].allowed(reached)]
        bound = self.told(self.floor)
        try:
            certified = proved_bound(form.problem, allowed, 0, entry).bound
        except Refused:
            entry, certified = Certificate("search"), None
        if certified != bound:
            entry = replace(entry, proof="search", certified=certified)
        self.search.bounds.append(bound)
        self.search.certificates[0] = entry
