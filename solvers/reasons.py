"""Why a group did not get a choice dearer than the one it has."""

from dataclasses import dataclass
from typing import Any

from solvers.outcome import Outcome
from solvers.problem import Problem


@dataclass(frozen=True, slots=True)
class Reason:
    """What became of one group: its place, why not a dearer one, and the same in a paragraph."""

    group: str
    placed: object
    why_not: tuple[dict[str, Any], ...]
    paragraph: str


def explain(problem: Problem, outcome: Outcome, group: str) -> Reason:
    """Tell one group's result; KeyError if there is no such group."""
    problem.group_number[group]
    why = tuple(dict(one) for one in outcome.reasons.get(group, ()))
    return Reason(group, outcome.placements.get(group), why, "")
