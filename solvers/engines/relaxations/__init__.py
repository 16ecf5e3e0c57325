"""Relaxations: many stages at full size. Each stage's linear relaxation begins where the last one ended.

What they leave divided is made whole step by step, and what they are worth in the end are the proofs.
"""

from collections.abc import Sequence
from importlib import import_module

from solvers.engines.search import Search
from solvers.rules.form import Form

__all__ = ["answer", "fits", "prove"]


def fits(form: Form) -> bool:
    """Whether parties stay whole here, something is aimed at, and no stage may fall back for a later one."""
    whole = not (form.problem.groups.piece > 0).any()
    exact = not any(stage.tolerance[0] for stage in form.problem.stages)
    return bool(form.aims) and whole and exact and not _is_level(form)


def _is_level(form: Form) -> bool:
    """A level (worst rank, smallest share) is no sum over people."""
    return any(stage.stage == "spread" or stage.measure == "worst" for stage in form.problem.stages)


def answer(search: Search, *, until: float) -> None:
    """Offer an answer made from the relaxations, if they end by ``until`` (seconds since the start)."""
    import_module("solvers.engines.relaxations.dive").answer(search, until=until)


def prove(search: Search, reached: Sequence[int], *, until: float) -> None:
    """Bounds with certificates for the stages that have none, as many as end by ``until``."""
    import_module("solvers.engines.relaxations.bounds").prove(search, reached, until=until)
