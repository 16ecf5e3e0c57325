"""An option runs if a group is placed there or it must; then it meets its minimum."""

import numpy as np

from solvers.problem import UNLIMITED, Flags
from solvers.rules.rule import Sheet


def add(sheet: Sheet) -> None:
    """Variables ``run``; rows ``run`` (placed only where it runs), ``minimum`` and ``must_run`` by option."""
    problem = sheet.problem
    options, choices = problem.options, problem.choices
    sheet.matters = _matters(sheet)
    run = sheet.names["run"]
    inside = np.flatnonzero(sheet.matters[choices.option])
    rows = np.arange(len(inside))
    option = choices.option[inside]
    sheet.rows("run", option, [(rows, sheet.used[inside], 1), (rows, run[option], -1)], high=0)
    must = np.flatnonzero(options.must_run)
    sheet.rows("must_run", must, [(np.arange(len(must)), run[must], 1)], low=1)
    position = np.full(len(options.ids), -1)
    # An option that nobody uses does not run: so the flag is never set for show.
    idle = np.flatnonzero(sheet.matters & ~options.must_run)
    position[idle] = np.arange(len(idle))
    at = np.flatnonzero(position[choices.option] >= 0)
    sheet.rows(
        "run",
        idle,
        [(position[choices.option[at]], sheet.used[at], 1), (np.arange(len(idle)), run[idle], -1)],
        low=0,
    )
    _minimum(sheet)
    _seats_only_where_it_runs(sheet)


def _minimum(sheet: Sheet) -> None:
    options, choices, run = sheet.problem.options, sheet.problem.choices, sheet.names["run"]
    asked = np.flatnonzero(options.minimum > 0)
    position = np.full(len(options.ids), -1)
    position[asked] = np.arange(len(asked))
    at = np.flatnonzero(position[choices.option] >= 0)
    sheet.rows(
        "minimum",
        asked,
        [
            (position[choices.option[at]], at, choices.heads[at]),
            (np.arange(len(asked)), run[asked], -options.minimum[asked]),
        ],
        low=0,
    )


def _seats_only_where_it_runs(sheet: Sheet) -> None:
    """Implied by the others, and what makes the linear relaxation strong."""
    options, choices, run = sheet.problem.options, sheet.problem.choices, sheet.names["run"]
    bounded = np.flatnonzero(sheet.matters & (options.capacity < UNLIMITED))
    position = np.full(len(options.ids), -1)
    position[bounded] = np.arange(len(bounded))
    at = np.flatnonzero(position[choices.option] >= 0)
    sheet.rows(
        "capacity",
        bounded,
        [
            (position[choices.option[at]], at, choices.heads[at]),
            (np.arange(len(bounded)), run[bounded], -options.capacity[bounded]),
        ],
        high=0,
    )


def _matters(sheet: Sheet) -> Flags:
    problem = sheet.problem
    options = problem.options
    matters: Flags = (options.minimum > 0) | options.must_run | (options.cost > 0)
    matters = matters | (np.diff(options.uses.start) > 0)
    for limit in problem.limits:
        if limit.each and limit.minimum is not None:
            matters[slice(None) if limit.options is None else list(limit.options)] = True
    if any(stage.stage == "running" for stage in problem.stages):
        matters[:] = True
    return matters
