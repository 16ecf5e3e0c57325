"""What no placement can pass in one of many stages: the stages before it are held by a price each.

In a large problem the prices are the duals of its linear relaxation where that ends in time; else they climb.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from solvers.certificate import Certificate
from solvers.engines import duals, linear
from solvers.engines.prices import proof
from solvers.engines.prices.ascent import PATIENCE, Ascent
from solvers.engines.prices.table import table
from solvers.engines.search import Search
from solvers.proofs.bound import proved_bound
from solvers.proofs.settled import Settled
from solvers.proofs.terms import Refused

STEPS = 1_500
STEP_EFFORT = 1.2e-8
"""Deterministic effort of one step for each choice, about its seconds."""
WIDE = 40_000
"""Choices from which on duals of the relaxation are asked for: below, the door sharpens bounds by them anyway."""
RELAXING = 0.8
"""Share of the time that the relaxation may take; counting what it proves takes some too."""
HOLDS = (1.0, 3.0, 10.0)
"""Prices of the earlier stages to begin with."""


def bound(
    search: Search, number: int, reached: Sequence[int], *, seconds: float
) -> tuple[Certificate, int] | None:
    """A certificate for stage ``number`` while earlier ones stay as good as allowed, and the bound it proves."""
    stages = search.form.problem.stages
    if _has_no_price(stages[number].stage, stages[number].measure):
        return None
    if len(search.form.problem.choices.group) > WIDE:
        return _relaxed(search, number, reached, seconds=seconds) or _climbed(
            search, number, reached, seconds=min(seconds, search.left)
        )
    return _climbed(search, number, reached, seconds=seconds)


def _relaxed(
    search: Search, number: int, reached: Sequence[int], *, seconds: float
) -> tuple[Certificate, int] | None:
    """The duals of the linear relaxation, made whole and proved; None if time ends before it does."""
    problem = search.form.problem
    allowed = [stage.allowed(value) for stage, value in zip(problem.stages, reached, strict=False)]

    def ask(rows: duals.Rows, lower: duals.Floats, upper: duals.Floats, cost: duals.Floats) -> Any:
        found = linear.solve(search, rows, lower, upper, cost, seconds=RELAXING * seconds)
        return None if found is None else found.duals

    relaxation = duals.Relaxation(search.form, "groups", ask)
    known = Settled.by_rules(problem)
    best: tuple[Certificate, int] | None = None
    for entry in relaxation.prices(duals.Question(number, allowed, known, None, seconds)):
        try:
            bound = proved_bound(problem, allowed, number, entry).bound
        except Refused:
            continue
        sign = 1 if problem.stages[number].maximise else -1
        if bound is not None and (best is None or sign * (best[1] - bound) > 0):
            best = entry, bound
    return best


def _climbed(
    search: Search, number: int, reached: Sequence[int], *, seconds: float
) -> tuple[Certificate, int] | None:
    """Prices that climb from where nothing is known of them."""
    # Half the time, for setting up and for counting what is proved take theirs.
    until = search.elapsed + 0.5 * seconds
    form = search.form
    stages = form.problem.stages
    earlier = [one for one in range(number) if not _has_no_price(stages[one].stage, stages[one].measure)]
    ascent = Ascent(table(form, number, reached, earlier=earlier))
    held = ascent.table.rows.origin < 0
    for price in HOLDS if earlier else ():
        for groups in (np.zeros(len(ascent.groups)), ascent.groups):
            ascent.begin(groups, np.where(held, price, 0.0))

    def go_on() -> bool:
        search.spent += PATIENCE * STEP_EFFORT * len(ascent.market.cost)
        return search.left > 0 and search.elapsed < until

    ascent.climb(STEPS, go_on=go_on)
    allowed = [stage.allowed(value) for stage, value in zip(stages, reached, strict=False)]
    return proof.prove(ascent, number, allowed)


def _has_no_price(stage: str, measure: str) -> bool:
    return stage == "spread" or measure == "worst"
