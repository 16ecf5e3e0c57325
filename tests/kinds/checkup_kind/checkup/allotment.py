"""How appointments are given out: by the lots alone, a hospital's half-day takes what it can."""

from __future__ import annotations

from eventhub.domain.facts import OptionFacts, PartyFacts, ProgrammeFacts
from eventhub.kinds import Json


def group(_programme: ProgrammeFacts, _party: PartyFacts) -> Json:
    """Everybody is alike."""
    return {}


def option(_programme: ProgrammeFacts, _option: OptionFacts) -> Json:
    """A half-day has its capacity and nothing else."""
    return {}


def objective(_programme: ProgrammeFacts) -> list[Json]:
    """As many as possible, higher choices, fewest changes."""
    return [{"stage": "placed"}, {"stage": "rank", "as": "sum"}, {"stage": "changes"}, {"stage": "lot"}]
