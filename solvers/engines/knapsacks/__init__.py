"""Knapsacks: groups that stay whole, weigh differently here and there, and options that may cost something to run.

Generalised assignment and single-source location. What is compiled is loaded only when a problem comes this way.
"""

from importlib import import_module

import numpy as np

from solvers.engines.search import Search
from solvers.rules.form import Form

__all__ = ["costs_to_run", "fits", "solve"]

RULES = {"once", "required", "banned", "capacity", "run", "must_run"}
LARGEST_TABLE = 8_000_000
"""Groups times options, and choices of an option times its seats, up to which the tables fit."""


ALIKE = 40_000
"""Choices beyond which parties that are as large at one option as at another are placed by a flow's prices and chains."""


def fits(form: Form) -> bool:
    """Whether seats and costs of running are all there is, beside one stage; and parties make it a knapsack."""
    problem = form.problem
    if len(form.aims) != 1 or any(problem.pinned) or (problem.groups.piece > 0).any():
        return False
    used = {form.rule[block] for block in set(form.block.tolist())}
    aim, choices = form.aims[0], problem.choices
    known = np.zeros(len(form.upper), np.bool_)
    known[: len(choices.group)] = True
    known[form.sheet.names["run"]] = True
    once = aim.amount[aim.column >= len(choices.group)]
    return (
        used <= RULES
        and not any(problem.options.carriers)
        and bool((problem.options.minimum == 0).all())
        and bool(known[aim.column].all())
        and bool(((-once if aim.maximise else once) >= 0).all())
        and bool((choices.heads != 1).any())
        and (len(choices.group) <= ALIKE or _differ(form) or costs_to_run(form))
        and _tables_fit(form)
    )


def _differ(form: Form) -> bool:
    """Whether a group is larger at one option than at another."""
    choices = form.problem.choices
    beside = choices.group[1:] == choices.group[:-1]
    return bool((beside & (choices.heads[1:] != choices.heads[:-1])).any())


def costs_to_run(form: Form) -> bool:
    """Whether running an option costs something, so that a tree over knapsacks alone is not the quickest proof."""
    return bool((form.aims[0].column >= len(form.problem.choices.group)).any())


def _tables_fit(form: Form) -> bool:
    problem = form.problem
    options = len(problem.options.ids)
    many = np.bincount(problem.choices.option, minlength=options)
    heads = np.bincount(problem.choices.option, problem.choices.heads, options).astype(np.int64)
    seats = np.minimum(problem.options.capacity, heads)
    tables = int((many * seats).max(initial=0))
    return max(tables, options * len(problem.groups.ids)) <= LARGEST_TABLE


def solve(search: Search, *, share: float = 1.0) -> None:
    """Fill the search with the best answer that ``share`` of its time allows, and the bound with its proof."""
    import_module("solvers.engines.knapsacks.engine").solve(search, share=share)
