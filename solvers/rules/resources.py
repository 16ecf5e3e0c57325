"""Funds, beds and venues bear what is used of them; what exceeds one capacity is borne by the next."""

import numpy as np

from solvers.problem import Ints
from solvers.rules import carriers
from solvers.rules.rule import Sheet


def add(sheet: Sheet) -> None:
    """Variables ``spill``; rows ``resource`` by resource: used + spilled here - spilled on <= capacity."""
    resources = sheet.problem.resources
    count = len(resources.ids)
    row, column, amount = uses(sheet)
    spills = np.flatnonzero(resources.spill >= 0)
    total = int((sheet.uppers[column] * amount).sum())
    spill = sheet.variables("spill", np.full(len(spills), total))
    sheet.rows(
        "resource",
        np.arange(count),
        [(row, column, amount), (spills, spill, -1), (resources.spill[spills], spill, 1)],
        high=resources.capacity,
    )


def uses(sheet: Sheet) -> tuple[Ints, Ints, Ints]:
    """What one unit of each variable uses: (resource, variable, amount)."""
    problem = sheet.problem
    options, choices = problem.options, problem.choices
    row = [choices.uses.column, options.uses.column]
    column = [choices.uses.rows, sheet.names["run"][options.uses.rows]]
    amount = [choices.uses.amount, options.uses.amount]
    per_head = np.diff(options.head_uses.start)[choices.option]
    choice = np.repeat(np.arange(len(choices.option)), per_head)
    within = np.arange(len(choice)) - np.repeat(np.cumsum(per_head) - per_head, per_head)
    entry = options.head_uses.start[choices.option[choice]] + within
    row.append(options.head_uses.column[entry])
    column.append(choice)
    amount.append(options.head_uses.amount[entry] * choices.heads[choice])
    taken = [
        (resource, int(piece), used)
        for (option, at), piece in zip(carriers.entries(sheet), sheet.names["pieces"], strict=True)
        for resource, used in options.carriers[option][at].uses
    ]
    if taken:
        table = np.array(taken, np.int64)
        row.append(table[:, 0])
        column.append(table[:, 1])
        amount.append(table[:, 2])
    return np.concatenate(row), np.concatenate(column), np.concatenate(amount)
