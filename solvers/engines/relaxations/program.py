"""The linear relaxation of a form, kept in one solver: another question begins where the last one ended.

Between two stages only what is counted changes, so the last answer still keeps all rows and the primal simplex goes on
from there; where a bound is set the dual simplex does (Koberstein, The dual simplex method, techniques for a fast and
stable implementation, Paderborn 2005). The rows "nobody where nothing runs", one for each choice, are left out.
"""

from typing import Any

import highspy
import numpy as np

from solvers.engines.linear import PRIMAL, STEP_EFFORT, Floats
from solvers.engines.mip import silent
from solvers.engines.search import Search
from solvers.problem import Flags, Ints
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND, Aim

DUAL = 1
"""HiGHS's number for its dual simplex."""
LARGE = 256
"""Amounts (of money) from which on a row is counted in larger units."""
LINKED = ("capacity", "resource", "limit")
"""Rules of which two may say the same."""


class Program:
    """Columns are the form's variables, rows those of ``kept`` (rows of the form), then whatever is added.

    Values, costs and duals are told in the form's own units.
    """

    def __init__(self, search: Search, form: Form) -> None:
        self.search, self.form = search, form
        self.kept = _kept(form)
        self.lower = np.zeros(len(form.upper))
        self.upper = np.minimum(form.upper, 2**50).astype(np.float64)
        self.upper[: len(form.problem.choices.group)][hopeless(form)] = 0
        self.unit = np.ones(len(form.upper))
        self.side = np.ones(len(self.kept))
        self._scale()
        self.highs: Any = silent()
        for name, value in (("output_flag", False), ("threads", 1), ("solver", "simplex")):
            self.highs.setOptionValue(name, value)
        self.highs.setCallback(self._watch, None)
        self.highs.startCallback(highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt)
        self.highs.passModel(self._written())
        self.columns = np.arange(len(form.upper), dtype=np.int32)

    def _watch(self, _event: Any, _message: str, _said: Any, answer: Any, _data: Any) -> None:
        answer.user_interrupt = self.search.stopped

    def _scale(self) -> None:
        """Money in larger units: rows of it, and what is a sum of money itself."""
        form = self.form
        most = np.zeros(len(form.low), np.int64)
        np.maximum.at(most, form.row, np.abs(form.amount))
        side = np.where(most > LARGE, 2.0 ** np.floor(np.log2(np.maximum(1, most))), 1.0)
        self.side = side[self.kept]
        unit = np.full(len(form.upper), np.inf)
        np.minimum.at(unit, form.column, side[form.row])
        first = len(form.problem.choices.group) + len(form.problem.options.ids)
        plain = np.zeros(len(unit), np.bool_)
        plain[:first] = True
        plain[form.sheet.names["pieces"]] = True
        self.unit = np.where(plain | ~np.isfinite(unit), 1.0, unit)

    def _written(self) -> Any:
        form = self.form
        lp: Any = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(form.upper), len(self.kept)
        lp.col_cost_ = np.zeros(len(form.upper))
        lp.col_lower_, lp.col_upper_ = self.lower / self.unit, self.upper / self.unit
        lp.row_lower_, lp.row_upper_ = self.sides()
        place = np.full(len(form.low), -1)
        place[self.kept] = np.arange(len(self.kept))
        inside = np.flatnonzero(place[form.row] >= 0)
        width = len(form.upper)
        key = place[form.row[inside]] * width + form.column[inside]
        once, at = np.unique(key, return_inverse=True)
        amount = form.amount[inside] * self.unit[form.column[inside]] / self.side[place[form.row[inside]]]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.searchsorted(once, np.arange(len(self.kept) + 1) * width).astype(np.int32)
        lp.a_matrix_.index_ = (once % width).astype(np.int32)
        lp.a_matrix_.value_ = np.bincount(at, amount, len(once))
        return lp

    def sides(self, *, without: Flags | None = None) -> tuple[Floats, Floats]:
        """Both sides of each row, of minima and of rows ``without`` none."""
        low, high = self.form.low[self.kept], self.form.high[self.kept]
        open_ = self.form.is_of("minimum")[self.kept]
        if without is not None:
            open_ = open_ | without
        infinite = highspy.kHighsInf
        return (
            np.where(open_ | (low <= -NO_BOUND), -infinite, low / self.side),
            np.where(open_ | (high >= NO_BOUND), infinite, high / self.side),
        )

    # -- questions --------------------------------------------------------------------------------------

    def minimise(self, cost: Floats) -> None:
        """Set what is to be made as small as can be."""
        self.highs.changeColsCost(len(cost), self.columns, cost * self.unit)

    def between(self, lower: Floats, upper: Floats) -> None:
        """Set the least and most of every variable."""
        self.highs.changeColsBounds(len(lower), self.columns, lower / self.unit, upper / self.unit)

    def rows_between(self, low: Floats, high: Floats) -> None:
        """Set both sides of every row that came with the form, in the rows' own units."""
        self.highs.changeRowsBounds(len(low), np.arange(len(low), dtype=np.int32), low, high)

    def hold(self, aim: Aim, allowed: int) -> None:
        """Later questions leave this aim as good as ``allowed``."""
        amount = np.zeros(len(self.unit))
        np.add.at(amount, aim.column, aim.amount.astype(np.float64))
        amount *= self.unit
        most = max(1.0, float(np.abs(amount).max(initial=0)))
        level, none = float(allowed - aim.constant) / most, highspy.kHighsInf
        low, high = (level, none) if aim.maximise else (-none, level)
        column = np.flatnonzero(amount)
        self.highs.addRow(low, high, len(column), column.astype(np.int32), amount[column] / most)
        self.side = np.append(self.side, most)

    def solve(self, *, seconds: float, dual: bool = False) -> bool:
        """Whether the least was found within ``seconds`` (or as much effort)."""
        if seconds <= 0:
            return False
        highs = self.highs
        highs.setOptionValue("simplex_strategy", DUAL if dual else PRIMAL)
        step = STEP_EFFORT * len(self.unit)
        if self.search.work is None:
            highs.setOptionValue("time_limit", highs.getRunTime() + max(0.01, seconds))
        else:
            highs.setOptionValue("simplex_iteration_limit", max(1, int(seconds / step)))
        highs.run()
        self.search.spent += step * (1 + max(0, int(highs.getInfo().simplex_iteration_count)))
        return bool(highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    @property
    def impossible(self) -> bool:
        """Whether the last question had no answer."""
        return bool(self.highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible)

    @property
    def keeps_rows(self) -> bool:
        """Whether the values so far keep all rows, the least or not."""
        feasible = highspy.SolutionStatus.kSolutionStatusFeasible
        return bool(self.highs.getInfo().primal_solution_status == feasible)

    @property
    def least(self) -> float:
        """What the last question came to."""
        return float(self.highs.getInfo().objective_function_value)

    @property
    def values(self) -> Floats:
        found: Floats = np.array(self.highs.getSolution().col_value) * self.unit
        return found

    @property
    def duals(self) -> Floats:
        """What each row's side is worth: rows of the form, then those added."""
        found: Floats = np.array(self.highs.getSolution().row_dual) / self.side
        return found

    @property
    def basis(self) -> tuple[list[Any], list[Any]]:
        found = self.highs.getBasis()
        return list(found.col_status), list(found.row_status)

    def begin(self, basis: tuple[list[Any], list[Any]]) -> None:
        """Begin from an earlier basis; rows added since do not bind there."""
        given: Any = highspy.HighsBasis()
        loose = [highspy.HighsBasisStatus.kBasic] * (len(self.side) - len(basis[1]))
        given.col_status, given.row_status, given.valid = basis[0], basis[1] + loose, True
        self.highs.setBasis(given)


def hopeless(form: Form) -> Flags:
    """Choices of options that not enough people list to run."""
    choices, options = form.problem.choices, form.problem.options
    heads = np.where(choices.banned, 0, choices.heads * choices.units)
    listed = np.bincount(choices.option, heads, len(options.ids))
    found: Flags = (listed < options.minimum)[choices.option]
    return found


def cost_of(form: Form, aim: Aim) -> Floats:
    """An aim as what is to be small."""
    cost = np.zeros(len(form.upper))
    np.add.at(cost, aim.column, (-aim.amount if aim.maximise else aim.amount).astype(np.float64))
    return cost


def _kept(form: Form) -> Ints:
    """Rows other than "nobody where nothing runs", and of those that say the same of the same heads the tightest."""
    kept = ~form.is_of("run")
    said: dict[bytes, int] = {}
    of = np.zeros(len(form.low), np.bool_)
    for rule in LINKED:
        of |= form.is_of(rule)
    for row in np.flatnonzero(of & (form.low <= -NO_BOUND)).tolist():
        part = slice(int(form.start[row]), int(form.start[row + 1]))
        order = np.argsort(form.column[part], kind="stable")
        key = form.column[part][order].tobytes() + form.amount[part][order].tobytes()
        other = said.setdefault(key, row)
        if other != row:
            looser = row if form.high[row] >= form.high[other] else other
            kept[looser] = False
            said[key] = row + other - looser
    return np.flatnonzero(kept)
