"""Our own side of every row: the network as it is called inside, and the whole door with bounds, reasons and audit."""

from collections.abc import Callable

import numpy as np

from benchmarks.solver.said import Said, Task
from solvers.engines import flow
from solvers.engines import network as compiled
from solvers.engines.search import Search
from solvers.outcome import Outcome
from solvers.problem import Ints, Problem
from solvers.rules.form import Form
from solvers.solve import solve

Ours = Callable[[Task, float], Said]
"""Takes the task and a limit in seconds."""


def network(task: Task, seconds: float) -> Said:
    """The network engine: arrays in, places, prices and the proof out."""
    search = Search(Form.of(task.problem), seconds)
    if not (compiled.solve(search) or flow.solve(search)) or search.best is None:
        return Said(None, note="does not fit")
    values = search.best[: len(task.problem.choices.group)]
    proof = search.certificates[0].proof if 0 in search.certificates else "none"
    return Said(
        search.form.aims[0].value(search.best),
        search.bounds[0],
        places=lambda: np.flatnonzero(values),
        facts={"proof": proof},
    )


def door(*, within: float | None = None) -> Ours:
    """The whole call: engine, bounds, reasons, and the audit of the answer; ``within`` other seconds than the row's."""

    def ours(task: Task, seconds: float) -> Said:
        return said(task.problem, solve(task.problem, seconds=seconds if within is None else within))

    return ours


def said(problem: Problem, outcome: Outcome) -> Said:
    """The first stage's value and bound; the status is the note."""
    if not outcome.answered:
        return Said(None, note=str(outcome.status))
    stage = outcome.stages[0]
    whole = not (problem.groups.piece > 0).any() and bool(problem.groups.required.all())
    return Said(
        stage.best,
        stage.bound,
        str(outcome.status),
        places=(lambda: taken(problem, outcome)) if whole else None,
        facts={"engine": str(outcome.run["engine"])},
    )


def taken(problem: Problem, outcome: Outcome) -> Ints:
    """The choice each placed group has; groups stay whole here."""
    choices, many = problem.choices, len(problem.options.ids)
    key = choices.group * many + choices.option
    order = np.argsort(key)
    group, option = problem.group_number, problem.option_number
    wanted = np.fromiter(
        (group[id_] * many + option[str(place)] for id_, place in outcome.placements.items()),
        np.int64,
        len(outcome.placements),
    )
    found: Ints = np.sort(order[np.searchsorted(key[order], wanted)])
    return found
