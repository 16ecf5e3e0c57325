"""CP-SAT, stage by stage: exact at small and middle size, and never without our own best answer."""

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
    parameters.max_time_in_seconds = max(0.01, seconds)
    parameters.num_workers = search.workers
    parameters.random_seed = search.seed
    parameters.catch_sigint_signal = False
    parameters.linearization_level = 2  # without the relaxation the bounds of one worker stay at "everybody"
    if search.work is not None:
        parameters.max_deterministic_time = float(search.work)
    answer: list[Any] = []
    thread = threading.Thread(target=lambda: answer.append(solver.solve(model, watch)), daemon=True)
    thread.start()
    until = search.elapsed + seconds
    while thread.is_alive():
        thread.join(0.05)
        if search.left <= 0 or search.elapsed > until + OVERTIME:
            solver.stop_search()
            thread.join(OVERTIME)
            if thread.is_alive():
                return None, cp_model.UNKNOWN  # left behind; our own best answer stands
    if not answer:
        raise RuntimeError("CP-SAT ended without an answer")
    return solver, answer[0]


def solve(search: Search) -> Model:
    """Fill ``search`` stage by stage; what time leaves unproved keeps an honest bound."""
    form = search.form
    model = Model(form)
    stages = form.problem.stages
    for number, aim in enumerate(form.aims):
        rest = len(form.aims) - number
        _stage(
            search,
            model,
            number,
            aim,
            seconds=search.left / (1 + 0.5 * (rest - 1)) if rest > 1 else search.left,
        )
        if search.best is None:
            return model
        reached = aim.value(search.best)
        search.reached.append(reached)
        model.keep(aim, stages[number].allowed(reached))
    return model


def _stage(search: Search, model: Model, number: int, aim: Aim, *, seconds: float) -> None:
    expression = cp_model.LinearExpr.weighted_sum(
        [model.variables[c] for c in aim.column.tolist()], aim.amount.tolist()
    )
    model.model.clear_objective()
    if aim.maximise:
        model.model.maximize(expression)
    else:
        model.model.minimize(expression)
    if search.left <= 0:
        search.bounds.append(None)
        return
    found = model.solve(search, seconds=seconds, best=search.best)
    if found.infeasible and search.best is None:
        search.infeasible = True
    if found.values is not None:
        values = found.values
        if search.best is None or _better(aim, values, search.best):
            search.best = values
    bound = None
    if found.proved and search.best is not None:
        bound = aim.value(search.best)
    elif found.bound is not None and np.isfinite(found.bound) and abs(found.bound) < 2**53:
        bound = int(np.floor(found.bound + 1e-6)) if aim.maximise else int(np.ceil(found.bound - 1e-6))
        bound += aim.constant
    search.bounds.append(bound)
    search.tell(number, None if search.best is None else aim.value(search.best), bound)


def _better(aim: Aim, values: Ints, than: Ints) -> bool:
    one, other = aim.value(values), aim.value(than)
    return one > other if aim.maximise else one < other
