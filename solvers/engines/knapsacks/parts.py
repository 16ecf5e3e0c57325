"""An answer made better a few options at a time: who is there is placed anew among them, by a small tree of its own.

Large neighbourhoods searched exactly (Shaw, CP 1998): the prices of the whole are good prices of a part.
"""

from dataclasses import dataclass, field

import numpy as np

from solvers.engines.knapsacks import tree
from solvers.engines.knapsacks.moves import worth
from solvers.engines.knapsacks.places import Places, part_of
from solvers.problem import Ints

NODES = 60
"""Nodes of a part's tree."""
FEWEST, MOST = 2, 12
"""Options of a part."""


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
    spent: int = 0
    """Nodes times places, so far."""
    stale: int = field(default=0)
    """Parts tried since something was gained."""

    def improve(self, at: Ints) -> Ints | None:
        """One part tried anew; the better answer, or None."""
        p = self.p
        running = np.unique(p.option[at])
        options = self._together(at, running)
        groups = np.flatnonzero(np.isin(p.option[at], options))
        part, kept = part_of(p, groups, options, p.capacity[options])
        now = self._value(part, at[groups], kept)
        t = tree.plant(part, self.price[groups], now - self.unit, self.unit)
        done = tree.grow(part, t, NODES, tree.STEPS)
        self.spent += int(t.state[tree.NODES]) * len(kept)
        self.size = float(np.clip(self.size + (0.1 if done else -0.2), FEWEST, min(MOST, len(p.capacity))))
        if t.state[tree.FOUND] == 0:
            self.stale += 1
            return None
        self.stale = 0
        found = at.copy()
        found[groups] = kept[t.answer]
        return found

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
