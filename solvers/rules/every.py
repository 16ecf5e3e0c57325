"""All rules of the format, in the order in which they build on each other."""

import numpy as np

from solvers.problem import Problem
from solvers.rules import (
    apart,
    capacity,
    carriers,
    changes,
    clashes,
    limits,
    once,
    pinned,
    resources,
    running,
)
from solvers.rules.aims import aim_of
from solvers.rules.rule import Aim, Sheet

RULES = (once, pinned, capacity, running, carriers, resources, limits, apart, clashes, changes)


def sheet_of(problem: Problem) -> tuple[Sheet, list[Aim]]:
    """The rules of a problem as one sheet, and what each stage before the lot counts."""
    sheet = Sheet(problem)
    sheet.variables("placed", problem.choices.units)
    sheet.variables("run", np.ones(len(problem.options.ids), np.int64))
    for rule in RULES:
        rule.add(sheet)
    return sheet, [aim_of(sheet, stage) for stage in problem.stages if stage.stage != "lot"]
