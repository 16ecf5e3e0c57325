"""Our own side of every row: the network as it is called inside, and the whole door with bounds, reasons and audit."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.solver.said import Said, Task
from solvers.engines import flow
from solvers.engines import network as compiled
from solvers.engines.search import Search
from solvers.outcome import Outcome
from solvers.problem import Ints, Problem
from solvers.rules.form import Form
from solvers.solve import solve

MILLIONTHS = 1_000_000
"""Gaps are told in millionths."""
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


def every_stage(task: Task, seconds: float) -> Said:
    """The whole call, with how many stages before the draw are proved and where the widest gap of a tier or rank is."""
    outcome = solve(task.problem, seconds=seconds)
    told = said(task.problem, outcome)
    if not outcome.answered:
        return told
    stages = [stage for stage in outcome.stages if stage.stage != "lot"]
    met = sum(stage.best == stage.bound for stage in stages)
    facts: dict[str, str] = {"proved": f"{met} of {len(stages)} stages"}
    for kind in dict.fromkeys(stage.stage for stage in stages):
        gaps = [stage.gap for stage in stages if stage.stage == kind]
        widest = max((gap for gap in gaps if gap is not None), default=None)
        facts[kind] = "none" if None in gaps or widest is None else f"{widest / MILLIONTHS:.3%}"
    return replace(told, facts={**told.facts, **facts})


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
