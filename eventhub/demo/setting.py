"""Hold what every act of the story needs: where and when it plays, who acts in it, and how letters leave."""

from __future__ import annotations

import time as stopwatch
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from flask import Flask
from sqlalchemy import select

from eventhub.delivery import mailer
from eventhub.demo.telling import Telling
from eventhub.domain.facts import Actor, ProgrammeFacts
from eventhub.domain.phases import ZONE
from eventhub.extensions import db
from eventhub.i18n import _
from eventhub.kinds import SignUp
from eventhub.models.allocations import AllocationRun
from eventhub.models.programmes import Programme
from eventhub.services import outbox

WORKER = "demonstration"
LETTERS_AT_ONCE = 500
ORGANISER = "organiser"


class ToldBadly(Exception):
    """The story did not come out as it must: a run without a result, for instance."""


@dataclass(frozen=True)
class Signed:
    """One party that signed up: its code, who did it, and what the story has in mind for it."""

    party: str
    by: str
    story: str


@dataclass
class Chapter:
    """One programme of the story and what has become of it."""

    programme: ProgrammeFacts
    sign_ups: list[SignUp]
    signed: list[Signed] = field(default_factory=list)
    followed: dict[str, str] = field(default_factory=dict)
    """What the story had in mind -> the party's code."""
    again: bool = False
    """Whether the second publication is of a second run."""


@dataclass
class Clock:
    """A moment that moves on with real time from where it was set, so that leases and beats mean what they say."""

    at: datetime
    since: float = field(default_factory=stopwatch.monotonic)

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=stopwatch.monotonic() - self.since)


@dataclass
class Setting:
    """Where and when the story plays, and who acts in it. ``seconds`` is what each run of the solver may take."""

    app: Flask
    scale: float
    seed: int
    today: date
    seconds: int
    telling: Telling
    chapters: list[Chapter] = field(default_factory=list)
    actors: dict[str, Actor] = field(default_factory=dict)
    """Unit, telephone of a member or guardian, or :data:`ORGANISER` -> who acts."""
    codes: dict[str, str] = field(default_factory=dict)
    """The same -> the account's code."""

    @property
    def organiser(self) -> Actor:
        """Who answers for every programme."""
        return self.actors[ORGANISER]

    def days_ago(self, days: int, hour: int) -> datetime:
        """A full hour so many days before today, or after it where ``days`` is negative."""
        return datetime.combine(self.today - timedelta(days=days), time(hour), ZONE).astimezone(UTC)

    def deliver(self, at: datetime) -> None:
        """Everything due by then leaves as files; the demonstration writes to nobody."""
        clock = Clock(at)
        folder = mailer.EmlFolder(self.app.extensions["settings"].mail_folder)

        def sendings() -> Iterator[int]:
            while True:
                done = outbox.deliver_due(folder, limit=LETTERS_AT_ONCE, worker=WORKER, clock=clock)
                if not done.sent:
                    return
                yield done.sent

        for _done in self.telling.each(_("Letters written, by the hundreds"), sendings()):
            pass


def moment_of(at: datetime | None) -> datetime:
    if at is None:
        raise ToldBadly("A programme of the demonstration has a sign-up that opens and closes.")
    return at


def last_run(code: str) -> AllocationRun:
    return db.session.scalars(
        select(AllocationRun)
        .join(Programme, Programme.id == AllocationRun.programme_id)
        .where(Programme.code == code)
        .order_by(AllocationRun.number.desc())
        .limit(1)
    ).one()
