"""What each stage counts, told over the same variables as the rules."""

import numpy as np

from solvers.problem import Ints
from solvers.rules import carriers, changes
from solvers.rules.rule import Aim, Sheet
from solvers.stages import Stage


def aim_of(sheet: Sheet, stage: Stage) -> Aim:
    """The linear value of one stage; ``worst`` and ``spread`` add a variable and rows of their own."""
    name = stage.stage
    if name == "placed":
        return _over_choices(_weight(sheet, stage), maximise=True)
    if name == "required":
        units = sheet.problem.groups.required[sheet.problem.choices.group].astype(np.int64)
        return _over_choices(units, maximise=True)
    if name == "rank":
        return _rank(sheet, stage)
    if name == "soft":
        return _soft(sheet, stage)
    if name == "cost":
        return _cost(sheet)
    if name == "running":
        run = sheet.names["run"]
        return Aim(run, np.ones(len(run), np.int64), 0, maximise=False)
    if name == "changes":
        return changes.counted(sheet)
    if name == "spread":
        return _spread(sheet, stage)
    raise ValueError(f"no aim for a stage {name}")


def _over_choices(amount: Ints, *, maximise: bool) -> Aim:
    column = np.flatnonzero(amount)
    return Aim(column, amount[column], 0, maximise=maximise)


def _weight(sheet: Sheet, stage: Stage) -> Ints:
    problem = sheet.problem
    choices = problem.choices
    if stage.tag is None:
        weight = choices.weight.copy()
    else:
        found = problem.matching(stage.tag)
        weight = sum(
            (problem.heads_tagged(tag) for tag in found), np.zeros(len(choices.group), np.int64)
        ).copy()
    if stage.tier is not None:
        weight[problem.groups.tier[choices.group] != stage.tier] = 0
    return weight


def _rank(sheet: Sheet, stage: Stage) -> Aim:
    choices = sheet.problem.choices
    weight = _weight(sheet, stage)
    if stage.measure == "sum":
        return _over_choices(weight * choices.rank, maximise=False)
    if stage.measure == "at":
        weight[choices.rank != stage.rank] = 0
        return _over_choices(weight, maximise=stage.maximise)
    # Someone who weighs nothing is placed all the same, so the worst rank looks at tier and tag alone.
    counted = np.flatnonzero(weight > 0) if stage.tag else np.flatnonzero(_of_tier(sheet, stage))
    worst = sheet.variables(f"worst {stage.label}", choices.rank[counted].max(initial=0, keepdims=True))
    rows = np.arange(len(counted))
    sheet.rows(
        "aim",
        counted,
        [(rows, np.full(len(rows), worst[0]), 1), (rows, sheet.used[counted], -choices.rank[counted])],
        low=0,
    )
    return Aim(worst, np.ones(1, np.int64), 0, maximise=False)


def _of_tier(sheet: Sheet, stage: Stage) -> Ints:
    tier = sheet.problem.groups.tier[sheet.problem.choices.group]
    return np.ones(len(tier), np.int64) if stage.tier is None else (tier == stage.tier).astype(np.int64)


def _soft(sheet: Sheet, stage: Stage) -> Aim:
    owner = sheet.names["miss owner"]
    miss = sheet.names["miss"]
    if stage.limits is not None:
        ids = set(stage.limits)
        miss = miss[[sheet.problem.limits[limit].id in ids for limit in owner.tolist()]]
    return Aim(miss, np.ones(len(miss), np.int64), 0, maximise=False)


def _cost(sheet: Sheet) -> Aim:
    problem = sheet.problem
    choices, options = problem.choices, problem.options
    amount = np.zeros(sheet.size, np.int64)
    amount[: len(choices.group)] = choices.cost + choices.heads * options.head_cost[choices.option]
    amount[sheet.names["run"]] = options.cost
    for (option, entry), piece in zip(carriers.entries(sheet), sheet.names["pieces"].tolist(), strict=True):
        amount[piece] = options.carriers[option][entry].cost
    return _over_choices(amount, maximise=False)


def _spread(sheet: Sheet, stage: Stage) -> Aim:
    problem = sheet.problem
    groups = problem.groups
    least = sheet.variables(f"spread {stage.prefix}", np.array([1000]))
    for tag in problem.matching(f"{stage.prefix}*"):
        # A split group counts head by head; a whole one by its tagged heads.
        heads = problem.heads_tagged(tag)
        total = int(
            (
                problem.tag_heads.get(tag, np.zeros(1, np.int64)) * np.where(groups.piece > 0, groups.size, 1)
            ).sum()
        )
        counted = np.flatnonzero(heads)
        zeros = np.zeros(len(counted), np.int64)
        sheet.rows(
            "aim",
            [tag],
            [(zeros, counted, 1000 * heads[counted]), (np.zeros(1, np.int64), least, -total)],
            low=0,
        )
    return Aim(least, np.ones(1, np.int64), 0, maximise=True)
