"""Keep the calendar objects of a seat: one an entry, made once, changed under its own UID, ended for good.

Only here are SEQUENCE and DTSTAMP counted. What is made here are rows of the ``invite`` table, written by whoever
writes down everything else that is said of the seat.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventhub.delivery import ical
from eventhub.domain.calendar_entry import CalendarEntry, Invitation, Mailbox, calls_for_new_answer
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import Method
from eventhub.models.invites import Invite
from eventhub.services.holders import BATCH


@dataclass(frozen=True)
class Living:
    """A calendar object that stands, as far as it is needed to change or end it."""

    id: int
    uid: str
    registration_id: int
    position: int
    option_id: int
    sequence: int
    stamp: datetime
    fingerprint: str
    entry: Mapping[str, Any]
    locale: str
    organizer: Mailbox
    attendee_name: str
    attendee_address: str | None
    changed_at: datetime


def living(session: Session, ids: Sequence[int]) -> dict[int, list[Living]]:
    """Registration row -> its calendar objects that stand, in the order of their entries."""
    found: dict[int, list[Living]] = defaultdict(list)
    for start in range(0, len(ids), BATCH):
        rows = session.execute(
            select(Invite.__table__)
            .where(Invite.registration_id.in_(ids[start : start + BATCH]), Invite.ended_at.is_(None))
            .order_by(Invite.registration_id, Invite.position)
        )
        for row in rows:
            found[row.registration_id].append(
                Living(
                    id=row.id,
                    uid=row.uid,
                    registration_id=row.registration_id,
                    position=row.position,
                    option_id=row.option_id,
                    sequence=row.sequence,
                    stamp=row.stamp,
                    fingerprint=row.fingerprint,
                    entry=row.entry,
                    locale=row.locale,
                    organizer=Mailbox(name=row.organizer_name, address=row.organizer_address),
                    attendee_name=row.attendee_name,
                    attendee_address=row.attendee_address,
                    changed_at=row.changed_at,
                )
            )
    return dict(found)


def first(
    entry: CalendarEntry,
    *,
    registration_id: int,
    position: int,
    option_id: int,
    locale: str,
    organizer: Mailbox,
    attendee_name: str,
    attendee_address: str | None,
    at: datetime,
) -> dict[str, Any]:
    """The row of a new calendar object: a UID of its own, SEQUENCE 0."""
    return {
        "uid": str(uuid4()),
        "registration_id": registration_id,
        "position": position,
        "option_id": option_id,
        "sequence": 0,
        "stamp": _whole_second(at),
        "method": Method.REQUEST,
        "fingerprint": entry.fingerprint(),
        "entry": entry.as_data(),
        "locale": locale,
        "organizer_name": organizer.name,
        "organizer_address": organizer.address,
        "attendee_name": attendee_name,
        "attendee_address": attendee_address,
        "changed_at": at,
        "ended_at": None,
    }


def moved(
    known: Living,
    entry: CalendarEntry,
    *,
    option_id: int,
    at: datetime,
    said: CalendarEntry | None = None,
    locale: str = "",
) -> dict[str, Any]:
    """The row once it shows ``entry``: a later DTSTAMP, and a higher SEQUENCE where a former yes may be void.

    The attendee stays: whoever is to be written to in their place gets an object of their own. ``said`` is the same entry
    in another language, ``locale``, which its reader has chosen since: another language alone asks for no new answer.
    """
    return unchanged(known) | {
        "option_id": option_id,
        "sequence": known.sequence + calls_for_new_answer(CalendarEntry.from_data(known.entry), entry),
        "stamp": _later(at, known.stamp),
        "fingerprint": (said or entry).fingerprint(),
        "entry": (said or entry).as_data(),
        "locale": locale or known.locale,
        "changed_at": max(at, known.changed_at),
    }


def ended(
    known: Living, *, at: datetime, said: CalendarEntry | None = None, locale: str = ""
) -> dict[str, Any]:
    """The row once its seat has ended: a CANCEL that raises SEQUENCE; the UID is never used again.

    ``said`` and ``locale`` as for :func:`moved`.
    """
    again = {"fingerprint": said.fingerprint(), "entry": said.as_data(), "locale": locale} if said else {}
    return (
        unchanged(known)
        | again
        | {
            "sequence": known.sequence + 1,
            "stamp": _later(at, known.stamp),
            "method": Method.CANCEL,
            "changed_at": max(at, known.changed_at),
            "ended_at": at,
        }
    )


def unchanged(known: Living) -> dict[str, Any]:
    """What an update of the row may change, as it stands: batches want the same columns in every row."""
    return {
        "id": known.id,
        "option_id": known.option_id,
        "sequence": known.sequence,
        "stamp": known.stamp,
        "method": Method.REQUEST,
        "fingerprint": known.fingerprint,
        "entry": known.entry,
        "locale": known.locale,
        "attendee_address": known.attendee_address,
        "attendee_name": known.attendee_name,
        "changed_at": known.changed_at,
        "ended_at": None,
    }


def always(known: Living) -> dict[str, Any]:
    """What never changes within a UID."""
    return {
        "uid": known.uid,
        "organizer_name": known.organizer.name,
        "organizer_address": known.organizer.address,
    }


def is_over(entry: CalendarEntry, at: datetime) -> bool:
    """Whether what it tells of has ended: then nothing is sent any more."""
    if isinstance(entry.ends, datetime):
        return entry.ends <= at
    return entry.ends < at.astimezone(ZONE).date()


def octets(row: Mapping[str, Any], entry: CalendarEntry) -> bytes:
    """What a calendar is told when the row is as given: one iTIP message to its attendee, who has an address."""
    return ical.message(
        Invitation(
            method=row["method"],
            uid=row["uid"],
            sequence=row["sequence"],
            stamp=row["stamp"],
            organizer=Mailbox(name=row["organizer_name"], address=row["organizer_address"]),
            attendee=Mailbox(name=row["attendee_name"], address=row["attendee_address"]),
            entry=entry,
        )
    )


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _later(at: datetime, last: datetime) -> datetime:
    """Now, but in any case later than the message before, to the whole second that calendars count."""
    return max(_whole_second(at), _whole_second(last) + timedelta(seconds=1))
