"""Prices for a certificate: what the linear relaxation of a stage, with the stages before it as rows, asks for its rules.

A search proves a bound by looking everywhere; its relaxation often proves the same bound, or one near it, by prices
that anybody can evaluate. GLOP solves the relaxation; its duals are rounded to whole numbers over a scale (A. Neumaier,
O. Shcherbina, Safe bounds in linear and mixed-integer linear programming, Mathematical Programming 99, 2004: a rounded
dual is still a dual, only its bound must be taken exactly).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from ortools.math_opt import model_pb2  # type: ignore[import-untyped]
from ortools.math_opt.python import mathopt  # type: ignore[import-untyped]

from solvers.certificate import Certificate, Inside, limit_rows, no_prices, share_rows
from solvers.problem import Flags, Ints, Problem
from solvers.rules import limits
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND

KEPT = {
    "once",
    "required",
    "pinned",
    "banned",
    "capacity",
    "minimum",
    "must_run",
    "carriers",
    "resource",
    "limit",
    "changes",
    "moved",
}
"""Rules that prices, or the inner problem of ``groups``, can keep."""
UNPRICED = ("once", "required", "pinned", "banned", "must_run", "moved")
"""Of these, rules that the inner problem of ``groups`` keeps by itself."""
INSIDE: tuple[Inside, ...] = ("groups", "options")
SCALES = (1, 60, 5040, 10**6)
"""Denominators to try: duals of such problems are mostly whole or simple fractions."""
WIDEST = 2**50
"""Amounts beyond which floating point would not tell a price."""
NEXT = 1000
"""Thousandths in a whole, as shares are counted."""

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Known(Protocol):
    """What earlier stages settle: choices that are shut, groups placed whole, options that never or always run."""

    @property
    def shut(self) -> Flags: ...
    @property
    def placed(self) -> Flags: ...
    @property
    def never(self) -> Flags: ...
    @property
    def always(self) -> Flags: ...
    @property
    def full(self) -> Flags: ...


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Sparse rows with what each is a price of: a rule and a number within it; ``sign`` turns its dual into a price."""

    start: Ints
    column: Ints
    amount: Ints
    low: Ints
    high: Ints
    rule: tuple[str, ...]
    number: Ints
    sign: Ints

    def and_(self, other: "Rows") -> "Rows":
        return Rows(
            np.concatenate([self.start, other.start[1:] + self.start[-1]]),
            np.concatenate([self.column, other.column]),
            np.concatenate([self.amount, other.amount]),
            np.concatenate([self.low, other.low]),
            np.concatenate([self.high, other.high]),
            self.rule + other.rule,
            np.concatenate([self.number, other.number]),
            np.concatenate([self.sign, other.sign]),
        )


Ask = Callable[[Rows, Floats, Floats, Floats], "Floats | None"]
"""Rows, the variables' least and most, and their cost -> what each row's side is worth; None: not in time."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One stage: its number, what all stages allow, what is settled, and the bound to be shown."""

    number: int
    allowed: Sequence[int]
    known: Known
    claimed: int | None
    seconds: float


class Relaxation:
    """The linear relaxation of a form; ``inside`` says for which inner problem its prices are meant.

    ``ask`` finds the duals of a relaxation too large for GLOP.
    """

    def __init__(self, form: Form, inside: Inside, ask: "Ask | None" = None) -> None:
        self.form, self.inside, self.ask = form, inside, ask
        self.rows = _rules(form, KEPT if inside == "groups" else KEPT | {"run"})
        largest = max(int(np.abs(self.rows.amount).max(initial=0)), int(_finite(self.rows.high)))
        self.fits = largest < WIDEST

    def prices(self, question: Question) -> Iterator[Certificate]:
        """Certificates to try, coarse scales first; none where GLOP finds no duals in time."""
        if not self.fits:
            return
        duals = self._duals(question)
        if duals is None:
            return
        rows, amounts = duals
        for scale in SCALES:
            yield certificate(self.form.problem, rows, amounts, scale, self.inside, question.known)

    def _duals(self, question: Question) -> tuple[Rows, Floats] | None:
        form, problem, number = self.form, self.form.problem, question.number
        rows, upper = self.rows, np.minimum(form.upper, WIDEST).astype(np.float64)
        level = (
            number < 0
            or problem.stages[number].stage == "spread"
            or problem.stages[number].measure == "worst"
        )
        for stage in range(number):
            rows = rows.and_(self.stage_rows(stage, question.allowed[stage]))
        if number >= 0 and problem.stages[number].stage == "spread":
            rows = rows.and_(_shares(form, number, (question.claimed or 0) + 1))
        upper[: len(problem.choices.group)][question.known.shut & ~_pinned(problem)] = 0
        run = form.sheet.names["run"]
        upper[run[question.known.never]] = 0
        lower = np.zeros(len(upper))
        lower[run[question.known.always]] = 1
        if number >= 0 and problem.stages[number].measure == "worst":
            upper[_beyond(form, number, (question.claimed or 0) - 1)] = 0
        rows = _tightened(rows, form, question.known)
        cost = np.zeros(len(upper))
        if not level:
            aim = form.aims[number]
            np.add.at(cost, aim.column, (-aim.amount if aim.maximise else aim.amount).astype(np.float64))
        if self.ask is not None and not level:
            found = self.ask(rows, lower, upper, cost)
        else:
            found = _solve(rows, lower, upper, cost, seconds=question.seconds, elastic=level)
        return None if found is None else (rows, found)

    def stage_rows(self, stage: int, allowed: int) -> Rows:
        """An earlier stage as a row: at least (or at most) what it is allowed."""
        written = self.form.problem.stages[stage]
        if written.stage == "spread":
            return _shares(self.form, stage, allowed)
        if written.measure == "worst":
            return _no_rows()
        aim = self.form.aims[stage]
        side = np.array([allowed - aim.constant])
        none = np.array([NO_BOUND])
        return Rows(
            np.array([0, len(aim.column)]),
            aim.column,
            aim.amount,
            side if aim.maximise else -none,
            none if aim.maximise else side,
            ("earlier",),
            np.array([stage]),
            np.array([1 if aim.maximise else -1]),
        )


def is_level(problem: Problem, number: int) -> bool:
    """Whether prices show that a level cannot be (or, below 0, that nothing can), in place of a bound."""
    return number < 0 or problem.stages[number].stage == "spread" or problem.stages[number].measure == "worst"


def _finite(sides: Ints) -> int:
    return int(sides[np.abs(sides) < NO_BOUND].max(initial=0))


def _no_rows() -> Rows:
    none = np.zeros(0, np.int64)
    return Rows(np.zeros(1, np.int64), none, none, none, none, (), none, none)


def rows_of(form: Form, kept: set[str] = KEPT) -> Ints:
    """The form's rows that a relaxation for ``groups`` has, in its order."""
    rules = np.array([rule in kept for rule in form.rule], np.bool_)
    return np.flatnonzero(rules[form.block]) if len(rules) else np.zeros(0, np.int64)


def _rules(form: Form, kept: set[str]) -> Rows:
    """The rows of the rules kept, each with what it is a price of."""
    of_row = [form.rule[block] for block in form.block.tolist()]
    chosen = rows_of(form, kept)
    number = form.subject.copy()
    at = form.is_of("limit")
    number[at] = _limit_numbers(form.problem)
    at = form.is_of("carriers")
    number[at] = _carrier_numbers(form.problem)
    lengths = np.diff(form.start)[chosen]
    entries = np.repeat(form.start[chosen] - (np.cumsum(lengths) - lengths), lengths) + np.arange(
        lengths.sum()
    )
    low, high = form.low[chosen], form.high[chosen]
    return Rows(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        form.column[entries],
        form.amount[entries],
        low,
        high,
        tuple(of_row[row] for row in chosen.tolist()),
        number[chosen],
        np.where(high < NO_BOUND, -1, 1),
    )


def _limit_numbers(problem: Problem) -> Ints:
    """The number in ``limit_rows`` of each row that the rule of limits writes."""
    place = {tuple(row): number for number, row in enumerate(limit_rows(problem))}
    return np.array(
        [
            place[instance.limit, instance.tag, instance.option, side]
            for instance in limits.instances(problem)
            for side in ("minimum", "maximum", "share")
            if getattr(problem.limits[instance.limit], side) is not None
            and not (side == "maximum" and not len(instance.choices))
        ],
        np.int64,
    )


def _carrier_numbers(problem: Problem) -> Ints:
    """For each row that the rule of carriers writes, the first entry of its tag."""
    found, base = [], 0
    for listed in problem.options.carriers:
        tags = [carrier.tag for carrier in listed]
        found += [base + tags.index(tag) for tag in sorted(set(tags))]
        base += len(listed)
    return np.array(found, np.int64)


def _shares(form: Form, stage: int, level: int) -> Rows:
    """Every tag of a stage ``spread`` reaches ``level`` thousandths."""
    problem = form.problem
    units = np.where(problem.groups.piece > 0, problem.groups.size, 1)
    rows = _no_rows()
    for number, share in enumerate(share_rows(problem)):
        if share.stage != stage:
            continue
        heads = problem.heads_tagged(share.tag)
        column = np.flatnonzero(heads)
        total = int((problem.tag_heads.get(share.tag, np.zeros(len(units), np.int64)) * units).sum())
        rows = rows.and_(
            Rows(
                np.array([0, len(column)]),
                column,
                NEXT * heads[column],
                np.array([level * total]),
                np.array([NO_BOUND]),
                ("spread",),
                np.array([number]),
                np.ones(1, np.int64),
            )
        )
    return rows


def _beyond(form: Form, number: int, rank: int) -> Ints:
    """Choices that a stage ``worst`` counts and whose rank is beyond ``rank``."""
    problem, stage = form.problem, form.problem.stages[number]
    choices = problem.choices
    beyond: Flags = choices.rank > rank
    if stage.tier is not None:
        beyond = beyond & (problem.groups.tier[choices.group] == stage.tier)
    if stage.tag is not None:
        tagged = sum(
            (problem.heads_tagged(tag) for tag in problem.matching(stage.tag)),
            np.zeros(len(beyond), np.int64),
        )
        beyond = beyond & (tagged > 0)
    return np.flatnonzero(beyond)


def _pinned(problem: Problem) -> Flags:
    pinned = np.zeros(len(problem.groups.ids), np.bool_)
    pinned[list(problem.pinned)] = True
    return pinned[problem.choices.group]


def _tightened(rows: Rows, form: Form, known: Known) -> Rows:
    """Groups known to be placed, and options known to be full, as equations."""
    problem = form.problem
    units = np.where(problem.groups.piece > 0, problem.groups.size, 1)
    is_once = np.array([rule == "once" for rule in rows.rule], np.bool_)
    is_seats = np.array([rule == "capacity" for rule in rows.rule], np.bool_) & (rows.high > 0)
    low = rows.low.copy()
    placed = np.flatnonzero(is_once)
    placed = placed[known.placed[rows.number[placed]]]
    low[placed] = units[rows.number[placed]]
    full = np.flatnonzero(is_seats)
    full = full[known.full[rows.number[full]]]
    low[full] = rows.high[full]
    return Rows(rows.start, rows.column, rows.amount, low, rows.high, rows.rule, rows.number, rows.sign)


def _solve(
    rows: Rows, lower: Floats, upper: Floats, cost: Floats, *, seconds: float, elastic: bool
) -> Floats | None:
    """Duals of the rows; ``elastic`` asks by how little the rows must be missed, which a contradiction answers."""
    if elastic:
        rows, lower, upper, cost = _elastic(rows, lower, upper)
    parameters = mathopt.SolveParameters(time_limit=timedelta(seconds=max(0.01, seconds)), threads=1)
    model = mathopt.Model.from_model_proto(_written(rows, lower, upper, cost))
    found = mathopt.solve(model, mathopt.SolverType.GLOP, params=parameters)
    if (
        found.termination.reason is not mathopt.TerminationReason.OPTIMAL
        or not found.has_dual_feasible_solution()
    ):
        return None
    return np.array(found.dual_values(list(model.linear_constraints())), np.float64)


def _written(rows: Rows, lower: Floats, upper: Floats, cost: Floats) -> Any:
    """The relaxation as a model of OR-Tools."""
    model = model_pb2.ModelProto()
    model.variables.ids.extend(range(len(upper)))
    model.variables.lower_bounds.extend(lower.tolist())
    model.variables.upper_bounds.extend(upper.tolist())
    model.variables.integers.extend([False] * len(upper))
    counted = np.flatnonzero(cost)
    model.objective.linear_coefficients.ids.extend(counted.tolist())
    model.objective.linear_coefficients.values.extend(cost[counted].tolist())
    model.linear_constraints.ids.extend(range(len(rows.low)))
    infinite = float("inf")
    model.linear_constraints.lower_bounds.extend(
        np.where(rows.low <= -NO_BOUND, -infinite, rows.low.astype(np.float64)).tolist()
    )
    model.linear_constraints.upper_bounds.extend(
        np.where(rows.high >= NO_BOUND, infinite, rows.high.astype(np.float64)).tolist()
    )
    row, column, value = _once_each(rows, len(upper))
    model.linear_constraint_matrix.row_ids.extend(row.tolist())
    model.linear_constraint_matrix.column_ids.extend(column.tolist())
    model.linear_constraint_matrix.coefficients.extend(value.tolist())
    return model


def _elastic(rows: Rows, lower: Floats, upper: Floats) -> tuple[Rows, Floats, Floats, Floats]:
    """A column for each side of each priced row, by which it may be missed at a cost of 1."""
    priced = ~np.isin(np.array(rows.rule), UNPRICED)
    down = np.flatnonzero(priced & (rows.low > -NO_BOUND))
    up = np.flatnonzero(priced & (rows.high < NO_BOUND))
    first = len(upper)
    added = np.concatenate([down, up])
    amount = np.concatenate([np.ones(len(down), np.int64), -np.ones(len(up), np.int64)])
    order = np.argsort(np.concatenate([_row_of(rows), added]), kind="stable")
    column = np.concatenate([rows.column, first + np.arange(len(added))])[order]
    amounts = np.concatenate([rows.amount, amount])[order]
    start = rows.start + np.concatenate([[0], np.cumsum(np.bincount(added, minlength=len(rows.low)))])
    wide = Rows(start, column, amounts, rows.low, rows.high, rows.rule, rows.number, rows.sign)
    more = np.zeros(len(added))
    return (
        wide,
        np.concatenate([lower, more]),
        np.concatenate([upper, np.full(len(added), np.inf)]),
        np.concatenate([np.zeros(first), more + 1]),
    )


def _row_of(rows: Rows) -> Ints:
    return np.repeat(np.arange(len(rows.low)), np.diff(rows.start))


def _once_each(rows: Rows, width: int) -> tuple[Ints, Ints, Floats]:
    """(row, variable, amount), what a row says twice of one variable added up."""
    once, at = np.unique(_row_of(rows) * width + rows.column, return_inverse=True)
    summed: Floats = np.bincount(at, rows.amount.astype(np.float64), len(once)).astype(np.float64)
    return (once // width).astype(np.int64), (once % width).astype(np.int64), summed


def certificate(
    problem: Problem, rows: Rows, duals: Floats, scale: int, inside: Inside, known: Known
) -> Certificate:
    """Duals as whole prices over a scale, of the sign each row wants."""
    prices = np.rint(np.clip(duals * rows.sign * scale, -(2.0**50), 2.0**50)).astype(np.int64)
    rules = np.array(rows.rule)

    def of(rule: str, count: int) -> Ints:
        found = np.zeros(count, np.int64)
        mine = np.flatnonzero(rules == rule)
        np.add.at(found, rows.number[mine], prices[mine])
        return found if found.any() else no_prices()

    options, groups = len(problem.options.ids), len(problem.groups.ids)
    held = inside == "groups"
    changes = prices[np.flatnonzero(rules == "changes")].sum()
    return Certificate(
        "prices",
        scale=scale,
        inside=inside,
        capacity=_signed(of("capacity", options), known.full) if held else no_prices(),
        minimum=np.maximum(of("minimum", options), 0) if held else no_prices(),
        carriers=_of_entries(problem, of("carriers", sum(map(len, problem.options.carriers))), held=held),
        resources=np.maximum(of("resource", len(problem.resources.ids)), 0),
        limits=np.maximum(of("limit", len(limit_rows(problem))), 0),
        groups=no_prices()
        if held
        else _signed(_of_groups(of("once", groups), of("required", groups)), known.placed),
        earlier=np.maximum(of("earlier", len(problem.stages)), 0),
        spread=np.maximum(of("spread", len(share_rows(problem))), 0),
        changes=max(0, int(changes)),
    )


def _signed(prices: Ints, either: Flags) -> Ints:
    """Prices of at least 0, of any sign where the rule is known to hold as an equation."""
    if not len(prices):
        return prices
    found: Ints = np.where(either, prices, np.maximum(prices, 0))
    return found


def _of_groups(once: Ints, required: Ints) -> Ints:
    if not len(once) or not len(required):
        return once if len(once) else -required
    return once - required


def _of_entries(problem: Problem, prices: Ints, *, held: bool) -> Ints:
    """One price for all entries of a tag; inside options those for everybody are left to the inner problem."""
    if not len(prices):
        return prices
    spread = np.zeros(len(prices), np.int64)
    bases = np.cumsum([0, *map(len, problem.options.carriers)])
    for (base, _), listed in zip(pairwise(bases.tolist()), problem.options.carriers, strict=True):
        tags = [carrier.tag for carrier in listed]
        for entry, tag in enumerate(tags):
            if held or tag >= 0:
                spread[base + entry] = max(0, int(prices[base + tags.index(tag)]))
    return spread if spread.any() else no_prices()
