"""Say what stands in a participant's calendar, and when a change to it must be heard of.

A kind makes a :class:`CalendarEntry` of an allotment; a service keeps it with the invite and sends it; what the
wire looks like is the business of ``delivery/ical.py`` alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from eventhub.domain.terms import Method

MAX_OCTETS = 254
"""Of a UID (RFC 7986, 5.3) and of a mail address (RFC 5321, 4.5.3.1)."""


@dataclass(frozen=True, kw_only=True)
class CalendarEntry:
    """What one seat means to its holder's calendar, in words of the holder's language.

    ``starts`` and ``ends`` are both moments with a named zone, or both dates; a date in ``ends`` is the **last day**,
    as people say it. ``place`` is one line; ``description`` may have several. Nothing in it may name a health note,
    a hardship, an identity number or a child in full: calendars are shared and lie open on telephones.
    """

    summary: str
    starts: datetime | date
    ends: datetime | date
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    description: str = ""
    url: str | None = None

    def __post_init__(self) -> None:
        if not self.summary.strip():
            raise ValueError("A calendar entry needs a summary.")
        _refuse_wrong_span(self.starts, self.ends)
        _refuse_wrong_position(self.latitude, self.longitude)
        if self.url is not None and not re.fullmatch(r"https?://[!-~]+", self.url):
            raise ValueError(f"The address of a calendar entry is http or https, in ASCII, not {self.url!r}.")

    @property
    def whole_days(self) -> bool:
        """Whether it fills days rather than hours."""
        return not isinstance(self.starts, datetime)

    @property
    def span(self) -> tuple[str, str]:
        """Start and end as they are kept: ``2026-07-06``, or the hour with its offset."""
        return self.starts.isoformat(), self.ends.isoformat()

    def fingerprint(self) -> str:
        """Sixty-four hexadecimal digits of all that the participant sees: equal ones mean that nothing is sent."""
        kept = json.dumps(self.as_data(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(kept.encode("utf-8", "surrogatepass")).hexdigest()

    def as_data(self) -> dict[str, Any]:
        """The entry for a JSON column, so that a CANCEL can repeat what was last sent."""
        starts, ends = self.span
        return {
            "summary": self.summary,
            "starts": starts,
            "ends": ends,
            "zones": [_zone(moment) for moment in (self.starts, self.ends)],
            "place": self.place,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "description": self.description,
            "url": self.url,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> CalendarEntry:
        """The entry that :meth:`as_data` wrote down."""
        told = dict(data)
        zone_of_start, zone_of_end = told.pop("zones")
        told["starts"] = _moment(told["starts"], zone_of_start)
        told["ends"] = _moment(told["ends"], zone_of_end)
        return cls(**told)


def calls_for_new_answer(old: CalendarEntry, new: CalendarEntry | None) -> bool:
    """Whether a yes to ``old`` may be void under ``new``, so that SEQUENCE must rise (RFC 5546, 2.1.4).

    Start, end and place do that, and the seat's end (``new`` is None) always does. A mended title or description is
    sent under the same SEQUENCE with a later DTSTAMP, and nobody is asked again.
    """
    return new is None or _answered_for(old) != _answered_for(new)


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A person or an office as mail knows them; the name is whatever they wrote, the address is plain ASCII."""

    name: str
    address: str

    def __post_init__(self) -> None:
        if len(self.address) > MAX_OCTETS or not _ADDRESS.fullmatch(self.address):
            raise ValueError(f"This is not an address that mail can carry: {self.address!r}.")


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One seat as a download or a feed shows it: nobody invites, nobody answers.

    ``changed`` is when the data last changed, in UTC, never the moment of asking: so two fetches give the same octets.
    """

    uid: str
    sequence: int
    changed: datetime
    entry: CalendarEntry

    def __post_init__(self) -> None:
        _refuse_wrong_identity(self.uid, self.sequence, self.changed)


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """One iTIP message about one seat to the one person who answers for it.

    ``uid`` and ``sequence`` are kept with the seat; ``stamp`` is the moment this message was made, in UTC, later than
    that of the message before. ``organizer`` is a mailbox that somebody reads.
    """

    method: Method
    uid: str
    sequence: int
    stamp: datetime
    organizer: Mailbox
    attendee: Mailbox
    entry: CalendarEntry

    def __post_init__(self) -> None:
        _refuse_wrong_identity(self.uid, self.sequence, self.stamp)
        if self.organizer.address.casefold() == self.attendee.address.casefold():
            raise ValueError("The organiser's mailbox cannot be invited by itself.")
        if self.method is Method.CANCEL and self.sequence == 0:
            raise ValueError("A CANCEL follows a REQUEST, so its SEQUENCE is at least 1.")


_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def _refuse_wrong_span(starts: datetime | date, ends: datetime | date) -> None:
    if isinstance(starts, datetime) and isinstance(ends, datetime):
        _refuse_wrong_moment(starts)
        _refuse_wrong_moment(ends)
        if ends.astimezone(UTC) <= starts.astimezone(UTC):
            raise ValueError(f"It ends ({ends}) before it has begun ({starts}).")
        if starts.time() == ends.time() == time(0):
            raise ValueError("From midnight to midnight is whole days: give dates, the last day included.")
    elif isinstance(starts, datetime) or isinstance(ends, datetime):
        raise TypeError("Start and end are both dates or both moments.")
    elif ends < starts:
        raise ValueError(f"Its last day ({ends}) lies before its first ({starts}).")


def _refuse_wrong_moment(moment: datetime) -> None:
    zone = moment.tzinfo
    if not isinstance(zone, ZoneInfo) or zone.key is None:
        raise ValueError(f"A moment in a calendar needs a named zone such as Asia/Shanghai: {moment!r}.")
    if moment.microsecond:
        raise ValueError(f"Calendars count whole seconds: {moment!r}.")
    if moment.astimezone(UTC).astimezone(zone).replace(fold=0) != moment.replace(fold=0):
        raise ValueError(f"The clocks of {zone.key} skip this hour: {moment!r}.")


def _refuse_wrong_position(latitude: float | None, longitude: float | None) -> None:
    if latitude is None and longitude is None:
        return
    if latitude is None or longitude is None:
        raise ValueError("A position has a latitude and a longitude.")
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        raise ValueError("A position is made of numbers.")
    if abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004 - degrees of the globe
        raise ValueError(f"There is no such place on earth: {latitude}, {longitude}.")


def _refuse_wrong_identity(uid: str, sequence: int, stamp: datetime) -> None:
    if len(uid) > MAX_OCTETS or not re.fullmatch(r"[A-Za-z0-9-]+", uid):
        raise ValueError(f"A UID is made of letters, digits and hyphens, and tells nothing: {uid!r}.")
    if sequence < 0:
        raise ValueError(f"SEQUENCE starts at 0 and only rises: {sequence}.")
    if stamp.utcoffset() is None or stamp.utcoffset() != UTC.utcoffset(None):
        raise ValueError(f"A stamp is a moment in UTC: {stamp!r}.")


def _answered_for(entry: CalendarEntry) -> tuple[object, ...]:
    return (*entry.span, _zone(entry.starts), _zone(entry.ends), entry.place, entry.latitude, entry.longitude)


def _zone(moment: datetime | date) -> str | None:
    return moment.tzinfo.key if isinstance(moment, datetime) and isinstance(moment.tzinfo, ZoneInfo) else None


def _moment(told: str, zone: str | None) -> datetime | date:
    # The offset kept beside the zone tells the two equal hours of an autumn night apart.
    return (
        date.fromisoformat(told) if zone is None else datetime.fromisoformat(told).astimezone(ZoneInfo(zone))
    )
