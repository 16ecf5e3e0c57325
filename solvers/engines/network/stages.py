"""Stages on the network: each settled exactly, and the next one sees only what is as good in all before it."""

from collections.abc import Sequence

import numpy as np

from solvers.engines.network import proof, shape, turns
from solvers.engines.network.moment import Moment, TooLarge
from solvers.engines.search import Search
from solvers.problem import Ints
from solvers.rules.form import Form
from solvers.rules.rule import Aim

STEEPNESS, UNIT = 8.0, 16
"""In joint costs the first stage weighs so many times the last, whose dearest choice costs so many units."""


def fits(form: Form) -> bool:
    """Whether a network keeps every rule and counts every stage of this problem."""
    return shape.of(form) is not None


def solve(search: Search) -> bool:
    """Settle every stage and the draw; False if the problem is none for a network or its amounts are too large.

    Once the clock or a stop leaves no time the stages still open are left as they happen to be, without bounds.
    """
    form = search.form
    found = shape.of(form)
    if found is None:
        return False
    if not found.possible:
        search.infeasible = True
        return True
    moment = Moment(found)
    del found  # its tables are the moment's now
    try:
        return _solve(search, moment)
    except TooLarge:
        search.reached, search.bounds, search.certificates = [], [], {}
        return False


def _solve(search: Search, moment: Moment) -> bool:
    form = search.form
    costs = [cost_of(form, aim) for aim in form.aims]
    live = [cost for cost in costs if cost.any()]
    warm = _has_one_weight(form, costs) and moment.resume(form.problem)
    start = live[0] if warm else joint(live, len(form.problem.choices.group))
    # Somebody who stops at once is still owed a whole answer.
    if not moment.settle(start, goes_on=_always):
        search.infeasible = True
        return True
    proved = True
    for number, cost in enumerate(costs):
        ready = number == 0 and cost is start
        if search.left <= 0 and not ready:
            break
        if not ready:
            moment.settle(cost, goes_on=_always)
        proved = _stage(search, moment, number, cost, proved=proved)
    stages = form.problem.stages
    if len(search.reached) == len(form.aims) and stages and stages[-1].stage == "lot":
        search.lot_value = turns.draw(search, moment)
        if proved and moment.shape.plain:
            search.certificates[len(form.aims)] = proof.CHAIN
    search.best = form.complete(moment.units(len(form.problem.choices.group)))
    return True


def _has_one_weight(form: Form, costs: Sequence[Ints]) -> bool:
    """Whether, but for changes, a single stage weighs anything: only then did people stand where they nearly should.

    Where several do, newcomers upset one stage after another, and mending all of them takes as long as afresh.
    """
    weighing = [
        cost.any()
        for stage, cost in zip(form.problem.stages, costs, strict=False)
        if stage.stage != "changes"
    ]
    return sum(weighing) == 1 and bool(form.problem.previous)


def _stage(search: Search, moment: Moment, number: int, cost: Ints, *, proved: bool) -> bool:
    """Take stock of a stage just settled, file its proof, close what is worse; whether prices prove all so far."""
    aim = search.form.aims[number]
    value = moment.value(cost)
    value = constant_of(search.form, aim) + (-value if aim.maximise else value)
    certificate = proof.of(search, moment, cost) if proved else None
    if certificate is not None:
        search.certificates[number] = certificate
    moment.narrow(cost)
    search.reached.append(value)
    search.bounds.append(value)
    search.tell(number, value, value)
    return certificate is not None


def _always() -> bool:
    return True


def cost_of(form: Form, aim: Aim) -> Ints:
    """An aim as cost of a unit at each choice, less always better."""
    many = len(form.problem.choices.group)
    cost = np.zeros(many, np.int64)
    inside = aim.column < many
    cost[aim.column[inside]] = -aim.amount[inside] if aim.maximise else aim.amount[inside]
    return cost


def constant_of(form: Form, aim: Aim) -> int:
    """What an aim counts whoever stands where: options that must run."""
    return aim.constant + int(aim.amount[aim.column >= len(form.problem.choices.group)].sum())


def joint(costs: Sequence[Ints], choices: int) -> Ints:
    """Several stages as one, each weighing a little less than the one before: to start from, and no proof.

    Each of them must weigh something. Steep weights would be nearer to the truth, but what they leave at first sight is all ties.
    """
    if len(costs) <= 1:
        return costs[0] if costs else np.zeros(choices, np.int64)
    total = np.zeros_like(costs[0])
    for number, cost in enumerate(costs):
        share = STEEPNESS ** (1 - number / (len(costs) - 1)) * UNIT
        total += np.round(share * (cost / np.abs(cost).max())).astype(np.int64)
    return total
