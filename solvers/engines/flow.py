"""Minimum cost flow, stage after stage: exact where nothing ties groups together, else a relaxation and its bounds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np
from ortools.graph.python import min_cost_flow

from solvers.engines.search import Search
from solvers.problem import Flags, Ints, Problem
from solvers.rules.form import Form
from solvers.rules.rule import Aim

SEPARABLE = {"once", "required", "pinned", "banned", "capacity"}
"""Rules that a network keeps by itself."""
LARGEST_COST = 2**40
"""Beyond this the flow's own scaling of costs could overflow."""


ARC = 2e-6
"""Seconds that a flow takes for each of its arcs, about: it cannot be interrupted, so it is not begun any later."""
WIDE = 10_000
"""Choices from which on the compiled network is worth loading."""


class TooLarge(ValueError):
    """Amounts too large for the flow's arithmetic."""


@dataclass(eq=False)
class Network:
    """Groups -> options or out -> sink; a group sends its heads, or the fewest a choice of it counts.

    ``settled`` marks what earlier stages decided: arcs that must stay empty (1) or full (-1).
    """

    problem: Problem
    supply: Ints
    open: Flags
    """Choices that may be taken."""
    seats: Ints
    may_stay_out: Flags
    tail: Ints = field(init=False)
    head: Ints = field(init=False)
    room: Ints = field(init=False)
    settled: Ints = field(init=False)

    def __post_init__(self) -> None:
        problem = self.problem
        groups, options = len(problem.groups.ids), len(problem.options.ids)
        self.choice = np.flatnonzero(self.open)
        self.stay = np.flatnonzero(self.may_stay_out)
        out, sink = groups + options, groups + options + 1
        option = np.arange(groups, groups + options)
        self.tail = np.concatenate([problem.choices.group[self.choice], self.stay, option, [out]])
        self.head = np.concatenate(
            [
                groups + problem.choices.option[self.choice],
                np.full(len(self.stay), out),
                np.full(options, sink),
                [sink],
            ]
        )
        total = int(self.supply.sum())
        self.room = np.concatenate(
            [
                self.supply[problem.choices.group[self.choice]],
                self.supply[self.stay],
                np.minimum(self.seats, total),
                [total],
            ]
        )
        self.settled = np.zeros(len(self.tail), np.int64)

    @classmethod
    def of(cls, problem: Problem, *, closed: Flags | None = None) -> "Network":
        """The relaxation: pins, bans, seats and required groups hold; everything else is left out."""
        choices, groups = problem.choices, problem.groups
        supply = groups.size.copy()
        heads = np.full(len(groups.ids), 2**53)
        np.minimum.at(heads, choices.group, choices.heads)
        whole = (groups.piece == 0) & (heads < 2**53)
        supply[whole] = np.maximum(1, heads[whole])
        open_ = ~choices.banned
        stay = ~groups.required
        for group, placed in problem.pinned.items():
            mine = slice(int(groups.first[group]), int(groups.first[group + 1]))
            open_[mine] = False
            pins = np.array(list(placed), np.int64)
            open_[pins] = ~choices.banned[pins]
            stay[group] = sum(placed.values()) < (supply[group] if groups.piece[group] else 1)
        if closed is not None:
            open_ &= ~closed[choices.option]
            stay[np.isin(np.arange(len(stay)), choices.group[open_], invert=True)] = True
        return cls(problem, supply, open_, problem.options.capacity, stay)

    def solve(self, cost: Ints) -> Ints | None:
        """The flow on every arc, least ``cost`` (per choice and head) beside what is settled; None if there is none."""
        whole = self._whole_cost(cost)
        flow = min_cost_flow.SimpleMinCostFlow()
        flow.add_arcs_with_capacity_and_unit_cost(self.tail, self.head, self.room, whole)
        nodes = np.arange(len(self.supply))
        flow.set_nodes_supplies(nodes, self.supply)
        flow.set_node_supply(int(self.head[-1]), -int(self.supply.sum()))
        if flow.solve() != flow.OPTIMAL:
            return None
        found: Ints = np.asarray(flow.flows(np.arange(len(self.tail))), np.int64)
        return found

    def too_late(self, search: Search) -> bool:
        """Whether the time left is up before a flow would be found; effort is not time, and only has to be left."""
        return search.left <= (ARC * len(self.tail) if search.work is None else 0)

    def settle(self, cost: Ints, flow: Ints) -> None:
        """Leave to later stages only flows that cost as little as this one."""
        whole = self._whole_cost(cost)
        price = self._prices(whole, flow)
        reduced = whole + price[self.tail] - price[self.head]
        self.settled = np.where(reduced > 0, 1, np.where(reduced < 0, -1, 0))

    def _whole_cost(self, cost: Ints) -> Ints:
        whole = np.zeros(len(self.tail), np.int64)
        whole[: len(self.choice)] = cost[self.choice]
        largest = int(np.abs(whole).max(initial=0))
        weight = 2 * largest * int(self.supply.sum()) + 1
        if weight >= LARGEST_COST:
            raise TooLarge("weights are too large for the flow")
        return whole + weight * self.settled

    def _prices(self, cost: Ints, flow: Ints) -> Ints:
        """Shortest distances in the residual network: what proves the flow least."""
        price = np.zeros(int(self.head.max()) + 1, np.int64)
        forth, back = flow < self.room, flow > 0
        tail = np.concatenate([self.tail[forth], self.head[back]])
        head = np.concatenate([self.head[forth], self.tail[back]])
        length = np.concatenate([cost[forth], -cost[back]])
        for _ in range(len(price)):
            before = price.copy()
            np.minimum.at(price, head, price[tail] + length)
            if np.array_equal(before, price):
                break
        return price

    def units(self, flow: Ints) -> Ints:
        """Heads sent along each choice."""
        sent = np.zeros(len(self.problem.choices.group), np.int64)
        sent[self.choice] = flow[: len(self.choice)]
        return sent

    def value(self, cost: Ints, flow: Ints) -> int:
        return int(cost[self.choice] @ flow[: len(self.choice)])


def fits(form: Form) -> bool:
    """Whether a network keeps all rules and counts all stages of this problem."""
    problem = form.problem
    rules = {form.rule[block] for block in np.unique(form.block).tolist()}
    alone = bool((problem.choices.heads == 1).all()) and not (problem.groups.piece > 0).any()
    over_choices = all(
        len(aim.column) == 0 or int(aim.column.max()) < len(problem.choices.group) for aim in form.aims
    )
    exact = not any(stage.tolerance[0] for stage in problem.stages)
    return rules <= SEPARABLE and alone and over_choices and exact and not len(form.sheet.names["pieces"])


def solve(search: Search) -> bool:
    """Settle every stage before the lot exactly; False if the amounts are too large for the flow.

    Once the clock or a stop leaves no time the stages still open are left as they happen to be, without bounds.
    """
    form = search.form
    network = Network.of(form.problem)
    try:
        flow = network.solve(np.zeros(len(form.problem.choices.group), np.int64))
        if flow is None:
            search.infeasible = True
            return True
        values = []
        for number, aim in enumerate(form.aims):
            if network.too_late(search):
                break
            cost = _cost(form, aim)
            if not cost.any():
                values.append(aim.constant)
                continue
            flow = network.solve(cost)
            if flow is None:
                return False
            network.settle(cost, flow)
            values.append(aim.constant + _signed(aim, network.value(cost, flow)))
            search.tell(number, values[-1], values[-1])
        units = network.units(flow) if network.too_late(search) else _drawn(network, form, flow)
        search.best = form.complete(units)
    except TooLarge:
        return False
    search.reached, search.bounds = list(values), list(values)
    return True


def _drawn(network: Network, form: Form, flow: Ints) -> Ints:
    """A fair last word in place of the draw's exact one: the luckier, the more a dear choice weighs."""
    problem = form.problem
    turn = np.empty(len(problem.turn), np.int64)
    turn[problem.turn] = np.arange(len(turn))
    place = np.arange(len(problem.choices.group)) - problem.groups.first[problem.choices.group]
    most = int(np.diff(problem.groups.first).max(initial=1))
    cost = -(most - place) * (1 + (len(turn) - turn[problem.choices.group]) * 1000 // max(1, len(turn)))
    drawn = network.solve(cost)
    return network.units(flow if drawn is None else drawn)


def _cost(form: Form, aim: Aim) -> Ints:
    cost = np.zeros(len(form.problem.choices.group), np.int64)
    cost[aim.column] = -aim.amount if aim.maximise else aim.amount
    return cost


def _signed(aim: Aim, cost: int) -> int:
    return -cost if aim.maximise else cost


def per_head(form: Form, aim: Aim, supply: Ints) -> Ints | None:
    """An aim as cost per head sent, never more than the truth; None if it counts more than choices."""
    problem = form.problem
    inside = aim.column < len(problem.choices.group)
    amount = -aim.amount if aim.maximise else aim.amount
    if (amount[~inside] < 0).any():
        return None
    cost = np.zeros(len(problem.choices.group), np.int64)
    cost[aim.column[inside]] = amount[inside]
    whole = problem.groups.piece[problem.choices.group] == 0
    heads = supply[problem.choices.group]
    cost[whole] = cost[whole] // heads[whole]
    return cost


def bound(form: Form, number: int, reached: Sequence[int], search: Search) -> int | None:
    """What no placement can pass in one stage while earlier ones stay as good as allowed, by the relaxation."""
    network = Network.of(form.problem)
    cost = per_head(form, form.aims[number], network.supply)
    if cost is None:
        return None
    best: int | None = None
    for weight in (0, 1, 3) if number else (0,):
        found = None if network.too_late(search) else _bound(form, network, cost, number, reached, weight)
        if found is not None:
            best = found if best is None else max(best, found)
    if best is None:
        return None
    aim = form.aims[number]
    return aim.constant + _signed(aim, best)


def _bound(
    form: Form, network: Network, cost: Ints, number: int, reached: Sequence[int], weight: int
) -> int | None:
    """Cost and ``weight`` times what earlier stages exceed their allowed value by: any weight gives a true bound."""
    total, slack = cost.copy(), 0
    for earlier in range(number if weight else 0):
        aim = form.aims[earlier]
        part = per_head(form, aim, network.supply)
        if part is None:
            continue
        total += weight * part
        allowed = form.problem.stages[earlier].allowed(reached[earlier]) - aim.constant
        slack += weight * (-allowed if aim.maximise else allowed)
    try:
        flow = network.solve(total)
    except TooLarge:
        return None
    return None if flow is None else network.value(total, flow) - slack


def target(search: Search, *, closed: Flags | None = None) -> Ints | None:
    """Heads each choice would have if only seats, pins and bans counted, all stages in order.

    Stages that the clock or a stop leaves no time for are left out.
    """
    form = search.form
    network = Network.of(form.problem, closed=closed)
    if len(network.choice) > WIDE and (network.supply == 1).all():
        return _wide_target(search, network)
    flow = None
    for aim in form.aims:
        cost = per_head(form, aim, network.supply)
        if cost is None or not cost.any():
            continue
        if network.too_late(search):
            break
        try:
            found = network.solve(cost)
        except TooLarge:
            break
        if found is None:
            break
        flow = found
        network.settle(cost, flow)
    return None if flow is None else network.units(flow)


def _wide_target(search: Search, network: Network) -> Ints | None:
    """The same on the compiled network, which takes units one by one."""
    costs = [per_head(search.form, aim, network.supply) for aim in search.form.aims]
    relaxation = import_module("solvers.engines.network.relaxation")
    found: Ints | None = relaxation.target(
        search.form.problem,
        open_=network.open,
        out=network.may_stay_out,
        seats=network.seats,
        costs=[cost for cost in costs if cost is not None and cost.any()],
        goes_on=lambda: search.left > 0,
    )
    return found
