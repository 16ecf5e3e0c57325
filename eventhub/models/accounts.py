"""Who signs in, and who goes: accounts and participants are apart."""

from __future__ import annotations

from datetime import date, datetime

from flask_security import AsaList, RoleMixin, UserMixin
from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.domain.terms import Sex
from eventhub.models.base import Base, new_code, new_token, words
from eventhub.models.organisations import Organisation


class AccountRole(Base, RoleMixin):
    """A role as the accounts library wants it: one row a word of :class:`Role`."""

    __tablename__ = "account_role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    permissions: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))


class Account(Base, UserMixin):
    """Somebody who signs in. A child never has one.

    The accounts library types some of its columns more narrowly than it needs them: hence the ignores.
    """

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True, default=lambda: new_code("A"))
    name: Mapped[str] = mapped_column(String(50))
    email: Mapped[str | None] = mapped_column(String(254), unique=True)  # type: ignore[assignment]
    phone: Mapped[str | None] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(5), default="zh")
    feed_token: Mapped[str] = mapped_column(String(40), unique=True, default=new_token)
    created_at: Mapped[datetime]

    # What the accounts library keeps.
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)
    password: Mapped[str | None] = mapped_column(String(255))
    confirmed_at: Mapped[datetime | None]
    us_totp_secrets: Mapped[str | None] = mapped_column(String(1000))
    us_phone_number: Mapped[str | None] = mapped_column(String(20), unique=True)
    login_count: Mapped[int] = mapped_column(default=0)
    current_login_at: Mapped[datetime | None]  # type: ignore[assignment]
    last_login_at: Mapped[datetime | None]  # type: ignore[assignment]
    current_login_ip: Mapped[str | None] = mapped_column(String(64))
    last_login_ip: Mapped[str | None] = mapped_column(String(64))

    memberships: Mapped[list[Membership]] = relationship(back_populates="account", lazy="selectin")
    roles: Mapped[list[AccountRole]] = relationship(  # type: ignore[assignment]
        secondary="membership", viewonly=True, lazy="selectin", order_by=AccountRole.id
    )


class Membership(Base):
    """That an account acts in a role, as an organiser or officer within an organisation and all below it."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("account_id", "role_id", "organisation_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("account_role.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)

    account: Mapped[Account] = relationship(back_populates="memberships")
    role: Mapped[AccountRole] = relationship(lazy="joined")
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")


class SigninLink(Base):
    """A one-time sign-in link or code; only digests are kept, and the row is spent by one conditional update."""

    __tablename__ = "signin_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    code_digest: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)


class SigninAttempt(Base):
    """A failed or asked-for sign-in, by address and by network address: the throttle survives a restart."""

    __tablename__ = "signin_attempt"
    __table_args__ = (Index("ix_signin_attempt_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class Participant(Base):
    """Somebody who goes: a child, a worker, a villager without a telephone.

    The identity number is sealed (see :mod:`eventhub.models.sealing`); the same person is found by its blind
    index, else by name, birth date and unit, but only among what whoever types may read.
    """

    __tablename__ = "participant"
    __table_args__ = (Index("ix_participant_same_person", "name", "birth_date", "organisation_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True, default=lambda: new_code("P"))
    name: Mapped[str] = mapped_column(String(50))
    birth_date: Mapped[date | None]
    sex: Mapped[Sex | None] = mapped_column(words(Sex))
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    place_code: Mapped[str] = mapped_column(String(12), default="")
    identity_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    identity_index: Mapped[str | None] = mapped_column(String(64), unique=True)
    keeper_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """Whose word this record is: the account that typed it in; None: the union's."""
    created_at: Mapped[datetime]

    organisation: Mapped[Organisation | None] = relationship()
    claims: Mapped[list[Claim]] = relationship(back_populates="participant")
    history: Mapped[list[ParticipationHistory]] = relationship(back_populates="participant")


class KeptApart(Base):
    """That an officer found two records of the same name, birth date and unit to be two people, or one of them wrong."""

    __tablename__ = "kept_apart"

    first_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    """The older row of the two."""
    second_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), primary_key=True, index=True)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime]


class Relation(Base):
    """That an account may sign somebody up: oneself, a child, family."""

    __tablename__ = "relation"
    __table_args__ = (UniqueConstraint("account_id", "participant_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), index=True)
    relation: Mapped[str] = mapped_column(String(20), default="self")

    participant: Mapped[Participant] = relationship()


class Claim(Base):
    """A priority or an eligibility that the primary union checked: yes or no, by whom, on, valid until.

    Never a diagnosis, and never the paper itself: it stays with the primary union.
    """

    __tablename__ = "claim"
    __table_args__ = (UniqueConstraint("participant_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    checked: Mapped[bool] = mapped_column(default=False)
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    checked_on: Mapped[date | None]
    valid_until: Mapped[date | None]

    participant: Mapped[Participant] = relationship(back_populates="claims")


class ParticipationHistory(Base):
    """Where somebody went, or did not come, across years and programmes."""

    __tablename__ = "participation_history"

    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    year: Mapped[int]
    attended: Mapped[bool] = mapped_column(default=True)
    programme_code: Mapped[str] = mapped_column(String(40), default="")

    participant: Mapped[Participant] = relationship(back_populates="history")
