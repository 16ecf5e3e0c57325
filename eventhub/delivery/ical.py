"""Write what stands in a calendar as RFC 5545 octets: an invitation by mail, a file to keep, a feed to subscribe to.

The only file that names the icalendar library, and the only one that knows that the end of whole days is exclusive on
the wire. It holds the library to what real readers need: lean time zones, no UID on the calendar itself,
REFRESH-INTERVAL with its VALUE, named zones only (the entry sees to that), whole days ending on the day after,
backslashes that stay what they are.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress, vDuration, vText
from icalendar.parser import Contentline

from eventhub.delivery import characters
from eventhub.domain.calendar_entry import CalendarEntry, Invitation, Mailbox, Seat
from eventhub.domain.terms import Method

PRODID = "-//EventHub//EventHub//EN"
"""Constant, so that calendars know the writer again."""

LONGEST_LINE = 75
"""Octets of a line on the wire (RFC 5545, 3.1)."""


def message(invitation: Invitation) -> bytes:
    """The invitation as one iTIP message (RFC 5546) about one event and one attendee."""
    event = _event(invitation.uid, invitation.sequence, invitation.entry)
    event.add("DTSTAMP", invitation.stamp.astimezone(UTC))
    event.add("ORGANIZER", _person(invitation.organizer))
    attendee = _person(invitation.attendee)
    if invitation.method is Method.CANCEL:
        event.add("STATUS", "CANCELLED")
    else:
        event.add("STATUS", "CONFIRMED")
        attendee.params.update(
            CUTYPE="INDIVIDUAL", ROLE="REQ-PARTICIPANT", PARTSTAT="NEEDS-ACTION", RSVP="TRUE"
        )
    event.add("ATTENDEE", attendee)
    calendar = _calendar()
    calendar.add("METHOD", invitation.method.name)
    return _written(calendar, [event], [invitation.entry])


def download(seat: Seat) -> bytes:
    """One seat as a file to keep: nobody invites and nobody answers, so that no reader asks for an answer."""
    return _written(_calendar(), [_kept(seat)], [seat.entry])


def feed(seats: Collection[Seat], *, name: str, url: str, refresh: timedelta) -> bytes:
    """A person's seats as a calendar to subscribe to; the same octets as long as nothing has changed.

    ``url`` is the page that the calendar belongs to, never the feed's own address, which is a secret. ``refresh`` is
    how often readers are asked to look again, which not all of them heed. Ended seats are left out by the caller.
    """
    if len({seat.uid for seat in seats}) < len(seats):
        raise ValueError("A feed holds each seat once.")
    calendar = _calendar()
    for property_name in (
        "NAME",
        "X-WR-CALNAME",
    ):  # the standard's (RFC 7986), and the one that older readers know
        _say(calendar, property_name, characters.line(name))
    calendar.add("URL", url)
    # The library leaves out VALUE, without which strict readers refuse the whole file (RFC 7986, 5.7).
    calendar.add("REFRESH-INTERVAL", refresh, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(refresh))
    if seats:
        calendar.add("LAST-MODIFIED", max(seat.changed for seat in seats).astimezone(UTC))
    ordered = sorted(seats, key=lambda seat: (seat.entry.span, seat.uid))
    return _written(calendar, [_kept(seat) for seat in ordered], [seat.entry for seat in ordered])


def _calendar() -> Calendar:
    # Calendar.new() would put a random UID on the calendar, for which subscribers take many events for one.
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODID)
    return calendar


def _kept(seat: Seat) -> Event:
    event = _event(seat.uid, seat.sequence, seat.entry)
    # Without METHOD, DTSTAMP is when the data last changed (RFC 5545, 3.8.7.2).
    event.add("DTSTAMP", seat.changed.astimezone(UTC))
    event.add("LAST-MODIFIED", seat.changed.astimezone(UTC))
    event.add("STATUS", "CONFIRMED")
    return event


def _event(uid: str, sequence: int, entry: CalendarEntry) -> Event:
    event = Event()
    event.add("UID", uid)
    event.add("SEQUENCE", sequence)
    _say(event, "SUMMARY", characters.line(entry.summary))
    event.add("DTSTART", entry.starts)
    event.add("DTEND", entry.ends if isinstance(entry.ends, datetime) else _day_after(entry.ends))
    # A child's camp does not make its guardian busy for a week; an hour with a place does.
    event.add("TRANSP", "TRANSPARENT" if entry.whole_days else "OPAQUE")
    if place := characters.line(entry.place):
        _say(event, "LOCATION", place)
    if entry.latitude is not None and entry.longitude is not None:
        # Four places are eleven metres; with more, Python would write small numbers as 1e-05.
        event.add("GEO", (round(entry.latitude, 4) + 0.0, round(entry.longitude, 4) + 0.0))
    if description := characters.paragraphs(entry.description).strip():
        _say(event, "DESCRIPTION", description)
    if entry.url is not None:
        event.add("URL", entry.url)
    return event


class _Text(vText):
    """Text escaped as RFC 5545, 3.3.11 asks; the library takes a typed backslash before N for a line break."""

    def to_ical(self) -> bytes:
        """The text for the wire."""
        escaped = str(self).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
        return escaped.encode("utf-8")


def _say(component: Calendar | Event, name: str, text: str) -> None:
    component.add(name, _Text(text), encode=False)


_IN_A_PARAMETER = str.maketrans(
    {
        # RFC 5545 knows no backslash escape in a parameter, but readers do: one at the end would swallow what follows.
        "\\": "\N{FULLWIDTH REVERSE SOLIDUS}",
        # Written as ^' and ^^ (RFC 6868), which libical, and so GNOME's calendar, shows as they are.
        '"': "\N{FULLWIDTH QUOTATION MARK}",
        "^": "\N{FULLWIDTH CIRCUMFLEX ACCENT}",
    }
)


def _person(mailbox: Mailbox) -> vCalAddress:
    person = vCalAddress(f"mailto:{mailbox.address}")
    if name := characters.line(mailbox.name).translate(_IN_A_PARAMETER):
        person.params["CN"] = vText(name)
    return person


@cache
def _vtimezone(key: str, first_year: int, last_year: int) -> Timezone:
    # The library's own window begins in 1970: it brings China's summer time of 1986-91 along, which misleads Outlook.
    zone = Timezone.from_tzinfo(
        ZoneInfo(key), tzid=key, first_date=date(first_year, 1, 1), last_date=date(last_year, 1, 1)
    )
    del zone["COMMENT"]
    return zone


def _written(calendar: Calendar, events: list[Event], entries: Collection[CalendarEntry]) -> bytes:
    for event in events:
        calendar.add_component(event)
    for place, zone in enumerate(_zones(calendar, entries)):
        calendar.subcomponents.insert(place, zone)
    if not calendar.subcomponents:
        # A calendar without any component is invalid (RFC 5545, 3.6): this one carries a zone that never changes.
        calendar.add_component(_vtimezone("UTC", 2000, 2001))
    return b"".join(_folded(line) + b"\r\n" for line in calendar.content_lines() if line)


def _zones(calendar: Calendar, entries: Collection[CalendarEntry]) -> list[Timezone]:
    if all(entry.whole_days for entry in entries):
        return []
    years = [moment.year for entry in entries for moment in (entry.starts, entry.ends)]
    # Sorted, for the library keeps the names in a set whose order differs from process to process.
    return [_vtimezone(key, min(years) - 1, max(years) + 2) for key in sorted(calendar.get_missing_tzids())]


def _folded(line: Contentline) -> bytes:
    # The library weighs every character of every line, which takes a third of the time of a publication.
    octets = line.encode("utf-8")
    if len(octets) < LONGEST_LINE:
        return octets
    folded: bytes = line.to_ical()  # type: ignore[no-untyped-call] # only the components are typed
    return folded


def _day_after(last_day: date) -> date:
    return last_day + timedelta(days=1)
