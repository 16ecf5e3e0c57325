"""Our own side of every row: the engines as they are called inside, and the whole door with reasons and audit."""

from collections.abc import Callable

from benchmarks.solver.peers import Said
from solvers.engines import flow
from solvers.engines import network as compiled
from solvers.engines.search import Search
from solvers.outcome import Outcome
from solvers.problem import Problem
from solvers.rules.form import Form
from solvers.solve import solve

Ours = Callable[[Problem, float], Said]
"""Takes the problem as read and a limit in seconds."""


def network(problem: Problem, seconds: float) -> Said:
    """The network engine: arrays in, places, prices and the proof out."""
    search = Search(Form.of(problem), seconds)
    if not (compiled.solve(search) or flow.solve(search)) or search.best is None:
        return Said(None, note="does not fit")
    return Said(search.form.aims[0].value(search.best), search.bounds[0])


def door(engine: str) -> Ours:
    """The whole call: engine, bounds, reasons, and the audit of the answer."""

    def ours(problem: Problem, seconds: float) -> Said:
        return _said(solve(problem, seconds=seconds, engine=engine))

    return ours


def _said(outcome: Outcome) -> Said:
    if not outcome.answered:
        return Said(None, note=str(outcome.status))
    stage = outcome.stages[0]
    return Said(stage.best, stage.bound, str(outcome.status))
