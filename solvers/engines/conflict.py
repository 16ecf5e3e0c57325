"""Which rules cannot hold together: taken away one after another as long as the rest still cannot."""

from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from solvers.engines.exact import ask
from solvers.engines.search import Search
from solvers.problem import Problem
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND

Rule = tuple[str, int]

GIVEN = {"once", "run", "piece", "moved", "aim"}
"""What is no rule of the organiser but the meaning of the words."""


def explain(search: Search, *, seconds: float) -> dict[str, Any]:
    """The conflict of an infeasible problem; ``irreducible`` is false where time ran out."""
    form = search.form
    alone = hopeless(form)
    if alone is not None:
        return {"rules": _written(form.problem, [alone])}
    rules = sorted({rule for rule in _rules(form) if rule[0] not in GIVEN})
    clock = Search(form, seconds, search.workers, search.seed, should_stop=search.should_stop)
    kept, certain = _spare(clock, rules)
    conflict: dict[str, Any] = {"rules": _written(form.problem, kept)}
    return conflict if certain else conflict | {"irreducible": False}


def hopeless(form: Form) -> Rule | None:
    """A rule that fails by itself, whoever is placed: a floor for more heads than there are."""
    amount, upper = form.amount, form.upper[form.column]
    highest = _sums(form, np.where(amount > 0, amount * upper, 0))
    lowest = _sums(form, np.where(amount < 0, amount * upper, 0))
    failing = np.flatnonzero((highest < form.low) | (lowest > form.high))
    if not len(failing):
        return None
    row = int(failing[0])
    return form.rule[int(form.block[row])], int(form.subject[row])


def _sums(form: Form, amounts: Any) -> Any:
    running = np.concatenate([[0], np.cumsum(amounts)])
    return running[form.start[1:]] - running[form.start[:-1]]


def _spare(clock: Search, rules: list[Rule]) -> tuple[list[Rule], bool]:
    """Drop chunks of rules, halving the chunk, while what remains is still proved impossible."""
    kept, certain = list(rules), True
    chunk = max(1, len(kept) // 2)
    while chunk:
        place = 0
        while place < len(kept):
            if clock.left <= 0:
                return kept, False
            without = kept[:place] + kept[place + chunk :]
            verdict = _impossible(clock, without)
            if verdict:
                kept = without
            else:
                if verdict is None and chunk == 1:
                    certain = False
                place += chunk
        chunk //= 2
    return kept, certain


def _impossible(clock: Search, rules: list[Rule]) -> bool | None:
    """Whether these rules alone are proved impossible; None if that stays open."""
    form = clock.form
    wanted = set(rules)
    model: Any = cp_model.CpModel()
    variables = [model.new_int_var(0, int(most), "") for most in np.minimum(form.upper, 2**53).tolist()]
    column, amount = form.column.tolist(), form.amount.tolist()
    for row, rule in enumerate(_rules(form)):
        if rule[0] not in GIVEN and rule not in wanted:
            continue
        cut = slice(int(form.start[row]), int(form.start[row + 1]))
        low = int(form.low[row]) if form.low[row] > -NO_BOUND else -(2**62)
        high = int(form.high[row]) if form.high[row] < NO_BOUND else 2**62
        terms = [variables[c] for c in column[cut]]
        if terms:
            model.add_linear_constraint(cp_model.LinearExpr.weighted_sum(terms, amount[cut]), low, high)
        elif not low <= 0 <= high:
            return True
    _, status = ask(model, clock, seconds=max(0.05, clock.left / 4))
    if status == cp_model.INFEASIBLE:
        return True
    return False if status in {cp_model.OPTIMAL, cp_model.FEASIBLE} else None


def _rules(form: Form) -> list[Rule]:
    return [(form.rule[b], s) for b, s in zip(form.block.tolist(), form.subject.tolist(), strict=True)]


def _written(problem: Problem, rules: list[Rule]) -> list[dict[str, Any]]:
    """Rules by name and id; required groups that lack room together are one entry."""
    required = [problem.groups.ids[subject] for rule, subject in rules if rule == "required"]
    together = [{"kind": "required", "groups": required}] if required else []
    return together + [
        {"kind": rule, **_named(problem, rule, subject)} for rule, subject in rules if rule != "required"
    ]


def _named(problem: Problem, rule: str, subject: int) -> dict[str, Any]:
    groups, choices, options = problem.groups, problem.choices, problem.options
    match rule:
        case "resource":
            return {"id": problem.resources.ids[subject]}
        case "limit":
            return {"id": problem.limits[subject].id}
        case "pinned":
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
