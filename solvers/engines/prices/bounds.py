"""What no placement can pass in one of many stages: the same climb, with the stages before it held by a price each."""

from collections.abc import Sequence

import numpy as np

from solvers.certificate import Certificate
from solvers.engines.prices import proof
from solvers.engines.prices.ascent import PATIENCE, Ascent
from solvers.engines.prices.table import table
from solvers.engines.search import Search

STEPS = 1_500
STEP_EFFORT = 1.2e-8
"""Deterministic effort of one step for each choice, about its seconds."""
HOLDS = (1.0, 3.0, 10.0)
"""Prices of the earlier stages to begin with."""


def bound(
    search: Search, number: int, reached: Sequence[int], *, seconds: float
) -> tuple[Certificate, int] | None:
    """A certificate for stage ``number`` while earlier ones stay as good as allowed, and the bound it proves."""
    # Half the time, for setting up and for counting what is proved take theirs.
    until = search.elapsed + 0.5 * seconds
    form = search.form
    stages = form.problem.stages
    if _has_no_price(stages[number].stage, stages[number].measure):
        return None
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
