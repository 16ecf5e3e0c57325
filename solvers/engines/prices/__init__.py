"""Prices: for everything too large to search. A price for every group and joint rule, and answers made from them.

What is compiled is loaded only when a problem comes this way, so that small ones do not wait for it.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import cast

from solvers.certificate import Certificate
from solvers.engines.search import Search
from solvers.problem import Flags, Problem
from solvers.rules.form import Form

__all__ = ["better", "bound", "fits", "keeps_parties", "keeps_singles", "solve"]

SINGLES = {
    "once", "required", "pinned", "banned", "capacity", "run", "must_run", "minimum", "carriers", "resource", "piece"
}  # fmt: skip
"""Rules that answers from a flow with prices can keep."""


SEATS = {"once", "required", "pinned", "banned", "capacity"}
"""Rules that chains of moves can keep."""


def fits(form: Form) -> bool:
    """Whether answers come from prices here."""
    return keeps_parties(form) or keeps_singles(form)


def keeps_singles(form: Form) -> bool:
    """Whether a flow with prices keeps all rules: single heads, no spills, carriers that seat all, one stage."""
    problem = form.problem
    used = {form.rule[block] for block in set(form.block.tolist())}
    within = all(
        len(listed) <= 1 and all(c.tag < 0 and c.most > 0 and c.seats >= most for c in listed)
        for listed, most in zip(problem.options.carriers, problem.options.capacity.tolist(), strict=True)
    )
    return (
        len(form.aims) == 1
        and used <= SINGLES
        and within
        and bool((problem.choices.heads == 1).all())
        and not (problem.groups.piece > 0).any()
        and not (problem.resources.spill >= 0).any()
    )


def keeps_parties(form: Form) -> bool:
    """Whether seats are the only rule that ties groups together, and there is one stage."""
    used = {form.rule[block] for block in set(form.block.tolist())}
    return (
        len(form.aims) == 1
        and used <= SEATS
        and not (form.problem.groups.piece > 0).any()
        and not len(form.sheet.names["pieces"])
        and int(form.aims[0].column.max(initial=0)) < len(form.problem.choices.group)
        and not any(form.problem.pinned.values())
    )


def solve(search: Search) -> None:
    """Fill the search with the best answer that time allows, and bounds with their proofs."""
    import_module("solvers.engines.prices.engine").solve(search)


def bound(
    search: Search, number: int, reached: Sequence[int], *, seconds: float
) -> tuple[Certificate, int] | None:
    """A certificate for one stage, earlier ones as good as allowed, and what it proves; None where prices cannot."""
    found: tuple[Certificate, int] | None = import_module("solvers.engines.prices.bounds").bound(
        search, number, reached, seconds=seconds
    )
    return found


def better(problem: Problem, number: int, entry: Certificate, bound: int, value: int) -> Flags:
    """The choices that an answer better than ``value`` could hold: see :mod:`solvers.engines.prices.core`."""
    found = import_module("solvers.engines.prices.core").better(problem, number, entry, bound, value)
    return cast("Flags", found)
