"""CP-SAT, stage by stage: exact at small and middle size, and never without our own best answer."""

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from ortools.sat.python import cp_model

from solvers.engines.search import Search
from solvers.problem import Ints
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND, Aim

OVERTIME = 3.0
"""Seconds CP-SAT may take to notice that it should stop, before we go on without it."""

BITS = 24
"""Stages are asked for together as long as their joint weight stays below 2 to this."""
JOINT_SHARE = 0.4
"""Share of the time left that one joint question may take."""
LARGEST_BOUND = 2**53
"""CP-SAT speaks of bounds in floating point; larger ones would not be exact."""


Watch = Callable[[Ints | None, float | None], None]
"""Told of each better answer (if it is known) and of the bound while an engine goes on."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What an engine said: values if any, whether they are proved best, whether there are none, and its bound."""

    values: Ints | None = None
    proved: bool = False
    infeasible: bool = False
    bound: float | None = None


class Matrix(Protocol):
    """``low <= matrix x values <= high`` for whole values between 0 and ``upper``; a Form is one."""

    @property
    def upper(self) -> Ints: ...
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


class Asked(Protocol):
    """An engine that can be asked stage after stage, each time beside what was kept before."""

    def keep(self, aim: Aim, allowed: int) -> None:
        """Later stages must leave this one as good as ``allowed``."""
        ...

    def minimise(self, column: Ints, amount: Ints) -> None:
        """Set what is to be made as small as can be."""
        ...

    def solve(
        self, search: Search, *, seconds: float, best: Ints | None, watch: Watch | None = None
    ) -> Found:
        """Ask once, beginning from ``best``."""
        ...


class Model:
    """The form as a CP-SAT model; rows of earlier stages are added as they are reached."""

    def __init__(self, form: Matrix) -> None:
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
        if not column:
            if not low <= 0 <= high:
                self.model.add_bool_or([])
            return
        expression = cp_model.LinearExpr.weighted_sum([self.variables[c] for c in column], amount)
        floor = -(2**62) if low <= -NO_BOUND else low
        ceiling = 2**62 if high >= NO_BOUND else high
        self.model.add_linear_constraint(expression, floor, ceiling)

    def keep(self, aim: Aim, allowed: int) -> None:
        """Later stages must leave this one as good as ``allowed``."""
        self.add(aim.column.tolist(), aim.amount.tolist(), *kept_sides(aim, allowed))

    def minimise(self, column: Ints, amount: Ints) -> None:
        """Set what is to be made as small as can be."""
        self.model.clear_objective()
        variables = [self.variables[c] for c in column.tolist()]
        self.model.minimize(cp_model.LinearExpr.weighted_sum(variables, amount.tolist()))

    def solve(
        self, search: Search, *, seconds: float, best: Ints | None, watch: Watch | None = None
    ) -> Found:
        """Ask CP-SAT once."""
        self.model.clear_hints()
        if best is not None:
            for variable, value in zip(self.variables, best.tolist(), strict=True):
                self.model.add_hint(variable, value)
        heard = None if watch is None else _Ear(watch, self.variables)
        solver, status = ask(self.model, search, seconds=seconds, watch=heard)
        if status == cp_model.INFEASIBLE:
            return Found(infeasible=True)
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            # A search cut off before it began reports a bound of 0 all the same, so "unknown" tells none.
            return Found()
        values = np.fromiter((solver.value(v) for v in self.variables), np.int64, len(self.variables))
        return Found(values, proved=status == cp_model.OPTIMAL, bound=solver.best_objective_bound)


def kept_sides(aim: Aim, allowed: int) -> tuple[int, int]:
    """The sides of the row by which later stages leave an aim as good as allowed."""
    side = allowed - aim.constant
    return (side, NO_BOUND) if aim.maximise else (-NO_BOUND, side)


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
    if not answer:
        raise RuntimeError("CP-SAT ended without an answer")
    search.spent += 0.01 + float(solver.response_proto.deterministic_time)
    return solver, answer[0]


def solve(search: Search, model: Asked, *, until: float) -> bool:
    """Go on stage by stage from where ``search.reached`` ends; whether all were gone through by ``until``."""
    for _ in steps(search, model, until=until):
        pass
    return search.best is not None and len(search.reached) == len(search.form.aims)


def steps(search: Search, model: Asked, *, until: float) -> Iterator[int]:
    """After each question, how many stages are gone through; ends early where time does or nothing is found.

    Several stages are asked for at once, an earlier one outweighing all later ones together; where that
    is not proved in its share of the time, they are asked for one by one.
    """
    form = search.form
    if not form.aims:
        _anything(search, model, seconds=min(search.left, until - search.elapsed))
    together = True
    while len(search.reached) < len(form.aims):
        number = len(search.reached)
        left = min(search.left, until - search.elapsed)
        if left <= 0 and not (search.best is not None and _is_met(search, number)):
            return
        batch = _batch(form, number) if together else [number]
        if len(search.bounds) > number or _is_met(search, number):
            batch = [number]
        elif len(batch) > 1:
            together = _jointly(search, model, batch, seconds=left * JOINT_SHARE)
            if not together:
                continue
        else:
            _stage(search, model, number, seconds=left / (1 + 0.5 * (len(form.aims) - number - 1)))
            together = True
        if search.best is None:
            return
        for one in batch:
            aim = form.aims[one]
            search.reached.append(aim.value(search.best))
            model.keep(aim, form.problem.stages[one].allowed(search.reached[one]))
            search.tell(one, search.reached[one], search.bounds[one])
        yield len(search.reached)


def _anything(search: Search, model: Asked, *, seconds: float) -> None:
    """Where no stage counts anything, whatever keeps the rules will do."""
    if search.best is not None or seconds <= 0:
        return
    nothing = np.zeros(0, np.int64)
    model.minimise(nothing, nothing)
    found = model.solve(search, seconds=seconds, best=None)
    search.best, search.infeasible = found.values, found.infeasible


def _batch(form: Form, number: int) -> list[int]:
    """Stages from this one on whose joint weight stays small; a tolerance ends a batch."""
    batch, bits = [number], _width(form, number).bit_length()
    for later in range(number + 1, len(form.aims)):
        bits += _width(form, later).bit_length()
        if bits > BITS or form.problem.stages[later - 1].tolerance[0]:
            break
        batch.append(later)
    return batch


def _width(form: Form, number: int) -> int:
    aim = form.aims[number]
    return int((np.abs(aim.amount) * form.upper[aim.column]).sum())


def _jointly(search: Search, model: Asked, batch: list[int], *, seconds: float) -> bool:
    """One question for all stages of a batch; whether it was proved, and with it each of them."""
    form = search.form
    columns: list[Ints] = []
    amounts: list[Ints] = []
    weight = 1
    for number in reversed(batch):
        aim = form.aims[number]
        columns.append(aim.column)
        amounts.append((-weight if aim.maximise else weight) * aim.amount)
        weight *= _width(form, number) + 1
    model.minimise(np.concatenate(columns), np.concatenate(amounts))
    found = model.solve(search, seconds=seconds, best=search.best, watch=_told(search, batch[0], None))
    if found.infeasible and search.best is None:
        search.infeasible = True
    if found.values is not None and (
        search.best is None or _signed(form, batch, found.values) < _signed(form, batch, search.best)
    ):
        search.best = found.values
    if found.proved and search.best is not None:
        search.bounds += [form.aims[number].value(search.best) for number in batch]
    return bool(found.proved or found.infeasible)


def _signed(form: Form, batch: list[int], values: Ints) -> list[int]:
    aims = [form.aims[number] for number in batch]
    return [-aim.value(values) if aim.maximise else aim.value(values) for aim in aims]


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


def _stage(search: Search, model: Asked, number: int, *, seconds: float) -> None:
    aim = search.form.aims[number]
    model.minimise(aim.column, -aim.amount if aim.maximise else aim.amount)
    found = model.solve(search, seconds=seconds, best=search.best, watch=_told(search, number, aim))
    if found.infeasible and search.best is None:
        search.infeasible = True
    if found.values is not None and (search.best is None or _better(aim, found.values, search.best)):
        search.best = found.values
    bound = search.form.ceiling(aim)
    if found.proved and search.best is not None:
        bound = aim.value(search.best)
    elif found.bound is not None and np.isfinite(found.bound) and abs(found.bound) < LARGEST_BOUND:
        least = math.ceil(found.bound - 1e-6)
        bound = min(bound, aim.constant - least) if aim.maximise else max(bound, aim.constant + least)
    search.bounds.append(bound)


def _better(aim: Aim, values: Ints, than: Ints) -> bool:
    one, other = aim.value(values), aim.value(than)
    return one > other if aim.maximise else one < other


def _told(search: Search, number: int, aim: Aim | None) -> Watch:
    """Pass on what an engine says while it goes on; of several stages asked for at once, only that it does."""

    def watch(values: Ints | None, bound: float | None) -> None:
        if aim is None or values is None:
            search.tell(number, None, None)
            return
        known = bound is not None and np.isfinite(bound) and abs(bound) < LARGEST_BOUND
        signed = (-1 if aim.maximise else 1) * math.ceil((bound or 0) - 1e-6) if known else None
        search.tell(number, aim.value(values), None if signed is None else aim.constant + signed)

    return watch


class _Ear(cp_model.CpSolverSolutionCallback):
    """Hears each better answer while CP-SAT goes on."""

    def __init__(self, watch: Watch, variables: list[Any]) -> None:
        super().__init__()
        self.watch, self.variables = watch, variables

    def on_solution_callback(self) -> None:
        values = np.fromiter((self.value(v) for v in self.variables), np.int64, len(self.variables))
        self.watch(values, self.best_objective_bound)
