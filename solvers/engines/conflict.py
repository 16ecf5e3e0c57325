"""Which rules cannot hold together: taken away one after another as long as the rest still cannot."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from solvers.engines.exact import ask
from solvers.engines.search import Search
from solvers.problem import Flags, Ints, Problem
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND

Rule = tuple[str, int]

GIVEN = {"once", "run", "piece", "moved", "aim"}
"""What is no rule of the organiser but the meaning of the words."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of a form, over some of its variables: if these cannot hold, the form cannot.

    ``column`` numbers the part's own variables, ``upper`` is theirs and rests on none of its rules; ``rules`` tells
    what each row is about.
    """

    upper: Ints
    start: Ints
    column: Ints
    amount: Ints
    low: Ints
    high: Ints
    rules: tuple[Rule, ...]


def whole(form: Form) -> Part:
    """All of a form."""
    return Part(form.reach, form.start, form.column, form.amount, form.low, form.high, _rules(form))


def narrowed(form: Form, groups: Flags) -> Part:
    """What remains of the rules if only these groups may be placed: never more than the whole asks for.

    A side of a row that somebody else could help to keep is left out.
    """
    choices = len(form.problem.choices.group)
    gone = np.zeros(len(form.upper), np.bool_)
    gone[:choices] = ~groups[form.problem.choices.group]
    gone[form.sheet.used[gone[:choices]]] = True
    dropped = gone[form.column]
    low, high = form.low.copy(), form.high.copy()
    low[form.row[dropped & (form.amount > 0)]] = -NO_BOUND
    high[form.row[dropped & (form.amount < 0)]] = NO_BOUND
    kept = np.zeros(len(low), np.bool_)
    kept[form.row[~dropped]] = True
    kept &= (low > -NO_BOUND) | (high < NO_BOUND)
    entries = np.flatnonzero(~dropped & kept[form.row])
    columns, column = np.unique(form.column[entries], return_inverse=True)
    rows = np.flatnonzero(kept)
    rules = _rules(form)
    return Part(
        upper=form.reach[columns],
        start=np.searchsorted(form.row[entries], np.append(rows, len(low))),
        column=column,
        amount=form.amount[entries],
        low=low[rows],
        high=high[rows],
        rules=tuple(rules[row] for row in rows.tolist()),
    )


def irreducible(search: Search, *, seconds: float, part: Part | None = None) -> tuple[list[Rule], bool]:
    """Rules of an infeasible problem, or of a ``part`` that is, that cannot hold together; whether none can be spared."""
    alone = hopeless(search.form)
    if alone is not None:
        return [alone], True
    part = whole(search.form) if part is None else part
    clock = Search(search.form, seconds, search.workers, search.seed, should_stop=search.should_stop)
    return _spare(clock, part, sorted({rule for rule in part.rules if rule[0] not in GIVEN}))


def hopeless(form: Form) -> Rule | None:
    """A rule that fails by itself, whoever is placed: a floor for more heads than there are."""
    cuts = np.searchsorted(form.start, np.arange(0, len(form.column) + 1, AT_ONCE))
    for first, last in pairwise([*np.unique(cuts).tolist(), len(form.low)]):
        rows, entries = slice(first, last), slice(int(form.start[first]), int(form.start[last]))
        most = form.upper[form.column[entries]] * form.amount[entries]
        start = form.start[first : last + 1] - form.start[first]
        highest, lowest = _sums(start, np.maximum(most, 0)), _sums(start, np.minimum(most, 0))
        failing = np.flatnonzero((highest < form.low[rows]) | (lowest > form.high[rows]))
        if len(failing):
            row = first + int(failing[0])
            return form.rule[int(form.block[row])], int(form.subject[row])
    return None


AT_ONCE = 500_000
"""Entries that are summed at one time: a large problem has millions, and room for all their sums takes its time too."""


def prove(search: Search, values: Ints, *, until: float) -> Part | None:
    """Of a problem too large to ask whole: a part of it that cannot be met, found where ``values`` miss it.

    Each rule missed is asked about with nobody but those it speaks of, then all of them together.
    """
    form = search.form
    missed = np.flatnonzero(form.broken(values))
    crowds = sorted((_crowd(form, [row]) for row in missed.tolist()[:SINGLY]), key=lambda one: int(one.sum()))
    together = _crowd(form, missed.tolist()) | form.problem.groups.required
    for number, crowd in enumerate([*crowds, together]):
        left = min(search.left, until - search.elapsed)
        if left <= 0 or not crowd.any():
            break
        part = narrowed(form, crowd)
        clock = Search(form, left / (len(crowds) + 1 - number), search.workers, search.seed)
        if _impossible(clock, part, set(part.rules)):
            return part
    return None


SINGLY = 20
"""How many of the rules missed are asked about one by one."""


def _crowd(form: Form, rows: list[int]) -> Flags:
    """The groups that these rows speak of; of an option that must run, those that list it."""
    choices = form.problem.choices
    groups = np.zeros(len(form.problem.groups.ids), np.bool_)
    named = np.zeros(len(form.upper), np.bool_)
    for row in rows:
        named[form.column[form.start[row] : form.start[row + 1]]] = True
    inside = named[: len(choices.group)] | named[form.sheet.used]
    inside |= named[form.sheet.names["run"]][choices.option]
    groups[choices.group[inside]] = True
    return groups


def _sums(start: Ints, amounts: Ints) -> Ints:
    running = np.concatenate([[0], np.cumsum(amounts)])
    sums: Ints = running[start[1:]] - running[start[:-1]]
    return sums


def _spare(clock: Search, part: Part, rules: list[Rule]) -> tuple[list[Rule], bool]:
    """Drop chunks of rules, halving the chunk, while what remains is still proved impossible."""
    kept, certain = list(rules), True
    chunk = max(1, len(kept) // 2)
    while chunk:
        place = 0
        while place < len(kept):
            if clock.left <= 0:
                return kept, False
            without = kept[:place] + kept[place + chunk :]
            verdict = _impossible(clock, part, set(without))
            if verdict:
                kept = without
            else:
                if verdict is None and chunk == 1:
                    certain = False
                place += chunk
        chunk //= 2
    return kept, certain


def _impossible(clock: Search, part: Part, wanted: set[Rule]) -> bool | None:
    """Whether these rules alone are proved impossible; None if that stays open."""
    model: Any = cp_model.CpModel()
    variables = [model.new_int_var(0, int(most), "") for most in np.minimum(part.upper, 2**53).tolist()]
    column, amount, start = part.column.tolist(), part.amount.tolist(), part.start.tolist()
    low, high = part.low.tolist(), part.high.tolist()
    for row, rule in enumerate(part.rules):
        if rule[0] not in GIVEN and rule not in wanted:
            continue
        cut = slice(start[row], start[row + 1])
        least = low[row] if low[row] > -NO_BOUND else -(2**62)
        most = high[row] if high[row] < NO_BOUND else 2**62
        terms = [variables[c] for c in column[cut]]
        if terms:
            model.add_linear_constraint(cp_model.LinearExpr.weighted_sum(terms, amount[cut]), least, most)
        elif not least <= 0 <= most:
            return True
    _, status = ask(model, clock, seconds=max(0.05, clock.left / 4))
    if status == cp_model.INFEASIBLE:
        return True
    return False if status in {cp_model.OPTIMAL, cp_model.FEASIBLE} else None


def _rules(form: Form) -> tuple[Rule, ...]:
    return tuple((form.rule[b], s) for b, s in zip(form.block.tolist(), form.subject.tolist(), strict=True))


def written(problem: Problem, rules: list[Rule]) -> list[dict[str, Any]]:
    """Rules by name and id; required groups that lack room together are one entry."""
    required = [problem.groups.ids[subject] for rule, subject in rules if rule == "required"]
    together = [{"kind": "required", "groups": required}] if required else []
    return together + [
        {"kind": rule, **named(problem, rule, subject)} for rule, subject in rules if rule != "required"
    ]


def named(problem: Problem, rule: str, subject: int) -> dict[str, Any]:
    """What a rule is about, by ids."""
    groups, choices, options = problem.groups, problem.choices, problem.options
    match rule:
        case "resource":
            return {"id": problem.resources.ids[subject]}
        case "limit":
            return {"id": problem.limits[subject].id}
        case "pinned" | "required":
            return {"id": groups.ids[subject]}
        case "banned":
            group, option = int(choices.group[subject]), int(choices.option[subject])
            return {"id": groups.ids[group], "option": options.ids[option]}
        case "apart":
            return {"groups": [groups.ids[group] for group in problem.apart[subject]]}
        case "clash":
            return {"id": problem.people[subject]}
        case "changes":
            return {"id": "max_changes"}
    return {"id": options.ids[subject]}
