"""What is offered: programmes, their options with the seats, the occasions that stand in calendars, and the money."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.models.base import Base
from eventhub.models.organisations import Organisation


class Programme(Base):
    """One season's offer of one kind. Settings are the kind's, checked by it."""

    __tablename__ = "programme"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(30))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    title_zh: Mapped[str] = mapped_column(String(100))
    title_en: Mapped[str] = mapped_column(String(200), default="")
    summary_zh: Mapped[str] = mapped_column(Text, default="")
    summary_en: Mapped[str] = mapped_column(Text, default="")
    contact_name: Mapped[str] = mapped_column(String(50))
    contact_phone: Mapped[str] = mapped_column(String(30))
    announced_at: Mapped[datetime | None]
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    result_at: Mapped[datetime | None]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation | None] = relationship()
    options: Mapped[list[Option]] = relationship(back_populates="programme", order_by="Option.id")
    sources: Mapped[list[FundingSource]] = relationship(order_by="FundingSource.id")
    quotas: Mapped[list[Quota]] = relationship(order_by="Quota.id")

    __mapper_args__ = {"version_id_col": version}


class Option(Base):
    """What a participant may rank; it has the seats. Money in fen; ``details`` is the kind's, checked by it."""

    __tablename__ = "option"
    __table_args__ = (
        UniqueConstraint("programme_id", "code"),
        CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity"),
        CheckConstraint("minimum >= 0", name="minimum"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    item: Mapped[str] = mapped_column(String(40), default="")
    item_title_zh: Mapped[str] = mapped_column(String(100), default="")
    item_title_en: Mapped[str] = mapped_column(String(200), default="")
    title_zh: Mapped[str] = mapped_column(String(100))
    title_en: Mapped[str] = mapped_column(String(200), default="")
    capacity: Mapped[int | None]
    minimum: Mapped[int] = mapped_column(default=0)
    cost_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    head_cost_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    place_code: Mapped[str] = mapped_column(String(12), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)

    programme: Mapped[Programme] = relationship(back_populates="options")
    occasions: Mapped[list[Occasion]] = relationship(order_by="Occasion.position")


class Occasion(Base):
    """What stands in the calendar: whole days (``first_day`` to ``last_day``), or a time (``starts_at``...)."""

    __tablename__ = "occasion"
    __table_args__ = (
        UniqueConstraint("option_id", "position"),
        CheckConstraint("(starts_at IS NULL) = (ends_at IS NULL)", name="both_times"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    option_id: Mapped[int] = mapped_column(ForeignKey("option.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    first_day: Mapped[date]
    last_day: Mapped[date]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    place_zh: Mapped[str] = mapped_column(String(200), default="")
    place_en: Mapped[str] = mapped_column(String(200), default="")
    meeting_point_zh: Mapped[str] = mapped_column(String(200), default="")
    meeting_point_en: Mapped[str] = mapped_column(String(200), default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]


class FundingSource(Base):
    """Money granted, in fen, and which source bears what exceeds it."""

    __tablename__ = "funding_source"
    __table_args__ = (
        UniqueConstraint("programme_id", "code"),
        CheckConstraint("amount_fen >= 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    spill: Mapped[str | None] = mapped_column(String(40))
    holder_code: Mapped[str | None] = mapped_column(String(32))


class Quota(Base):
    """How many heads of an organisation and all below it must, or may, be placed in a programme."""

    __tablename__ = "quota"
    __table_args__ = (
        UniqueConstraint("programme_id", "organisation_id"),
        CheckConstraint("floor >= 0 AND (ceiling IS NULL OR ceiling >= floor)", name="floor_ceiling"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    floor: Mapped[int] = mapped_column(default=0)
    ceiling: Mapped[int | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined")
