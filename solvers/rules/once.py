"""Each group has at most one place, or none; one that may be split has at most its heads, in parts large enough."""

import numpy as np

from solvers.rules.rule import NO_BOUND, Sheet


def add(sheet: Sheet) -> None:
    """Rows ``once`` by group, ``required`` by group, ``piece`` by choice."""
    problem = sheet.problem
    choices, groups = problem.choices, problem.groups
    whole = groups.piece == 0
    every = np.arange(len(choices.group))
    most = np.where(whole, 1, groups.size)
    sheet.rows("once", np.arange(len(groups.ids)), [(choices.group, every, 1)], high=most)
    required = np.flatnonzero(groups.required)
    position = np.full(len(groups.ids), -1)
    position[required] = np.arange(len(required))
    inside = groups.required[choices.group]
    sheet.rows("required", required, [(position[choices.group[inside]], every[inside], 1)], low=1)
    _parts(sheet)


def _parts(sheet: Sheet) -> None:
    problem = sheet.problem
    choices, groups = problem.choices, problem.groups
    split = np.flatnonzero(groups.piece[choices.group] > 0)
    flags = sheet.variables("part", np.ones(len(split), np.int64))
    sheet.used = sheet.names["placed"]
    if len(split):
        sheet.used = sheet.used.copy()
        sheet.used[split] = flags
    rows = np.arange(len(split))
    group = choices.group[split]
    sheet.rows("piece", split, [(rows, split, 1), (rows, flags, -groups.piece[group])], low=0)
    sheet.rows("piece", split, [(rows, split, 1), (rows, flags, -groups.size[group])], low=-NO_BOUND, high=0)
