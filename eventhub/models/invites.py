"""Things to be sent, and what became of them: calendar invites, one a seat for life, and letters, the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.domain.terms import LetterState, Method
from eventhub.models.accounts import Account
from eventhub.models.base import Base, words
from eventhub.models.programmes import Option, Programme
from eventhub.models.registrations import Registration

_ALIVE = text("ended_at IS NULL")


class Invite(Base):
    """One calendar object for one seat: its UID for life, how often it changed, what it said last.

    A registration has at most one living invite an entry. SEQUENCE and DTSTAMP are counted here and nowhere
    else. Organizer and attendee never change within a UID. ``entry`` is what the calendar shows now.
    """

    __tablename__ = "invite"
    __table_args__ = (
        Index(
            "uq_invite_alive",
            "registration_id",
            "position",
            unique=True,
            sqlite_where=_ALIVE,
            postgresql_where=_ALIVE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid4()))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    option_id: Mapped[int] = mapped_column(ForeignKey("option.id"))
    sequence: Mapped[int] = mapped_column(default=0)
    stamp: Mapped[datetime]
    method: Mapped[Method] = mapped_column(words(Method))
    fingerprint: Mapped[str] = mapped_column(String(64))
    entry: Mapped[dict[str, Any]]
    locale: Mapped[str] = mapped_column(String(5), default="zh")
    organizer_name: Mapped[str] = mapped_column(String(100))
    organizer_address: Mapped[str] = mapped_column(String(254))
    attendee_name: Mapped[str] = mapped_column(String(100))
    attendee_address: Mapped[str | None] = mapped_column(String(254))
    """None: nobody can be written to; a slip is printed in place of a mail."""
    changed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    registration: Mapped[Registration] = relationship()
    option: Mapped[Option] = relationship()


class Letter(Base):
    """One message due to one person: the outbox. Written with what it tells of, sent afterwards by the worker.

    A failed sending repeats the same octets: everything it is made of is kept here.
    """

    __tablename__ = "letter"
    __table_args__ = (
        Index("ix_letter_state_run_after", "state", "run_after"),
        UniqueConstraint("message_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30))
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programme.id"), index=True)
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registration.id"), index=True)
    invite_id: Mapped[int | None] = mapped_column(ForeignKey("invite.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    publication_id: Mapped[int | None] = mapped_column(ForeignKey("publication.id"), index=True)
    recipient_name: Mapped[str] = mapped_column(String(100))
    recipient_address: Mapped[str | None] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(5))
    context: Mapped[dict[str, Any]]
    method: Mapped[Method | None] = mapped_column(words(Method))
    sequence: Mapped[int | None]
    calendar: Mapped[bytes | None] = mapped_column(LargeBinary)
    message_id: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]

    state: Mapped[LetterState] = mapped_column(words(LetterState), default=LetterState.QUEUED)
    sent_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(Text)

    programme: Mapped[Programme | None] = relationship()
    registration: Mapped[Registration | None] = relationship()
    invite: Mapped[Invite | None] = relationship()
    account: Mapped[Account | None] = relationship()
