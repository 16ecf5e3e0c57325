"""Seats as calendars show them, and the outbox as the desk sees it: what went out, what waits, what is to be printed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, select

from eventhub.config import Settings
from eventhub.delivery import ical
from eventhub.domain.calendar_entry import CalendarEntry, Seat
from eventhub.domain.facts import Actor, ProgrammeFacts
from eventhub.domain.problems import NotFound
from eventhub.domain.terms import Method
from eventhub.extensions import db
from eventhub.i18n import _, use_locale
from eventhub.models.accounts import Account, Participant
from eventhub.models.invites import Invite, Letter
from eventhub.models.programmes import Programme
from eventhub.models.registrations import Party, Registration
from eventhub.queries import accounts, people, programmes, registrations

REFRESH = timedelta(hours=4)


@dataclass(frozen=True)
class SeatRow:
    """One seat of “my calendar”: what the calendar shows, and where its file and its page are."""

    registration: str
    party: str
    programme: ProgrammeFacts
    name: str
    """Of whoever goes."""
    entry: CalendarEntry
    invited: bool
    """Whether a calendar invitation went out for it by mail."""


@dataclass(frozen=True)
class CalendarFile:
    """Calendar octets with what HTTP needs beside them; equal octets, equal ``etag``."""

    octets: bytes
    etag: str
    changed: datetime | None
    filename: str


@dataclass(frozen=True)
class SeatHistory:
    """One registration's messages in the order of sending, and what its calendar shows now."""

    registration: str
    messages: tuple[tuple[Method, bool], ...]
    """What each asks, and whether it is the first word about its UID."""
    letters: tuple[int, ...]
    feed: bytes


# -- Calendars ---------------------------------------------------------------------------------------


def seats_of(actor: Actor) -> tuple[SeatRow, ...]:
    """The seats that an account's people hold now, whoever signed them up, soonest first."""
    rows = db.session.execute(
        _living()
        .add_columns(
            Registration.code,
            Party.code.label("party"),
            Programme.code.label("programme"),
            Participant.name.label("who"),
        )
        .join(Participant, Participant.id == Registration.participant_id)
        .join(Programme, Programme.id == Registration.programme_id)
        .where(_for_whom(actor))
    ).all()
    known = {code: programmes.facts(code) for code in dict.fromkeys(row.programme for row in rows)}
    found = [
        SeatRow(
            registration=row.code,
            party=row.party,
            programme=known[row.programme],
            name=row.who,
            entry=CalendarEntry.from_data(row.Invite.entry),
            invited=row.Invite.attendee_address is not None,
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda seat: (seat.entry.span, seat.registration)))


def with_file(codes: Sequence[str]) -> frozenset[str]:
    """Which of these registrations (by code) hold a seat now, so that there is a file of it."""
    held = _living().with_only_columns(Registration.code).where(Registration.code.in_(codes))
    return frozenset(db.session.scalars(held))


def feed(token: str) -> CalendarFile:
    """The calendar behind a personal address; :class:`NotFound` for a token that is not, or no longer, anybody's."""
    account = db.session.scalar(select(Account).where(Account.feed_token == token, Account.active))
    if account is None:
        raise NotFound
    rows = db.session.scalars(_living().where(_for_whom(accounts.actor_of(account)))).all()
    with use_locale(account.locale):
        return _file([_seat(row) for row in rows], name=_("My places, EventHub"), filename="eventhub.ics")


def download(registration: str, actor: Actor) -> CalendarFile:
    """The seat of one registration as a file to keep; :class:`NotFound` where there is none for this account."""
    party = db.session.scalar(select(Party).join(Registration).where(Registration.code == registration))
    if party is None or (
        party.account_id != actor.account_id
        and registration not in registrations.concerning(db.session(), party, actor)
    ):
        raise NotFound
    rows = db.session.scalars(_living().where(Registration.code == registration)).all()
    if not rows:
        raise NotFound
    seats = [_seat(row) for row in rows]
    if len(seats) == 1:
        return _with_etag(ical.download(seats[0]), seats[0].changed, f"{registration}.ics")
    with use_locale(rows[0].locale):
        return _file(seats, name=seats[0].entry.summary, filename=f"{registration}.ics")


def _living() -> Select[Any]:
    return (
        select(Invite)
        .join(Registration, Registration.id == Invite.registration_id)
        .join(Party, Party.id == Registration.party_id)
        .where(Invite.ended_at.is_(None))
        .order_by(Invite.id)
    )


def _for_whom(actor: Actor) -> ColumnElement[bool]:
    """That a seat was asked for by an account, or is of somebody it acts for or is written to about."""
    own = select(Registration.id).join(Party).where(Party.account_id == actor.account_id)
    others = select(Registration.id).where(people.concerns(actor))
    return Registration.id.in_(own.union(others))


def _seat(row: Invite) -> Seat:
    return Seat(
        uid=row.uid,
        sequence=row.sequence,
        changed=row.changed_at,
        entry=CalendarEntry.from_data(row.entry),
    )


def _file(seats: Sequence[Seat], *, name: str, filename: str) -> CalendarFile:
    settings: Settings = current_app.extensions["settings"]
    octets = ical.feed(seats, name=name, url=f"{settings.base_url}/my/calendar", refresh=REFRESH)
    return _with_etag(octets, max((seat.changed for seat in seats), default=None), filename)


def _with_etag(octets: bytes, changed: datetime | None, filename: str) -> CalendarFile:
    return CalendarFile(octets, hashlib.sha256(octets).hexdigest()[:32], changed, filename)


# -- For export --------------------------------------------------------------------------------------


def histories(*, programme: str = "", limit: int | None = None) -> Iterator[SeatHistory]:
    """Every registration that ever had a seat, in order, with its messages and its present calendar."""
    wanted = select(Invite.registration_id, Registration.code).join(
        Registration, Registration.id == Invite.registration_id
    )
    if programme:
        wanted = wanted.where(Registration.programme_id == programmes.id_of(db.session(), programme))
    rows = db.session.execute(wanted.distinct().order_by(Invite.registration_id).limit(limit)).all()
    for registration_id, code in rows:
        yield _history(registration_id, code)


def _history(registration_id: int, code: str) -> SeatHistory:
    sent = db.session.execute(
        select(Letter.id, Letter.method, Letter.invite_id)
        .where(Letter.registration_id == registration_id, Letter.calendar.is_not(None))
        .order_by(Letter.id)
    ).all()
    living = db.session.scalars(_living().where(Registration.id == registration_id)).all()
    with use_locale(living[0].locale if living else "zh"):
        file = _file([_seat(row) for row in living], name=code, filename="feed.ics")
    return SeatHistory(
        registration=code,
        messages=tuple(
            (row.method, row.invite_id not in {before.invite_id for before in sent[:place]})
            for place, row in enumerate(sent)
        ),
        letters=tuple(row.id for row in sent),
        feed=file.octets,
    )
