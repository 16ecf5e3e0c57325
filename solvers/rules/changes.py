"""Who keeps the place they had: heads that lose one they could still have count as moved."""

import numpy as np

from solvers.rules.rule import Aim, Sheet


def add(sheet: Sheet) -> None:
    """Variables ``moved`` for split groups; row ``changes`` if there is a most."""
    problem = sheet.problem
    split = [
        (choice, units)
        for choice, units in held(sheet)
        if problem.groups.piece[problem.choices.group[choice]]
    ]
    moved = sheet.variables("moved", np.array([units for _, units in split], np.int64))
    choice = np.array([choice for choice, _ in split], np.int64)
    rows = np.arange(len(split))
    had = np.array([units for _, units in split], np.int64)
    sheet.rows("moved", choice, [(rows, choice, 1), (rows, moved, 1)], low=had)
    if problem.max_changes is not None:
        aim = counted(sheet)
        sheet.rows(
            "changes",
            [0],
            [(np.zeros(len(aim.column), np.int64), aim.column, aim.amount)],
            high=problem.max_changes - aim.constant,
        )


def counted(sheet: Sheet) -> Aim:
    """Heads moved: all that a whole group loses, the heads that a split one lacks."""
    problem = sheet.problem
    whole = [choice for choice, _ in held(sheet) if not problem.groups.piece[problem.choices.group[choice]]]
    kept = np.array(whole, np.int64)
    heads = problem.choices.heads[kept]
    moved = sheet.names["moved"]
    return Aim(
        column=np.concatenate([kept, moved]),
        amount=np.concatenate([-heads, np.ones(len(moved), np.int64)]),
        constant=int(heads.sum()),
        maximise=False,
    )


def held(sheet: Sheet) -> list[tuple[int, int]]:
    """(choice, units) of the last result that could be kept: still listed, not banned."""
    problem = sheet.problem
    return [
        (choice, units)
        for group in sorted(problem.previous)
        for choice, units in sorted(problem.previous[group].items())
        if not problem.choices.banned[choice]
    ]
