"""HiGHS, asked the same questions as CP-SAT: quicker where options open at a cost and seats are counted."""

import ctypes
import os
import sys
import threading
from typing import Any

import highspy
import numpy as np

from solvers.engines.exact import Found, Matrix, Watch
from solvers.engines.search import Search
from solvers.problem import Ints
from solvers.rules.rule import NO_BOUND

WIDEST = 2**45
"""Objectives that could pass this are not asked: beyond, floating point would no longer tell two answers apart."""
TICK = 0.05
"""Seconds between two looks at the clock."""


def silent() -> Any:
    """A solver made without its greeting, which nothing turns off and which would stand before a result."""
    flush = ctypes.CDLL(None).fflush
    sys.stdout.flush()
    flush(None)
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        found: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        flush(None)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
    return found


class Model:
    """The form as a HiGHS model; rows of earlier stages are added as they are reached."""

    def __init__(self, form: Matrix) -> None:
        self.size = len(form.upper)
        self.upper = form.upper
        self.highs: Any = silent()
        for name, value in (("output_flag", False), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.999)):
            self.highs.setOptionValue(name, value)
        if self.highs.passModel(_lp(form)) != highspy.HighsStatus.kOk:
            raise RuntimeError("HiGHS did not take the model")
        self.width = 0

    def add(self, column: list[int], amount: list[int], low: int, high: int) -> None:
        """Add one row; sides that do not bind are left open."""
        once, at = np.unique(np.array(column, np.int64), return_inverse=True)
        summed = np.bincount(at, np.array(amount, np.float64), len(once))
        self.highs.addRow(_side(low), _side(high), len(once), once.astype(np.int32), summed)

    def minimise(self, column: Ints, amount: Ints) -> None:
        """Set what is to be made as small as can be; a variable named twice counts twice."""
        cost = np.zeros(self.size)
        np.add.at(cost, column, amount.astype(np.float64))
        self.highs.changeColsCost(self.size, np.arange(self.size, dtype=np.int32), cost)
        self.width = int((np.abs(amount) * self.upper[column]).sum())

    def solve(
        self, search: Search, *, seconds: float, best: Ints | None, watch: Watch | None = None
    ) -> Found:
        """Ask once; whoever is told of values must check them, for HiGHS keeps rules within a tolerance only."""
        if self.width > WIDEST:
            return Found()
        self.highs.setOptionValue("time_limit", max(0.01, seconds))
        self.highs.setOptionValue("threads", search.workers)
        self.highs.setOptionValue("random_seed", search.seed % 2**31)
        self.highs.clearSolver()
        if best is not None:
            start = highspy.HighsSolution()
            start.col_value = best.astype(np.float64)
            self.highs.setSolution(start)
        heard = _Ear(watch)
        self.highs.setCallback(heard, None)
        for event in (_EVENTS.kCallbackMipImprovingSolution, _EVENTS.kCallbackMipInterrupt):
            self.highs.startCallback(event)
        thread = threading.Thread(target=self.highs.run, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(TICK)
            heard.stop = heard.stop or search.stopped
        return self._found()

    def _found(self) -> Found:
        status, info = self.highs.getModelStatus(), self.highs.getInfo()
        if status == highspy.HighsModelStatus.kInfeasible:
            return Found(infeasible=True)
        values = None
        if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
            values = np.rint(np.array(self.highs.getSolution().col_value)).astype(np.int64)
        bound = float(info.mip_dual_bound)
        proved = status == highspy.HighsModelStatus.kOptimal and values is not None
        return Found(values=values, proved=proved, bound=bound if np.isfinite(bound) else None)


_EVENTS: Any = highspy.cb.HighsCallbackType


class _Ear:
    """Hears of better answers and bounds while HiGHS goes on, and tells it when to stop."""

    def __init__(self, watch: Watch | None) -> None:
        self.watch, self.stop = watch, False

    def __call__(self, event: Any, _message: str, said: Any, answer: Any, _data: Any) -> None:
        if event == _EVENTS.kCallbackMipInterrupt:
            answer.user_interrupt = self.stop
            if self.watch is not None:
                self.watch(None, float(said.mip_dual_bound))
        elif self.watch is not None:
            self.watch(np.rint(np.array(said.mip_solution)).astype(np.int64), float(said.mip_dual_bound))


def _lp(form: Matrix) -> Any:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(form.upper), len(form.low)
    lp.col_cost_ = np.zeros(len(form.upper))
    lp.col_lower_ = np.zeros(len(form.upper))
    lp.col_upper_ = form.upper.astype(np.float64)
    lp.row_lower_ = np.where(form.low <= -NO_BOUND, -highspy.kHighsInf, form.low.astype(np.float64))
    lp.row_upper_ = np.where(form.high >= NO_BOUND, highspy.kHighsInf, form.high.astype(np.float64))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = _once_each(form)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * len(form.upper)
    return lp


def _once_each(form: Matrix) -> tuple[Ints, Ints, Any]:
    """The matrix row by row, what a row says twice of one variable added up: HiGHS takes each entry once."""
    rows, width = len(form.low), max(1, len(form.upper))
    key = np.repeat(np.arange(rows), np.diff(form.start)) * width + form.column
    once, at = np.unique(key, return_inverse=True)
    summed = np.bincount(at, form.amount.astype(np.float64), len(once))
    return np.searchsorted(once, np.arange(rows + 1) * width), once % width, summed


def _side(value: int) -> float:
    if abs(value) >= NO_BOUND:
        return float(np.sign(value) * highspy.kHighsInf)
    return float(value)
