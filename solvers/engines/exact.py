"""CP-SAT, stage by stage: exact at small and middle size, and never without our own best answer."""

import math
import threading
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from solvers.engines.search import Search
from solvers.problem import Ints
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND, Aim

OVERTIME = 3.0
"""Seconds CP-SAT may take to notice that it should stop, before we go on without it."""

LARGEST_BOUND = 2**53
"""CP-SAT speaks of bounds in floating point; larger ones would not be exact."""


class Model:
    """The form as a CP-SAT model; rows of earlier stages are added as they are reached."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.model: Any = cp_model.CpModel()
        self.variables = [
            self.model.new_int_var(0, int(most), "") for most in np.minimum(form.upper, 2**53).tolist()
        ]
        start = form.start.tolist()
        column, amount = form.column.tolist(), form.amount.tolist()
        for row, (low, high) in enumerate(zip(form.low.tolist(), form.high.tolist(), strict=True)):
            cut = slice(start[row], start[row + 1])
            self.add(column[cut], amount[cut], low, high)

    def add(self, column: list[int], amount: list[int], low: int, high: int) -> None:
        """Add one row; sides that do not bind are left open."""
        expression = cp_model.LinearExpr.weighted_sum([self.variables[c] for c in column], amount)
        floor = -(2**62) if low <= -NO_BOUND else low
        ceiling = 2**62 if high >= NO_BOUND else high
        self.model.add_linear_constraint(expression, floor, ceiling)

    def keep(self, aim: Aim, allowed: int) -> None:
        """Later stages must leave this one as good as ``allowed``."""
        side = allowed - aim.constant
        low, high = (side, NO_BOUND) if aim.maximise else (-NO_BOUND, side)
        self.add(aim.column.tolist(), aim.amount.tolist(), low, high)

    def solve(self, search: Search, *, seconds: float, best: Ints | None, watch: Any = None) -> "Found":
        """Ask CP-SAT once; the model's objective and hint are set by the caller's ``best``."""
        self.model.clear_hints()
        if best is not None:
            for variable, value in zip(self.variables, best.tolist(), strict=True):
                self.model.add_hint(variable, value)
        solver, status = ask(self.model, search, seconds=seconds, watch=watch)
        values = None
        if status in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            values = np.fromiter((solver.value(v) for v in self.variables), np.int64, len(self.variables))
        return Found(values, status, None if solver is None else solver.best_objective_bound)


class Found:
    """What CP-SAT said: values if any, whether it proved, and its bound."""

    def __init__(self, values: Ints | None, status: Any, bound: float | None) -> None:
        self.values = values
        self.infeasible = status == cp_model.INFEASIBLE
        self.proved = status == cp_model.OPTIMAL
        self.bound = bound if status in {cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN} else None


def ask(model: Any, search: Search, *, seconds: float, watch: Any = None) -> tuple[Any, Any]:
    """Run CP-SAT under our own clock; it is told to stop when time is up or somebody asks.

    It runs beside us in a thread, because signals reach Python only while Python runs.
    """
    solver: Any = cp_model.CpSolver()
    parameters = solver.parameters
    if search.work is None:
        parameters.max_time_in_seconds = max(0.01, seconds)
    else:
        parameters.max_deterministic_time = max(0.01, seconds)
    parameters.num_workers = search.workers
    parameters.random_seed = search.seed
    parameters.catch_sigint_signal = False
    parameters.linearization_level = 2  # without the relaxation the bounds of one worker stay at "everybody"
    answer: list[Any] = []
    thread = threading.Thread(target=lambda: answer.append(solver.solve(model, watch)), daemon=True)
    thread.start()
    until = search.elapsed + seconds
    while thread.is_alive():
        thread.join(0.05)
        if search.stopped or (search.work is None and search.elapsed > until + OVERTIME / 10):
            solver.stop_search()
            thread.join(OVERTIME)
            if thread.is_alive():
                return None, cp_model.UNKNOWN  # left behind; our own best answer stands
    search.spent += 0.01 + float(solver.response_proto.deterministic_time)
    if not answer:
        raise RuntimeError("CP-SAT ended without an answer")
    return solver, answer[0]


def solve(search: Search, model: Model, *, until: float) -> bool:
    """Go on stage by stage from where ``search.reached`` ends; whether all were gone through by ``until``."""
    form = search.form
    for number in range(len(search.reached), len(form.aims)):
        aim, rest = form.aims[number], len(form.aims) - number
        if not _is_met(search, number):
            left = min(search.left, until - search.elapsed)
            if left <= 0:
                return False
            _stage(search, model, number, aim, seconds=left / (1 + 0.5 * (rest - 1)))
        if search.best is None:
            return False
        reached = aim.value(search.best)
        search.reached.append(reached)
        model.keep(aim, form.problem.stages[number].allowed(reached))
        search.tell(number, reached, search.bounds[number])
    return True


def _is_met(search: Search, number: int) -> bool:
    """Whether the best answer has what nobody could better anyway, so that nothing need be asked."""
    if search.best is None:
        return False
    aim = search.form.aims[number]
    bound = search.form.ceiling(aim)
    if bound != aim.value(search.best):
        return False
    search.bounds.append(bound)
    return True


def _stage(search: Search, model: Model, number: int, aim: Aim, *, seconds: float) -> None:
    columns = [model.variables[c] for c in aim.column.tolist()]
    expression = cp_model.LinearExpr.weighted_sum(columns, aim.amount.tolist())
    model.model.clear_objective()
    if aim.maximise:
        model.model.maximize(expression)
    else:
        model.model.minimize(expression)
    found = model.solve(search, seconds=seconds, best=search.best, watch=_Watch(search, number, aim))
    if found.infeasible and search.best is None:
        search.infeasible = True
    if found.values is not None and (search.best is None or _better(aim, found.values, search.best)):
        search.best = found.values
    bound = search.form.ceiling(aim)
    if found.proved and search.best is not None:
        bound = aim.value(search.best)
    elif found.bound is not None and np.isfinite(found.bound) and abs(found.bound) < LARGEST_BOUND:
        searched = math.floor(found.bound + 1e-6) if aim.maximise else math.ceil(found.bound - 1e-6)
        bound = min(bound, searched + aim.constant) if aim.maximise else max(bound, searched + aim.constant)
    search.bounds.append(bound)


def _better(aim: Aim, values: Ints, than: Ints) -> bool:
    one, other = aim.value(values), aim.value(than)
    return one > other if aim.maximise else one < other


class _Watch(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
    """Tells each better answer while CP-SAT goes on."""

    def __init__(self, search: Search, number: int, aim: Aim) -> None:
        super().__init__()
        self.search, self.number, self.aim = search, number, aim

    def on_solution_callback(self) -> None:
        value, bound = (round(x) + self.aim.constant for x in (self.objective_value, self.best_objective_bound))
        self.search.tell(self.number, value, bound)
