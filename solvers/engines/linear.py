"""Linear relaxations too large for GLOP in the time there is: HiGHS, by the primal simplex, with our clock.

Parties divisible, minima and pieces in proportion: what remains is a network with a few rows across it, which the primal
simplex walks through quickly from the empty answer (J. Hall, Q. Huangfu, Parallelizing the dual revised simplex method,
Mathematical Programming Computation 10, 2018, describe the solver).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import highspy
import numpy as np

from solvers.engines.mip import silent
from solvers.engines.search import Search
from solvers.problem import Ints
from solvers.rules.rule import NO_BOUND

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
PRIMAL = 4
"""HiGHS's number for its primal simplex."""
STEP_EFFORT = 3e-9
"""Deterministic effort of one step of the simplex for each variable, about its seconds."""


class Rows(Protocol):
    """``low <= matrix x values <= high``, row by row."""

    @property
    def start(self) -> Ints: ...
    @property
    def column(self) -> Ints: ...
    @property
    def amount(self) -> Ints: ...
    @property
    def low(self) -> Ints: ...
    @property
    def high(self) -> Ints: ...


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """The least answer, and what each row's side is worth in it."""

    values: Floats
    duals: Floats


def solve(
    search: Search, rows: Rows, lower: Floats, upper: Floats, cost: Floats, *, seconds: float
) -> Solved | None:
    """The relaxation's least, or None where ``seconds`` (or as much effort), or a stop, come first."""
    highs = silent()
    for name, value in (("output_flag", False), ("threads", 1), ("solver", "simplex")):
        highs.setOptionValue(name, value)
    highs.setOptionValue("simplex_strategy", PRIMAL)
    step = STEP_EFFORT * len(upper)
    if search.work is None:
        highs.setOptionValue("time_limit", max(0.01, seconds))
    else:
        highs.setOptionValue("simplex_iteration_limit", max(1, int(seconds / step)))

    def watch(_event: Any, _message: str, _said: Any, answer: Any, _data: Any) -> None:
        answer.user_interrupt = search.stopped

    highs.setCallback(watch, None)
    highs.startCallback(highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt)
    highs.passModel(_written(rows, lower, upper, cost))
    highs.run()
    search.spent += step * max(1, int(highs.getInfo().simplex_iteration_count))
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    found = highs.getSolution()
    return Solved(np.array(found.col_value), np.array(found.row_dual))


def _written(rows: Rows, lower: Floats, upper: Floats, cost: Floats) -> Any:
    lp: Any = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(upper), len(rows.low)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
    low, high = rows.low.astype(np.float64), rows.high.astype(np.float64)
    lp.row_lower_ = np.where(rows.low <= -NO_BOUND, -highspy.kHighsInf, low)
    lp.row_upper_ = np.where(rows.high >= NO_BOUND, highspy.kHighsInf, high)
    width = max(1, len(upper))
    key = np.repeat(np.arange(len(low)), np.diff(rows.start)) * width + rows.column
    once, at = np.unique(key, return_inverse=True)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.searchsorted(once, np.arange(len(low) + 1) * width).astype(np.int32)
    lp.a_matrix_.index_ = (once % width).astype(np.int32)
    lp.a_matrix_.value_ = np.bincount(at, rows.amount.astype(np.float64), len(once))
    return lp
