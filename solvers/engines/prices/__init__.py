"""Prices: for everything too large to search. A price for every group and joint rule, and answers made from them.

What is compiled is loaded only when a problem comes this way, so that small ones do not wait for it.
"""

from importlib import import_module

from solvers.engines.search import Search
from solvers.rules.form import Form

__all__ = ["fits", "solve"]

SINGLES = {
    "once", "required", "pinned", "banned", "capacity", "run", "must_run", "minimum", "carriers", "resource", "piece"
}  # fmt: skip
"""Rules that answers from a flow with prices can keep."""


def fits(form: Form) -> bool:
    """Whether answers come from prices here: single heads, no spills, carriers that seat all, one stage."""
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


def solve(search: Search) -> None:
    """Fill the search with the best answer that time allows, and bounds with their proofs."""
    import_module("solvers.engines.prices.engine").solve(search)
