"""Groups that must be kept apart are never in the same option."""

import numpy as np

from solvers.problem import Problem
from solvers.rules.rule import Sheet


def add(sheet: Sheet) -> None:
    """Rows ``apart`` by pair."""
    problem = sheet.problem
    subject: list[int] = []
    row: list[int] = []
    column: list[int] = []
    for number, (one, other) in enumerate(problem.apart):
        mine, theirs = _places(problem, one), _places(problem, other)
        for option in sorted(mine.keys() & theirs.keys()):
            row += [len(subject)] * 2
            column += [int(sheet.used[mine[option]]), int(sheet.used[theirs[option]])]
            subject.append(number)
    sheet.rows("apart", subject, [(np.array(row, np.int64), np.array(column, np.int64), 1)], high=1)


def _places(problem: Problem, group: int) -> dict[int, int]:
    first, last = int(problem.groups.first[group]), int(problem.groups.first[group + 1])
    return {int(problem.choices.option[number]): number for number in range(first, last)}
