"""Quotas: how many heads, of all or of those with a tag, some options may or must have; soft ones may be missed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solvers.problem import Flags, Ints, Limit, Problem
from solvers.rules.rule import Sheet


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A limit spelt out: for one tag, for one option or for all of its options together."""

    limit: int
    tag: int
    option: int
    """The option, or -1 where they count together."""
    choices: Ints
    heads: Ints
    """Heads counted at each of ``choices``, by the unit."""


def add(sheet: Sheet) -> None:
    """Variables ``miss`` (one per side of a soft limit's instance); rows ``limit`` by limit."""
    problem = sheet.problem
    owners: list[int] = []
    uppers: list[int] = []
    rows: list[tuple[Instance, str, int]] = []
    for instance, side in sides(problem):
        limit = problem.limits[instance.limit]
        if limit.soft:
            owners.append(instance.limit)
            most = int(instance.heads @ problem.choices.units[instance.choices])
            uppers.append(max(most, limit.minimum or 0))
        rows.append((instance, side, len(owners) - 1 if limit.soft else -1))
    miss = sheet.variables("miss", np.array(uppers, np.int64))
    sheet.names["miss owner"] = np.array(owners, np.int64)
    _write(sheet, rows, miss)


def _write(sheet: Sheet, rows: list[tuple[Instance, str, int]], miss: Ints) -> None:
    problem = sheet.problem
    run = sheet.names["run"]
    subject, lows, highs = [], [], []
    row: list[Ints] = []
    column: list[Ints] = []
    amount: list[Ints] = []

    def entry(at: int, columns: Ints, amounts: Ints) -> None:
        row.append(np.full(len(columns), at))
        column.append(columns)
        amount.append(amounts)

    for at, (instance, side, missed) in enumerate(rows):
        limit = problem.limits[instance.limit]
        subject.append(instance.limit)
        low, high, scale = 0, 0, 1
        if side == "share":
            p, q = limit.share or (0, 1)
            everybody = instance_everybody(problem, instance)
            entry(at, instance.choices, q * instance.heads)
            entry(at, everybody, -p * problem.choices.heads[everybody])
            low, scale = -(2**62), q
        else:
            entry(at, instance.choices, instance.heads)
            if side == "maximum":
                low, high = -(2**62), limit.maximum or 0
            elif limit.each:
                entry(at, run[[instance.option]], np.array([-(limit.minimum or 0)]))
                high = 2**62
            else:
                low, high = limit.minimum or 0, 2**62
        if missed >= 0:
            entry(at, miss[[missed]], np.array([scale if side == "minimum" else -scale]))
        lows.append(low)
        highs.append(high)
    if rows:
        sheet.rows(
            "limit",
            subject,
            [(np.concatenate(row), np.concatenate(column), np.concatenate(amount))],
            low=np.array(lows),
            high=np.array(highs),
        )


def sides(problem: Problem) -> Iterator[tuple[Instance, str]]:
    """Every instance with each of its sides that can be missed, in the order of the rows."""
    for instance in instances(problem):
        limit = problem.limits[instance.limit]
        for side in ("minimum", "maximum", "share"):
            if getattr(limit, side) is not None and (side != "maximum" or len(instance.choices)):
                yield instance, side


def instances(problem: Problem) -> list[Instance]:
    """Every limit for every tag it names and, where each option counts alone, every option."""
    choices = problem.choices
    found: list[Instance] = []
    for number, limit in enumerate(problem.limits):
        inside = _inside(problem, limit)
        for tag in tags(problem, limit):
            heads = problem.heads_tagged(tag)
            counted = np.flatnonzero(inside & (heads > 0)) if tag != -1 else np.flatnonzero(inside)
            if not limit.each:
                found.append(Instance(number, tag, -1, counted, heads[counted]))
                continue
            option = choices.option[counted]
            order = np.argsort(option, kind="stable")
            listed = range(len(problem.options.ids)) if limit.options is None else limit.options
            for one in listed:
                low, high = np.searchsorted(option[order], [one, one + 1])
                at = counted[order[low:high]]
                found.append(Instance(number, tag, one, at, heads[at]))
    return found


def tags(problem: Problem, limit: Limit) -> list[int]:
    """The tags a limit speaks of; -1 is everybody, and a plain tag that nobody has still counts (as none)."""
    if limit.tag is None:
        return [-1]
    found = problem.matching(limit.tag)
    return found if found or limit.tag.endswith("*") else [-2]


def instance_everybody(problem: Problem, instance: Instance) -> Ints:
    """All choices at the options of an instance, tagged or not."""
    if instance.option >= 0:
        return np.flatnonzero(problem.choices.option == instance.option)
    return np.flatnonzero(_inside(problem, problem.limits[instance.limit]))


def _inside(problem: Problem, limit: Limit) -> Flags:
    if limit.options is None:
        return np.ones(len(problem.choices.option), np.bool_)
    chosen = np.zeros(len(problem.options.ids), np.bool_)
    chosen[list(limit.options)] = True
    inside: Flags = chosen[problem.choices.option]
    return inside
