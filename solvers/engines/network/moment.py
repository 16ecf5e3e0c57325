"""Moment: where everybody stands in the network now, at what prices, and what is still open to them."""

from collections.abc import Callable

import numpy as np

from solvers.engines.network import moves, shape
from solvers.engines.network.shape import Shape
from solvers.engines.network.tables import Crowd, Rows, Tree
from solvers.problem import Flags, Ints

PHASES = 200
"""Phases after which the clock is looked at."""
FIRST_BITS = 6
"""Costs are first seen to so many bits: fewer make ties and long chains, more make many different distances."""


class TooLarge(ValueError):
    """Costs too large for whole-number prices in 64 bits."""


class Moment:
    """A flow that is changed in place: rows, crowd and tree as in ``Shape``, and a price for each node."""

    def __init__(self, form: Shape) -> None:
        self.shape = form
        self.rows: Rows = form.rows._replace(place=form.rows.place.copy())
        base, member, size, where = form.crowd
        self.crowd: Crowd = Crowd(base, member.copy(), size.copy(), where.copy())
        tree = form.tree
        self.tree: Tree = Tree(tree.parent, tree.low.copy(), tree.high.copy(), tree.flow.copy(), *tree[4:])
        self.price: Ints = np.zeros(len(tree.parent), np.int64)
        self.need: Ints = shape.needs(tree, len(form.rows.place))

    def cost(self, amount: Ints) -> Ints:
        """Cost of every open place, from that of every choice; *out* costs nothing."""
        padded = np.append(amount, 0)
        found: Ints = padded[self.rows.choice]
        return found

    def settle(self, amount: Ints, *, goes_on: Callable[[], bool]) -> bool | None:
        """Stand everybody at least cost; False if there is no way, None if there was no time."""
        cost = self.cost(amount)
        largest = int(np.abs(cost).max(initial=0))
        if largest >= 2**60 // len(self.price):
            raise TooLarge("costs are too large for the network's prices")
        shift = max(0, largest.bit_length() - FIRST_BITS)
        self.price[:] = 0
        while True:
            found = self._settle(amount, cost, shift, goes_on)
            if not found or not shift:
                self._calm()
                return found
            cost = self.cost(amount)
            shift -= 1
            self.price *= 2

    def _settle(self, amount: Ints, cost: Ints, shift: int, goes_on: Callable[[], bool]) -> bool | None:
        moves.release(self.rows, self.crowd, self.price, self.need, cost, shift)
        while True:
            state = moves.augment(
                self.rows, self.crowd, self.tree, self.price, self.need, cost, shift=shift, phases=PHASES
            )
            if state == moves.PAUSED:
                if not goes_on():
                    return None
                self.sort(np.ones(len(cost), np.bool_))
                cost = self.cost(amount)
                continue
            return state == moves.DONE

    def _calm(self) -> None:
        """Where nobody stands no price draws anybody: it is raised to that of the node above, which changes nothing."""
        tree, price = self.tree, self.price
        idle = np.flatnonzero((tree.flow == 0) & (np.append(price[tree.parent[:-1]], price[-1]) < price))
        while len(idle):
            price[idle] = price[tree.parent[idle]]
            idle = np.flatnonzero((tree.flow == 0) & (np.append(price[tree.parent[:-1]], price[-1]) < price))

    def sort(self, keep: Flags) -> None:
        """Bring rows that stand together together; leave out places not to ``keep``."""
        self.rows, self.crowd = moves.sorted_rows(self.rows, self.crowd, keep)

    def narrow(self, amount: Ints) -> None:
        """Leave to later stages only what is as good: complementary slackness says just which places and quotas."""
        tree, price = self.tree, self.price
        fixed = price != np.append(price[tree.parent[:-1]], price[-1])
        tree.low[fixed] = tree.flow[fixed]
        tree.high[fixed] = tree.flow[fixed]
        self.sort(moves.tight(self.rows, price, self.cost(amount)))

    def value(self, amount: Ints) -> int:
        return int(self.cost(amount)[self.rows.place].sum())

    def units(self, choices: int) -> Ints:
        """How many units stand at each choice."""
        taken = self.rows.choice[self.rows.place]
        found: Ints = np.bincount(taken[taken >= 0], minlength=choices).astype(np.int64)
        return found
