"""An answer made better a few options at a time: who is there is placed anew among them, by a small tree of its own.

Large neighbourhoods searched exactly (Shaw, CP 1998): the prices of the whole are good prices of a part.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from solvers.engines.knapsacks import tree
from solvers.engines.knapsacks.moves import worth
from solvers.engines.knapsacks.places import Places, part_of
from solvers.problem import Ints

STEPS = 8
"""Steps of the prices at one node of a part."""
NODES, SLICE = 150, 10
"""Nodes of a part's tree, and those between two looks at the clock."""
LOWEST = 0.08
"""Share below which a part is too large."""
FEWEST, LARGER = 2.0, 1.02
"""Fewest options of a part; by how much parts grow that are gone through."""


@dataclass(eq=False)
class Parts:
    """Which options were tried together, and how many at once pay."""

    p: Places
    price: Ints
    unit: int
    draw: np.random.Generator
    near: Ints
    """Places that an answer not much dearer could have."""
    size: float = 3.0
    share: float = 1.0
    """How far between its bound and what it costs now a part is to come."""
    spent: int = 0
    """Nodes times places, so far."""
    stale: int = field(default=0)
    """Parts tried since something was gained."""

    def improve(self, at: Ints, *, go_on: Callable[[], bool] = lambda: True) -> Ints | None:
        """One part tried anew, as long as it may ``go_on``; the better answer, or None."""
        p = self.p
        running = np.unique(p.option[at])
        options = self._together(at, running)
        groups = np.flatnonzero(np.isin(p.option[at], options))
        part, kept = part_of(p, groups, options, p.capacity[options])
        now = self._value(part, at[groups], kept)
        t = tree.plant(part, self.price[groups], now - self.unit, self.unit)
        least = tree.glance(part, t)
        hope = least + int(self.share * (now - self.unit - least))
        t.state[tree.LIMIT] = min(t.state[tree.LIMIT], hope)
        done = False
        while not done and t.state[tree.NODES] < NODES and go_on():
            done = bool(tree.grow(part, t, SLICE, STEPS))
        self.spent += int(t.state[tree.NODES]) * len(kept)
        self._adapt(done=done, found=bool(t.state[tree.FOUND]))
        if t.state[tree.FOUND] == 0:
            self.stale += 1
            return None
        self.stale = 0
        found = at.copy()
        found[groups] = kept[t.answer]
        return found

    def _adapt(self, *, done: bool, found: bool) -> None:
        """Aim lower where that is too much to go through, higher where there is nothing."""
        if found:
            return
        if not done:
            self.share *= 0.85
        elif self.share < 1:
            self.share = min(1.0, self.share * 1.1)
        if self.share >= 1:
            self.size = min(len(self.p.capacity), self.size * LARGER)
        elif self.share < LOWEST:
            self.share = LOWEST
            self.size = max(FEWEST, self.size - 0.2)

    def _value(self, part: Places, at: Ints, kept: Ints) -> int:
        return worth(part, np.searchsorted(kept, at))

    def _together(self, at: Ints, running: Ints) -> Ints:
        """Options to try: one at random, then those that groups already chosen would go to next."""
        p = self.p
        options = len(p.capacity)
        size = min(int(self.size + self.draw.random()), options)
        chosen = [int(self.draw.choice(running))]
        while len(chosen) < size:
            there = np.isin(p.option[at], chosen)
            mine = self.near[there[p.group[self.near]]]
            link = np.bincount(p.option[mine], minlength=options) + 0.05
            link *= self.draw.random(options) ** 2 + 0.01
            link[chosen] = -1
            chosen.append(int(np.argmax(link)))
        return np.array(sorted(chosen))
