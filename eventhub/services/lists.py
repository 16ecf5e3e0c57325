"""Write down who took a list of people along: on paper or as a file, of which option, of how many."""

from __future__ import annotations

from datetime import datetime

from eventhub.domain.facts import Actor
from eventhub.extensions import transaction
from eventhub.services import journal

PRINTED, DOWNLOADED = "roster printed", "roster downloaded"


def note(programme: str, event: str, *, option: str, people: int, by: Actor, at: datetime) -> None:
    """A line in the programme's journal; an empty ``option`` is several of them, or all."""
    with transaction() as session:
        journal.note(
            session,
            at=at,
            by=by,
            event=event,
            subject="programme",
            code=programme,
            details={"people": people, **({"option": option} if option else {})},
        )
