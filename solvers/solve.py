"""The one door: choose an engine by the rules present and the size, solve, and audit the answer."""

import platform
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from solvers.audit import audit
from solvers.engines import exact, lot
from solvers.engines.search import Progress, Search
from solvers.outcome import Outcome, StageResult, Status
from solvers.problem import Problem
from solvers.rules import carriers
from solvers.rules.form import Form

__all__ = ["EngineError", "Progress", "solve"]

ENGINES = ("auto", "flow", "cpsat")


class EngineError(ValueError):
    """The engine asked for is not there, or cannot keep this problem's rules; a sentence says so."""


def solve(
    problem: Problem,
    *,
    seconds: float = 60,
    work: int | None = None,
    workers: int = 1,
    seed: int = 0,
    engine: str = "auto",
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Place the groups as the objective wishes, within ``seconds``; the answer has passed the audit.

    ``should_stop`` is asked now and then; once it says yes the best answer so far is returned.
    """
    if engine not in ENGINES:
        raise EngineError(f'engine: no engine "{engine}"; there are {", ".join(ENGINES)}')
    search = Search(Form.of(problem), seconds, workers, seed, work, on_progress, should_stop)
    model = exact.solve(search)
    if problem.stages and problem.stages[-1].stage == 'lot' and search.best is not None:
        lot.settle(search, model)
    outcome = _outcome(search, engine)
    breaches = audit(problem, outcome)
    if breaches:
        raise AssertionError(f"the answer breaks its own rules: {breaches[0].sentence}")
    return outcome


def _outcome(search: Search, engine: str) -> Outcome:
    problem = search.form.problem
    run: Mapping[str, Any] = {
        "engine": engine,
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "seed": search.seed,
        "workers": search.workers,
        "seconds": round(search.elapsed, 3),
    }
    if search.best is None:
        status = Status.INFEASIBLE if search.infeasible else Status.UNKNOWN
        return Outcome(problem.sha256, status, run=run)
    values = search.best
    groups, choices, options = problem.groups, problem.choices, problem.options
    placements: dict[str, Any] = {}
    for choice in np.flatnonzero(values[: len(choices.group)]).tolist():
        group = int(choices.group[choice])
        option = options.ids[int(choices.option[choice])]
        if groups.piece[group]:
            placements.setdefault(groups.ids[group], {})[option] = int(values[choice])
        else:
            placements[groups.ids[group]] = option
    runs = options.must_run.copy()
    runs[choices.option[np.flatnonzero(values[: len(choices.group)])]] = True
    pieces: dict[str, list[int]] = {}
    for (option, _), piece in zip(
        carriers.entries(search.form.sheet), search.form.sheet.names["pieces"], strict=True
    ):
        if runs[option]:
            pieces.setdefault(options.ids[option], []).append(int(values[piece]))
    results = _stages(search)
    optimal = all(stage.bound is not None and stage.best == stage.bound for stage in results)
    return Outcome(
        problem_sha256=problem.sha256,
        status=Status.OPTIMAL if optimal else Status.FEASIBLE,
        placements=placements,
        running=tuple(options.ids[option] for option in np.flatnonzero(runs).tolist()),
        carriers={option: tuple(taken) for option, taken in pieces.items()},
        stages=results,
        run=run,
    )


def _stages(search: Search) -> tuple[StageResult, ...]:
    results = []
    assert search.best is not None
    for number, stage in enumerate(search.form.problem.stages):
        if stage.stage == "lot":
            total = len(search.form.problem.groups.ids)
            results.append(StageResult("lot", search.lot_value, total))
            continue
        value, reached = search.form.aims[number].value(search.best), search.reached[number]
        results.append(
            StageResult(
                stage.stage,
                value,
                search.bounds[number],
                stage.tier,
                stage.tag,
                stage.rank,
                reached if reached != value else None,
            )
        )
    return tuple(results)
