"""Moment: where everybody stands in the network now, at what prices, and what is still open to them."""

from collections.abc import Callable

import numpy as np

from solvers.engines.network import mend, moves, shape
from solvers.engines.network.shape import Shape
from solvers.engines.network.tables import Crowd, Rows, Tree
from solvers.problem import Flags, Ints, Problem

PHASES = 200
"""Phases after which the clock is looked at."""
FEW = 10
"""Mending is for where no more than one in so many waits."""
FIRST_BITS = 6
"""Costs are first seen to so many bits: fewer make ties and long chains, more make many different distances."""


class TooLarge(ValueError):
    """Costs too large for whole-number prices in 64 bits."""


class Moment:
    """A flow that is changed in place: rows, crowd and tree as in ``Shape``, and a price for each node."""

    def __init__(self, form: Shape) -> None:
        self.shape = form.without_tables()
        self.rows: Rows = form.rows._replace(place=form.rows.place.copy())
        base, member, size, where = form.crowd
        self.crowd: Crowd = Crowd(base, member.copy(), size.copy(), where.copy())
        tree = form.tree
        self.tree: Tree = Tree(tree.parent, tree.low.copy(), tree.high.copy(), tree.flow.copy(), *tree[4:])
        self.price: Ints = np.zeros(len(tree.parent), np.int64)
        self.warm = False
        """Whether everybody stands about where he should."""
        self.surplus = 0
        self.need: Ints = shape.needs(tree, len(form.rows.place))

    def cost(self, amount: Ints) -> Ints:
        """Cost of every open place, from that of every choice; *out* costs nothing."""
        choice = self.rows.choice
        if not len(amount):
            return np.zeros(len(choice), np.int64)
        found: Ints = amount.take(choice, mode="clip")
        found[choice < 0] = 0
        return found

    def resume(self, problem: Problem) -> bool:
        """Stand everybody where the last result had him, if that is still open; False if too few stand to be of use."""
        known = np.zeros(len(problem.groups.ids), np.bool_)
        known[list(problem.previous)] = True
        held = np.zeros(len(problem.choices.group), np.int64)
        choice, units = problem.held
        held[choice] = units
        standing, beyond = mend.stand(
            self.rows, self.crowd, self.tree, self.need, group=self.shape.group, held=held, known=known
        )
        self._surplus(beyond)
        self.sort(np.ones(len(self.rows.node), np.bool_))
        self.warm = standing * FEW >= len(self.rows.place) * (FEW - 1)
        return self.warm

    def _surplus(self, count: int) -> None:
        """Let so many units wait that can only stand at the root: they take what is wanted and nobody is there for."""
        rows, crowd = self.rows, self.crowd
        places, units, root = len(rows.node), len(rows.place), len(self.price) - 1
        self.surplus = count
        self.rows = Rows(
            first=np.append(rows.first, places + 1 + np.arange(count)),
            node=np.append(rows.node, np.full(count, root, np.int32)),
            choice=np.append(rows.choice, np.full(count, -1, np.int32)),
            place=np.append(rows.place, np.full(count, -1)),
            unit=np.append(rows.unit, np.full(count, units, np.int32)),
        )
        self.crowd = crowd._replace(
            member=np.append(crowd.member, np.zeros(count, np.int32)),
            where=np.append(crowd.where, np.zeros(count, np.int64)),
        )

    def _rid(self) -> None:
        """Take the surplus out again; those at the root are the last when rows are sorted."""
        if not self.surplus:
            return
        self.sort(np.ones(len(self.rows.node), np.bool_))
        rows, count = self.rows, self.surplus
        self.rows = Rows(
            rows.first[:-count],
            rows.node[:-count],
            rows.choice[:-count],
            rows.place[:-count],
            rows.unit[:-count],
        )
        self.crowd = self.crowd._replace(where=self.crowd.where[:-count])
        self.crowd.size[-1] -= count
        self.surplus = 0

    def _mend(self, amount: Ints) -> bool | None:
        """As ``settle``, from where people stand; None if that would take longer than afresh."""
        cost = self.cost(amount)
        mend.prices(self.rows, self.crowd, self.tree, self.price, self.need, cost)
        moves.release(self.rows, self.crowd, self.price, self.need, cost, 0)
        if (self.rows.place < 0).sum() * FEW > len(self.rows.place):
            return None
        state = moves.augment(
            self.rows, self.crowd, self.tree, self.price, self.need, cost, shift=0, phases=PHASES
        )
        return None if state == moves.PAUSED else state == moves.DONE

    def settle(self, amount: Ints, *, goes_on: Callable[[], bool]) -> bool | None:
        """Stand everybody at least cost; False if there is no way, None if there was no time."""
        if self.warm:
            found = self._mend(amount)
            if found is not None:
                if found:
                    self._rid()
                self._calm()
                return found
        cost = self.cost(amount)
        largest = int(np.abs(cost).max(initial=0))
        if largest >= 2**60 // len(self.price):
            raise TooLarge("costs are too large for the network's prices")
        shift = max(0, largest.bit_length() - FIRST_BITS)
        self.price[:] = 0
        while True:
            found = self._settle(amount, cost, shift, goes_on)
            if not found or not shift:
                if found:
                    self._rid()
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
