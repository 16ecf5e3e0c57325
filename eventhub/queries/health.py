"""Whether the database is what it should be, and what lies about undone."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select, text

from eventhub.domain.terms import LetterState
from eventhub.extensions import db
from eventhub.models.allocations import AllocationRun
from eventhub.models.invites import Letter

SAFE_SQLITE = (3, 51, 3)
"""From here on SQLite cannot damage a write-ahead log that two connections reset at the same moment."""

DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
"""What PostgreSQL must have on, for a sign-up that was acknowledged to outlive a power cut."""


@dataclass(frozen=True)
class Undone:
    """What waits, what was given up, and what a worker left lying."""

    letters_waiting: int
    letters_dead: int
    expired_leases: int


def database() -> str:
    """Name and version of the database."""
    if db.engine.dialect.name == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}"
    return f"PostgreSQL {db.session.scalar(text('SHOW server_version'))}"


def schema_revision() -> str | None:
    """The migration the database stands at; None for one that no migration has seen."""
    return MigrationContext.configure(db.session.connection()).get_current_revision()


def weaknesses() -> tuple[str, ...]:
    """What makes this database less safe than it should be, each in a sentence."""
    if db.engine.dialect.name == "sqlite":
        if sqlite3.sqlite_version_info >= SAFE_SQLITE:
            return ()
        safe = ".".join(map(str, SAFE_SQLITE))
        return (
            f"SQLite {sqlite3.sqlite_version} is older than {safe}: run one process only, and keep backups.",
        )
    found = {name: db.session.scalar(text(f"SHOW {name}")) for name in DURABLE}
    return tuple(
        f"PostgreSQL has {name} = {value}: a power cut may lose acknowledged sign-ups."
        for name, value in found.items()
        if value not in {"on", "remote_apply", "remote_write"}
    )


def undone(at: datetime) -> Undone:
    """Letters and leases at a moment."""

    def letters(state: LetterState) -> int:
        return db.session.scalar(select(func.count(Letter.id)).where(Letter.state == state)) or 0

    expired = sum(
        db.session.scalar(select(func.count()).select_from(leased).where(leased.lease_until < at)) or 0
        for leased in (Letter, AllocationRun)
    )
    return Undone(letters(LetterState.QUEUED), letters(LetterState.DEAD), expired)
