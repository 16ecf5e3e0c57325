"""Re-check an answer against the rules, without asking any engine."""

from dataclasses import dataclass

from solvers.outcome import Outcome
from solvers.problem import Problem


@dataclass(frozen=True, slots=True)
class Breach:
    """One false claim: the rule or key, the id it is about, and a sentence."""

    kind: str
    id: str
    sentence: str


def audit(problem: Problem, outcome: Outcome) -> list[Breach]:
    """Every rule broken and every number claimed falsely; an empty list is a clean answer."""
    return []
