"""Places fixed by hand are kept, and banned ones are not given."""

import numpy as np

from solvers.rules.rule import Sheet


def add(sheet: Sheet) -> None:
    """Rows ``pinned`` by group and ``banned`` by choice."""
    problem = sheet.problem
    choices = problem.choices
    for group, placed in problem.pinned.items():
        first, last = int(problem.groups.first[group]), int(problem.groups.first[group + 1])
        numbers = np.arange(first, last)
        wanted = np.array([placed.get(number, 0) for number in range(first, last)], np.int64)
        subject = np.full(len(numbers), group)
        sheet.rows("pinned", subject, [(np.arange(len(numbers)), numbers, 1)], low=wanted, high=wanted)
    banned = np.flatnonzero(choices.banned)
    sheet.rows("banned", banned, [(np.arange(len(banned)), banned, 1)], high=0)
