"""Relaxation: where everybody would stand if seats alone counted, all stages in order."""

from collections.abc import Callable, Sequence

from solvers.engines.network import shape
from solvers.engines.network.moment import Moment, TooLarge
from solvers.engines.network.stages import joint
from solvers.problem import Flags, Ints, Problem


def target(
    problem: Problem,
    *,
    open_: Flags,
    out: Flags,
    seats: Ints,
    costs: Sequence[Ints],
    goes_on: Callable[[], bool],
) -> Ints | None:
    """Units at each choice, least in each of ``costs`` (by choice) after those before it; None if there is no way.

    Costs that there is no time for, or that are too large, are left out.
    """
    found = shape.relaxed(problem, open_, out, seats)
    if found is None or not found.possible:
        return None
    moment = Moment(found)
    if not moment.settle(joint([cost for cost in costs if cost.any()], len(open_)), goes_on=lambda: True):
        return None
    for cost in costs:
        if not goes_on():
            break
        try:
            moment.settle(cost, goes_on=lambda: True)
        except TooLarge:
            break
        moment.narrow(cost)
    return moment.units(len(open_))
