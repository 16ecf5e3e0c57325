"""If not all rules can be met: the placement that misses only those in conflict, and by as little as can be."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from solvers.answers import told
from solvers.engines import conflict, exact, repair
from solvers.engines.search import Search
from solvers.problem import Flags, Ints, Problem
from solvers.rules import limits
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND, Aim

SHARE = 0.5
"""Share of the time for the first of two: the rules before the placement, missing little before the stages."""


def explain(search: Search, *, seconds: float) -> dict[str, Any]:
    """The conflict of an infeasible problem, with the nearest placement where one is found in time."""
    rules, certain = conflict.irreducible(search, seconds=SHARE * seconds, part=search.refuted)
    problem = search.form.problem
    clash: dict[str, Any] = {"rules": conflict.written(problem, rules)}
    if not certain:
        clash["irreducible"] = False
    found = find(search, set(rules), seconds=SHARE * seconds, start=search.missing)
    if found is not None:
        values, missed = found
        clash["nearest"] = _written(search.form, values) | {"missed": missed}
    return clash


def _written(form: Form, values: Ints) -> dict[str, Any]:
    """Placements and carriers; an option that should run and does not has neither."""
    answer = told(form, values).to_dict()
    idle = form.problem.options.must_run & (values[form.sheet.names["run"]] == 0)
    number = form.problem.option_number
    carriers = {option: n for option, n in answer["carriers"].items() if not idle[number[option]]}
    return {"placements": answer["placements"], "carriers": carriers}


def find(
    search: Search, rules: set[conflict.Rule], *, seconds: float, start: Ints | None = None
) -> tuple[Ints, list[dict[str, Any]]] | None:
    """Values that break none but these rules, and what is missed of which; None if none are found in time.

    By how much a rule is missed is counted in its own unit (heads, fen, groups); where several are missed, each counts
    in parts of what it asks for.
    """
    form = search.form
    loose = np.array([rule in rules for rule in conflict.whole(form).rules], np.bool_)
    clock = Search(form, seconds, search.workers, search.seed, should_stop=search.should_stop)
    if start is not None and not form.broken(start)[~loose].any():
        return start, _missed(form, start)
    if len(form.problem.choices.group) > LARGEST:
        return None
    wide, miss = _loosened(form, loose)
    inside = Search(wide, seconds, search.workers, search.seed, should_stop=search.should_stop)
    model = exact.Model(wide)
    model.minimise(miss.column, miss.amount)
    best = repair.first_answer(clock)
    found = model.solve(inside, seconds=SHARE * seconds, best=_widened(form, best, loose))
    if found.values is None:
        return None
    inside.best = found.values
    model.keep(miss, miss.value(found.values))
    exact.solve(inside, model, until=seconds)
    values = inside.best[: len(form.upper)]
    return values, _missed(form, values)


LARGEST = 40_000
"""Choices up to which the whole problem is asked."""


def _loosened(form: Form, loose: Flags) -> tuple[Form, Aim]:
    """The form with a variable for each side of the loose rows that may be missed, and the aim to miss little."""
    rows = np.flatnonzero(loose)
    short, over = rows[form.low[rows] > -NO_BOUND], rows[form.high[rows] < NO_BOUND]
    slack = np.arange(len(form.upper), len(form.upper) + len(short) + len(over))
    row = np.concatenate([form.row, short, over])
    order = np.argsort(row, kind="stable")
    column = np.concatenate([form.column, slack])[order]
    amount = np.concatenate([form.amount, np.ones(len(short), np.int64), -np.ones(len(over), np.int64)])[
        order
    ]
    most = _most(form)
    wide = replace(
        form,
        upper=np.concatenate([form.reach, most[short], most[over]]),
        start=np.searchsorted(row[order], np.arange(len(form.low) + 1)),
        column=column,
        amount=amount,
    )
    asked = np.concatenate([np.abs(form.low[short]), np.abs(form.high[over])])
    return wide, Aim(slack, np.maximum(1, UNITS // np.maximum(1, asked)), 0, maximise=False)


UNITS = 100_000
"""What missing the whole of a rule counts; one that asks for more than this counts by its unit."""


def _most(form: Form) -> Ints:
    """By how much each row could be missed at most."""
    reach = np.zeros(len(form.low), np.int64)
    np.add.at(reach, form.row, np.abs(form.amount) * np.minimum(form.reach[form.column], 2**40))
    sides = np.where(form.low > -NO_BOUND, np.abs(form.low), 0) + np.where(
        form.high < NO_BOUND, np.abs(form.high), 0
    )
    found: Ints = np.minimum(reach + sides, 2**50)
    return found


def _widened(form: Form, values: Ints, loose: Flags) -> Ints:
    rows = np.flatnonzero(loose)
    sums = form.activity(values)
    short, over = rows[form.low[rows] > -NO_BOUND], rows[form.high[rows] < NO_BOUND]
    return np.concatenate(
        [
            values,
            np.maximum(0, form.low[short] - sums[short]),
            np.maximum(0, sums[over] - form.high[over]),
        ]
    )


def _missed(form: Form, values: Ints) -> list[dict[str, Any]]:
    missed = form.broken(values)
    rows = np.flatnonzero(missed).tolist()
    kinds = {row: form.rule[int(form.block[row])] for row in rows}
    where = _places(form, set(kinds.values()))
    told = []
    for row in rows:
        place = where.get(row, _Place())
        told.append(
            {
                "kind": kinds[row],
                **conflict.named(form.problem, kinds[row], int(form.subject[row])),
                **place.named,
                "by": -(-int(missed[row]) // place.unit),
            }
        )
    return told


class _Place(NamedTuple):
    """Which of a rule's rows one is, in ids, and what one head counts in it."""

    named: Mapping[str, str] = {}
    unit: int = 1


def _places(form: Form, named: set[str]) -> dict[int, _Place]:
    """By row, for the rules that have several rows of one name."""
    found: dict[int, _Place] = {}
    for rule, places in (("limit", _of_limits), ("carriers", _of_carriers)):
        if rule in named:
            rows = np.flatnonzero(form.is_of(rule)).tolist()
            found |= dict(zip(rows, places(form.problem), strict=True))
    return found


def _of_limits(problem: Problem) -> Iterator[_Place]:
    """The tag where a limit speaks of many, the option where it is ``each``, the side where it has several."""
    for instance, side in limits.sides(problem):
        limit = problem.limits[instance.limit]
        named = {}
        if limit.tag is not None and limit.tag.endswith("*"):
            named["tag"] = problem.tags[instance.tag]
        if limit.each:
            named["option"] = problem.options.ids[instance.option]
        if sum(one is not None for one in (limit.minimum, limit.maximum, limit.share)) > 1:
            named["side"] = side
        yield _Place(named, limit.share[1] if side == "share" and limit.share else 1)


def _of_carriers(problem: Problem) -> Iterator[_Place]:
    """The tag whose heads lack seats; none where all do."""
    for carriers in problem.options.carriers:
        for tag in sorted({carrier.tag for carrier in carriers}):
            yield _Place({"tag": problem.tags[tag]} if tag >= 0 else {})
