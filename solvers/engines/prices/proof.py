"""Prices made whole and handed in: what they prove is counted by the auditor's own reckoning, not by the engine."""

import numpy as np

from solvers.certificate import Certificate, limit_rows
from solvers.engines.prices.ascent import Ascent, Floats
from solvers.engines.prices.table import Table
from solvers.problem import Ints, Problem
from solvers.proofs.bound import proved_bound
from solvers.proofs.terms import Refused
from solvers.rules.limits import instances

ROOM = 2.0**54
"""Sums of prices stay below this, far from where 64 bits end."""


def certificate(table: Table, groups: Floats, rows: Floats) -> Certificate:
    """The prices over a scale as fine as 64 bits allow."""
    form = table.form
    problem = form.problem
    # Each sum the auditor forms is at most all prices together with all they multiply.
    weight = float(np.abs(groups) @ np.where(problem.groups.piece > 0, problem.groups.size, 1))
    weight += float(np.abs(table.rows.amount) @ rows[table.rows.row]) + float(np.abs(table.signed()).sum())
    weight += float(np.abs(table.rows.level) @ rows) + float(np.abs(groups).max(initial=0)) * len(
        problem.choices.group
    )
    scale = int(2 ** min(30, max(0, np.floor(np.log2(ROOM / max(1.0, weight))))))
    whole = np.rint(rows * scale).astype(np.int64)
    resources = np.zeros(len(problem.resources.ids), np.int64)
    limits = np.zeros(0, np.int64)
    earlier = np.zeros(len(form.aims), np.int64)
    number = _limit_numbers(problem) if form.is_of("limit").any() else np.zeros(0, np.int64)
    first = int(np.flatnonzero(form.is_of("limit"))[0]) if len(number) else 0
    for row, price in zip(table.rows.origin.tolist(), whole.tolist(), strict=True):
        if row < 0:
            earlier[-1 - row] = price
        elif form.rule[form.block[row]] == "resource":
            resources[form.subject[row]] = price
        elif price:
            limits = limits if len(limits) else np.zeros(len(limit_rows(problem)), np.int64)
            limits[number[row - first]] = price
    _below_spill(problem, resources)
    return Certificate(
        "prices",
        scale=scale,
        inside="options",
        resources=resources if resources.any() else np.zeros(0, np.int64),
        limits=limits,
        groups=np.rint(-groups * scale).astype(np.int64),
        earlier=earlier if earlier.any() else np.zeros(0, np.int64),
    )


def _limit_numbers(problem: Problem) -> Ints:
    """For each row of the form's limits its place in the auditor's list, which also lists limits that bind nobody."""
    place = {tuple(row): n for n, row in enumerate(limit_rows(problem))}
    found: list[int] = []
    for instance in instances(problem):
        limit = problem.limits[instance.limit]
        for side in ("minimum", "maximum", "share"):
            if getattr(limit, side) is None or (side == "maximum" and not len(instance.choices)):
                continue
            found.append(place[instance.limit, instance.tag, instance.option, side])
    return np.array(found, np.int64)


def _below_spill(problem: Problem, resources: Ints) -> None:
    for _ in range(len(resources)):
        to = problem.resources.spill
        most = np.where(to >= 0, resources[to], np.iinfo(np.int64).max)
        if (resources <= most).all():
            return
        np.minimum(resources, most, out=resources)


def prove(ascent: Ascent, number: int, allowed: list[int]) -> tuple[Certificate, int] | None:
    """The certificate of one stage and the bound it proves; None if it proves none."""
    groups, rows = ascent.prices()
    entry = certificate(ascent.table, groups, rows)
    try:
        proved = proved_bound(ascent.table.form.problem, allowed, number, entry)
    except Refused:
        return None
    return None if proved.bound is None else (entry, proved.bound)
