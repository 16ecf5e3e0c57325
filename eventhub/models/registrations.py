"""Who would like to go: parties, one registration a person, their ranking, consents and every step taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.domain.terms import PartyRole, RegistrationState
from eventhub.models.accounts import Account, Participant
from eventhub.models.base import Base, new_code, words
from eventhub.models.programmes import Option, Programme


class Party(Base):
    """People placed together or not at all: what applies. One person alone is a party too.

    The ranking belongs to the party, since people who go together cannot rank apart.
    """

    __tablename__ = "party"
    __table_args__ = (UniqueConstraint("account_id", "idempotency_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True, default=lambda: new_code("T"))
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    item: Mapped[str] = mapped_column(String(40), default="")
    flexible: Mapped[bool] = mapped_column(default=False)
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    idempotency_key: Mapped[str | None] = mapped_column(String(40))
    idempotency_digest: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    programme: Mapped[Programme] = relationship()
    account: Mapped[Account | None] = relationship()
    registrations: Mapped[list[Registration]] = relationship(
        back_populates="party", order_by="Registration.id"
    )
    preferences: Mapped[list[Preference]] = relationship(
        back_populates="party", order_by="Preference.rank", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}


_STANDING = text("state NOT IN ('draft', 'withdrawn', 'cancelled')")


class Registration(Base):
    """One person's place in line: kept, with its state. The same person stands at most once an item."""

    __tablename__ = "registration"
    __table_args__ = (
        Index(
            "uq_registration_standing",
            "programme_id",
            "item",
            "participant_id",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        Index("ix_registration_programme_state", "programme_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True, default=lambda: new_code("R"))
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), index=True)
    item: Mapped[str] = mapped_column(String(40), default="")
    role: Mapped[PartyRole] = mapped_column(words(PartyRole), default=PartyRole.PARTICIPANT)
    state: Mapped[RegistrationState] = mapped_column(
        words(RegistrationState), default=RegistrationState.DRAFT
    )
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)

    party: Mapped[Party] = relationship(back_populates="registrations")
    participant: Mapped[Participant] = relationship()
    programme: Mapped[Programme] = relationship()


class RegistrationStep(Base):
    """One step of a registration from state to state: who, when, why. Only ever added to."""

    __tablename__ = "registration_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), index=True)
    old: Mapped[RegistrationState | None] = mapped_column(words(RegistrationState))
    new: Mapped[RegistrationState] = mapped_column(words(RegistrationState))
    at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(500), default="")

    registration: Mapped[Registration] = relationship()


class Preference(Base):
    """One ranked option of a party; rank 1 is dearest."""

    __tablename__ = "preference"
    __table_args__ = (UniqueConstraint("party_id", "rank"), UniqueConstraint("party_id", "option_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    option_id: Mapped[int] = mapped_column(ForeignKey("option.id"), index=True)
    rank: Mapped[int]

    party: Mapped[Party] = relationship(back_populates="preferences")
    option: Mapped[Option] = relationship()


class Consent(Base):
    """That a text in a version was agreed to: by which account, when, for whom."""

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    key: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(20))
    text_digest: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(5))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    channel: Mapped[str] = mapped_column(String(20), default="web")
    at: Mapped[datetime]

    party: Mapped[Party] = relationship()
