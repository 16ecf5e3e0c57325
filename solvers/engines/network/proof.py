"""Proof: the network's prices as a certificate that needs no network to be checked."""

import numpy as np

from solvers.certificate import Certificate, Row, limit_rows
from solvers.engines.network.moment import Moment
from solvers.engines.network.shape import Quota, common_measure
from solvers.engines.search import Search
from solvers.problem import Ints, Problem
from solvers.rules import limits

CHAIN = Certificate("chain")
LARGEST = 2**60


def of(search: Search, moment: Moment, cost: Ints) -> Certificate | None:
    """Prices for the stage just settled, or None where they cannot say it in the certificate's terms.

    A node's price is what its quota adds: the capacity of an option, one side of a limit, a resource. Earlier stages
    need no multiplier, for what their own prices leave open is known to the auditor, who also knows which options they
    leave full; of other quotas he does not, so there a price of the wrong sign cannot be written.
    """
    problem = search.form.problem
    tree, price = moment.tree, moment.price
    deterrent = 1 + 2 * int(np.abs(cost).max(initial=0)) + 2 * int(np.ptp(price))
    own = np.append(price[tree.parent[:-1]] - price[:-1], 0)
    priced: list[tuple[Quota, int, bool]] = []
    for node in np.flatnonzero(own).tolist():
        quota = moment.shape.quotas[node]
        if quota is None or not quota.whole or not _binds(quota, int(tree.flow[node]), int(own[node])):
            return None
        priced.append((quota, int(own[node]), bool(tree.flow[node] > quota.low)))
    scale = common_measure([quota for quota, _, _ in priced])
    prices = _Prices(problem, deterrent * scale)
    for quota, amount, full in priced:
        if abs(amount) * scale >= LARGEST or not prices.put(quota, amount * (scale // quota.per), full=full):
            return None
    return prices.certificate(scale)


def _binds(quota: Quota, flow: int, price: int) -> bool:
    """Whether the quota itself, and not one below it or an earlier stage's, is what the price is for."""
    if price > 0:
        return flow == quota.high
    return flow == quota.low or (flow == quota.high and quota.rule == "capacity")


class _Prices:
    """Collects prices by rule."""

    def __init__(self, problem: Problem, deterrent: int) -> None:
        self.problem, self.deterrent = problem, deterrent
        self.capacity: Ints = np.zeros(len(problem.options.ids), np.int64)
        self.minimum: Ints = np.zeros(len(problem.options.ids), np.int64)
        self.resources: Ints = np.zeros(len(problem.resources.ids), np.int64)
        self.limits: dict[Row, int] = {}
        self.instances = limits.instances(problem) if problem.limits else []

    def put(self, quota: Quota, price: int, *, full: bool) -> bool:
        """Note a price: above 0 of the most a quota allows, below 0 of its least. False if it cannot be said."""
        if quota.rule == "capacity":
            if price < 0 and not full:
                self.minimum[quota.subject] = -price
            elif not quota.high:
                # Nobody can be there at any price, and an auditor is told so by one that is high enough.
                self.capacity[quota.subject] = self.deterrent
            else:
                self.capacity[quota.subject] = price
            return True
        if quota.rule == "resource":
            self.resources[quota.subject] = price
            return price > 0 and not quota.turned
        instance = self.instances[quota.subject]
        if quota.turned:
            price = -price
        side = "maximum" if price > 0 else "minimum"
        if getattr(self.problem.limits[instance.limit], side) is None:
            return False
        self.limits[Row(instance.limit, instance.tag, instance.option, side)] = abs(price)
        return True

    def certificate(self, scale: int) -> Certificate:
        rows = limit_rows(self.problem) if self.limits else []
        return Certificate(
            "prices",
            scale=scale,
            capacity=self.capacity,
            minimum=self.minimum,
            resources=self.resources,
            limits=np.array([self.limits.get(row, 0) for row in rows], np.int64),
        )
