"""Note what was done, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from eventhub.domain.facts import Actor
from eventhub.models.journal import JournalEntry


def note(
    session: Session,
    *,
    at: datetime,
    by: Actor,
    event: str,
    subject: str,
    code: str,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add one line to the journal. Details hold codes and counts; of a person at most what is starred.

    Never a name, number, birth date or address that somebody could be found by.
    """
    session.add(
        JournalEntry(
            at=at,
            account_id=by.account_id or None,
            event=event,
            subject=subject,
            code=code,
            reason=reason,
            details=dict(details or {}),
        )
    )
