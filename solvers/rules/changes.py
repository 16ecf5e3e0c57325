"""Who keeps the place they had: heads that lose one they could still have count as moved."""

import numpy as np

from solvers.problem import Ints
from solvers.rules.rule import Aim, Sheet


def add(sheet: Sheet) -> None:
    """Variables ``moved`` for split groups; row ``changes`` if there is a most."""
    problem = sheet.problem
    choice, had = held(sheet)
    split = problem.groups.piece[problem.choices.group[choice]] > 0
    choice, had = choice[split], had[split]
    moved = sheet.variables("moved", had)
    rows = np.arange(len(choice))
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
    choice, _ = held(sheet)
    kept = choice[problem.groups.piece[problem.choices.group[choice]] == 0]
    heads = problem.choices.heads[kept]
    moved = sheet.names["moved"]
    return Aim(
        column=np.concatenate([kept, moved]),
        amount=np.concatenate([-heads, np.ones(len(moved), np.int64)]),
        constant=int(heads.sum()),
        maximise=False,
    )


def held(sheet: Sheet) -> tuple[Ints, Ints]:
    """The choices of the last result that could be kept, still listed and not banned, and the units at each."""
    problem = sheet.problem
    choice, units = problem.held
    order = np.argsort(choice)
    choice, units = choice[order], units[order]
    open_ = ~problem.choices.banned[choice]
    return choice[open_], units[open_]
