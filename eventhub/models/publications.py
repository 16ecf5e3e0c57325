"""What was made public: version *n* of a programme's result, frozen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.domain.terms import RegistrationState
from eventhub.models.allocations import AllocationRun
from eventhub.models.base import Base, words
from eventhub.models.programmes import Option, Programme
from eventhub.models.registrations import Registration


class Publication(Base):
    """Version ``number`` of the allotments of a programme."""

    __tablename__ = "publication"
    __table_args__ = (UniqueConstraint("programme_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"), index=True)
    number: Mapped[int]
    run_id: Mapped[int] = mapped_column(ForeignKey("allocation_run.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500), default="")
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    programme: Mapped[Programme] = relationship()
    run: Mapped[AllocationRun] = relationship()


class PublishedAllotment(Base):
    """What a publication says of one registration."""

    __tablename__ = "published_allotment"
    __table_args__ = (UniqueConstraint("publication_id", "registration_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), index=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), index=True)
    option_id: Mapped[int | None] = mapped_column(ForeignKey("option.id"))
    state: Mapped[RegistrationState] = mapped_column(words(RegistrationState))
    station: Mapped[str] = mapped_column(String(30), default="")
    position: Mapped[int | None]
    reason: Mapped[dict[str, Any]] = mapped_column(default=dict)

    registration: Mapped[Registration] = relationship()
    option: Mapped[Option | None] = relationship()
