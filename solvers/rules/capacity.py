"""No option takes more heads than it has seats."""

import numpy as np

from solvers.problem import UNLIMITED
from solvers.rules.rule import Sheet


def add(sheet: Sheet) -> None:
    """Rows ``capacity`` by option."""
    options, choices = sheet.problem.options, sheet.problem.choices
    bounded = np.flatnonzero(options.capacity < UNLIMITED)
    position = np.full(len(options.ids), -1)
    position[bounded] = np.arange(len(bounded))
    rows = position[choices.option]
    inside = np.flatnonzero(rows >= 0)
    sheet.rows(
        "capacity", bounded, [(rows[inside], inside, choices.heads[inside])], high=options.capacity[bounded]
    )
