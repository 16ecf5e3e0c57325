"""The journal of a programme: who did what, when and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, cast, or_, select

from eventhub.extensions import db
from eventhub.models.accounts import Account
from eventhub.models.invites import Letter
from eventhub.models.journal import JournalEntry
from eventhub.models.registrations import Party, Registration
from eventhub.queries import programmes

_OF_ROLES = ("colleague_invited", "role_granted", "role_revoked")


@dataclass(frozen=True)
class JournalRow:
    """One thing done. ``subject`` and ``code`` say to what; an empty ``by`` is the house itself."""

    id: int
    at: datetime
    by: str
    event: str
    subject: str
    code: str
    reason: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class JournalPage:
    """Some lines, the newest first, and where the next page begins (None: it ends here)."""

    rows: tuple[JournalRow, ...] = ()
    next_before: int | None = None


def of_accounts(codes: Collection[str], *, size: int = 20) -> tuple[JournalRow, ...]:
    """The last things done to some accounts: who was invited, given a role, or lost one."""
    rows = db.session.execute(
        select(JournalEntry, Account.name)
        .outerjoin(Account, Account.id == JournalEntry.account_id)
        .where(
            JournalEntry.subject == "account", JournalEntry.event.in_(_OF_ROLES), JournalEntry.code.in_(codes)
        )
        .order_by(JournalEntry.id.desc())
        .limit(size)
    ).all()
    return tuple(_row(entry, name) for entry, name in rows)


def of_programme(code: str, *, before: int | None = None, size: int = 50) -> JournalPage:
    """What was done to a programme, its sign-ups, parties and letters."""
    programme_id = programmes.id_of(db.session(), code)
    registrations = select(Registration.code).where(Registration.programme_id == programme_id)
    parties = select(Party.code).where(Party.programme_id == programme_id)
    letters = select(cast(Letter.id, String)).where(Letter.programme_id == programme_id)
    wanted = (
        select(JournalEntry, Account.name)
        .outerjoin(Account, Account.id == JournalEntry.account_id)
        .where(
            or_(
                and_(JournalEntry.subject == "programme", JournalEntry.code == code),
                and_(
                    JournalEntry.subject.in_(("registration", "party")),
                    or_(JournalEntry.code.in_(registrations), JournalEntry.code.in_(parties)),
                ),
                and_(JournalEntry.subject == "letter", JournalEntry.code.in_(letters)),
            )
        )
    )
    if before is not None:
        wanted = wanted.where(JournalEntry.id < before)
    rows = db.session.execute(wanted.order_by(JournalEntry.id.desc()).limit(size + 1)).all()
    shown = rows[:size]
    return JournalPage(
        rows=tuple(_row(entry, name) for entry, name in shown),
        next_before=shown[-1][0].id if len(rows) > size else None,
    )


def _row(entry: JournalEntry, name: str | None) -> JournalRow:
    return JournalRow(
        id=entry.id,
        at=entry.at,
        by=name or "",
        event=entry.event,
        subject=entry.subject,
        code=entry.code,
        reason=entry.reason,
        details=entry.details,
    )
