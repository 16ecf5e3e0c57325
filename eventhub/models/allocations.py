"""Each asking of the solver as an unchangeable record, what it gave everybody, and places fixed by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from eventhub.domain.terms import RunState
from eventhub.models.accounts import Account
from eventhub.models.base import Base, words
from eventhub.models.programmes import Option, Programme
from eventhub.models.registrations import Party, Registration


class AllocationRun(Base):
    """One asking of the solver, reproducible: what went in, what came out, by which version, how good.

    ``problem`` and ``result`` are the public JSON texts, compressed (zlib). Lease columns say which worker has it;
    they are all that changes once the run ended, and nothing after.
    """

    __tablename__ = "allocation_run"
    __table_args__ = (UniqueConstraint("programme_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"), index=True)
    number: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("allocation_run.id"))
    state: Mapped[RunState] = mapped_column(words(RunState), default=RunState.QUEUED)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    seconds: Mapped[int] = mapped_column(default=60)
    seed: Mapped[int] = mapped_column(BigInteger)
    seed_source: Mapped[str] = mapped_column(String(200), default="")

    problem: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    result: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    input_digest: Mapped[str | None] = mapped_column(String(64))
    rule_version: Mapped[str | None] = mapped_column(String(64))
    solver_version: Mapped[str | None] = mapped_column(String(100))
    engine: Mapped[str | None] = mapped_column(String(30))
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Counts and money of the result, stages with value, bound and gap, the conflict of an infeasible one."""
    error: Mapped[str | None] = mapped_column(Text)

    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime | None]
    stop_requested: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)

    programme: Mapped[Programme] = relationship()
    requested_by: Mapped[Account | None] = relationship()


class Allotment(Base):
    """What a run gave one registration: an option, or none, and the reason."""

    __tablename__ = "allotment"
    __table_args__ = (UniqueConstraint("run_id", "registration_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("allocation_run.id"), index=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), index=True)
    option_id: Mapped[int | None] = mapped_column(ForeignKey("option.id"), index=True)
    rank: Mapped[int | None]
    pinned: Mapped[bool] = mapped_column(default=False)
    station: Mapped[str] = mapped_column(String(30), default="")
    position: Mapped[int | None]
    """Place in line of those without a place: by tier, then lot."""
    reason: Mapped[dict[str, Any]] = mapped_column(default=dict)

    registration: Mapped[Registration] = relationship()
    option: Mapped[Option | None] = relationship()


class Pin(Base):
    """A place fixed by hand, with its reason; no option: fixed to have none. The solver keeps it."""

    __tablename__ = "pin"

    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), unique=True)
    option_id: Mapped[int | None] = mapped_column(ForeignKey("option.id"))
    reason: Mapped[str] = mapped_column(String(500))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]

    party: Mapped[Party] = relationship()
    option: Mapped[Option | None] = relationship()
