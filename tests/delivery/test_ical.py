from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from eventhub.delivery import characters, ical
from eventhub.domain.calendar_entry import CalendarEntry, Invitation, Mailbox, Seat
from eventhub.domain.terms import Method

NINGXIA = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
STAMP = datetime(2027, 6, 10, 1, 0, tzinfo=UTC)

CAMP = CalendarEntry(
    summary="阳光少年夏令营 第三批",
    starts=date(2027, 8, 1),
    ends=date(2027, 8, 7),
    place="北京市朝阳区青少年营地",
    latitude=39.92,
    longitude=116.44,
    description="集合：银川火车站进站口，7:20\n电话：0951-6012345",
    url="https://events.example.org/my/1",
)
RETREAT = CalendarEntry(
    summary="塞上乡村两天两夜",
    starts=datetime(2027, 5, 14, 14, 0, tzinfo=NINGXIA),
    ends=datetime(2027, 5, 16, 12, 0, tzinfo=NINGXIA),
    place="贺兰县",
)
OFFICE = Mailbox(name="夏令营办公室", address="camp@union.example")
MOTHER = Mailbox(name="马兰", address="ma.lan@mail.example")
FIRST = Invitation(
    method=Method.REQUEST,
    uid="6fa0a3f2-2a51-4b0e-9df0-0c7f7a1f3f11",
    sequence=0,
    stamp=STAMP,
    organizer=OFFICE,
    attendee=MOTHER,
    entry=CAMP,
)
SEAT = Seat(uid=FIRST.uid, sequence=0, changed=STAMP, entry=CAMP)

AWKWARD = st.text(st.characters(), min_size=1, max_size=60) | st.sampled_from(
    [
        "马兰\r\nATTENDEE:mailto:x@y.z",
        "END:VEVENT\nBEGIN:VEVENT",
        '"a";b,c:d\\n\\N^n^^',
        "买买提·艾合买提",
        "👨\u200d👩\u200d👧" * 12,
        "汉" * 60,
        "\u202egnp.exe",
        "=?utf-8?b?5a6B?=",
        "C:\\New\\nights",
    ]
)


def test_a_camp_of_a_week_ends_on_the_wire_on_the_day_after():
    lines = _lines(ical.message(FIRST))
    assert "DTSTART;VALUE=DATE:20270801" in lines
    assert "DTEND;VALUE=DATE:20270808" in lines


def test_a_camp_of_one_day_ends_the_next():
    lines = _lines(ical.message(replace(FIRST, entry=replace(CAMP, ends=CAMP.starts))))
    assert "DTEND;VALUE=DATE:20270802" in lines


def test_a_retreat_runs_from_arrival_to_departure_by_the_clocks_of_its_place():
    lines = _lines(ical.message(replace(FIRST, entry=RETREAT)))
    assert "DTSTART;TZID=Asia/Shanghai:20270514T140000" in lines
    assert "DTEND;TZID=Asia/Shanghai:20270516T120000" in lines


def test_an_invitation_reads_as_a_whole():
    told = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//EventHub//EventHub//EN
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Asia/Shanghai
BEGIN:STANDARD
DTSTART:20260101T000000
TZNAME:CST
TZOFFSETFROM:+0800
TZOFFSETTO:+0800
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:塞上乡村两天两夜
DTSTART;TZID=Asia/Shanghai:20270514T140000
DTEND;TZID=Asia/Shanghai:20270516T120000
DTSTAMP:20270610T010000Z
UID:6fa0a3f2-2a51-4b0e-9df0-0c7f7a1f3f11
SEQUENCE:0
ATTENDEE;CN=马兰;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTIC
 IPANT;RSVP=TRUE:mailto:ma.lan@mail.example
LOCATION:贺兰县
ORGANIZER;CN=夏令营办公室:mailto:camp@union.example
STATUS:CONFIRMED
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
"""
    assert ical.message(replace(FIRST, entry=RETREAT)).decode() == told.replace("\n", "\r\n")


def test_a_request_has_each_required_property_once_and_names_nobody_else():
    event = _only_event(ical.message(FIRST))
    names = Counter(name for name, _ in event.property_items(recursive=False))
    for name in (
        "DTSTAMP",
        "DTSTART",
        "DTEND",
        "ORGANIZER",
        "ATTENDEE",
        "SUMMARY",
        "UID",
        "SEQUENCE",
        "STATUS",
    ):
        assert names[name] == 1, name
    assert event["STATUS"] == "CONFIRMED"
    assert str(event["ATTENDEE"]) == "mailto:ma.lan@mail.example"
    assert str(event["ORGANIZER"]) == "mailto:camp@union.example"


def test_a_cancel_stays_readable_and_carries_no_alarm():
    octets = ical.message(replace(FIRST, method=Method.CANCEL, sequence=2))
    event = _only_event(octets)
    assert b"METHOD:CANCEL\r\n" in octets
    assert event["STATUS"] == "CANCELLED"
    assert event["SEQUENCE"] == 2
    assert str(event["SUMMARY"]) == CAMP.summary
    assert {"DTSTART", "DTEND", "ATTENDEE", "ORGANIZER", "UID", "DTSTAMP"} <= set(event)
    assert "RSVP" not in event["ATTENDEE"].params
    assert b"VALARM" not in octets


def test_a_seat_is_invited_moved_and_withdrawn_under_one_uid():
    moved = replace(CAMP, starts=date(2027, 8, 8), ends=date(2027, 8, 14), place="银川")
    series = [
        FIRST,
        replace(FIRST, sequence=1, stamp=STAMP + timedelta(days=3), entry=moved),
        replace(FIRST, sequence=2, stamp=STAMP + timedelta(days=5), entry=moved, method=Method.CANCEL),
    ]
    events = [_only_event(ical.message(invitation)) for invitation in series]
    methods = [str(Calendar.from_ical(ical.message(invitation))["METHOD"]) for invitation in series]
    assert methods == ["REQUEST", "REQUEST", "CANCEL"]
    assert {str(event["UID"]) for event in events} == {FIRST.uid}
    assert [event["SEQUENCE"] for event in events] == [0, 1, 2]
    assert [event["DTSTAMP"].dt for event in events] == sorted({i.stamp for i in series})
    assert {str(event["ORGANIZER"]) for event in events} == {"mailto:camp@union.example"}
    assert {str(event["ATTENDEE"]) for event in events} == {"mailto:ma.lan@mail.example"}
    assert [event["DTSTART"].dt for event in events] == [CAMP.starts, moved.starts, moved.starts]
    assert [event["STATUS"] for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]


def test_the_zone_is_lean_without_the_summer_time_of_1986():
    octets = ical.message(replace(FIRST, entry=RETREAT))
    assert octets.count(b"BEGIN:STANDARD") == 1
    assert b"DAYLIGHT" not in octets
    assert b"RDATE" not in octets
    assert b"1986" not in octets


def test_a_zone_with_summer_time_covers_the_event_whole():
    summer = replace(
        RETREAT,
        starts=datetime(2027, 7, 1, 9, tzinfo=BERLIN),
        ends=datetime(2027, 7, 1, 17, tzinfo=BERLIN),
    )
    octets = ical.message(replace(FIRST, entry=summer))
    zone = Calendar.from_ical(octets).walk("VTIMEZONE")[0]
    assert {part.name for part in zone.subcomponents} == {"STANDARD", "DAYLIGHT"}
    assert min(part["DTSTART"].dt for part in zone.subcomponents) < datetime(2027, 7, 1)  # noqa: DTZ001 - as written
    assert _only_event(octets)["DTSTART"].dt.utcoffset() == timedelta(hours=2)


def test_whole_days_need_no_zone_and_universal_time_names_none():
    assert b"VTIMEZONE" not in ical.message(FIRST)
    utc = replace(
        RETREAT,
        starts=RETREAT.starts.astimezone(ZoneInfo("UTC")),
        ends=RETREAT.ends.astimezone(ZoneInfo("UTC")),
    )
    octets = ical.message(replace(FIRST, entry=utc))
    assert b"DTSTART:20270514T060000Z\r\n" in octets
    assert b"VTIMEZONE" not in octets


def test_the_calendar_itself_has_no_uid():
    feed = _feed([SEAT])
    for octets in (ical.message(FIRST), ical.download(SEAT), feed):
        assert "UID" not in Calendar.from_ical(octets)
        assert octets.count(b"\r\nUID:") == 1


def test_download_and_feed_invite_nobody():
    for octets in (ical.download(SEAT), _feed([SEAT])):
        assert not {"METHOD", "ORGANIZER", "ATTENDEE"} & _property_names(octets)
        event = _only_event(octets)
        assert event["DTSTAMP"].dt == STAMP
        assert event["LAST-MODIFIED"].dt == STAMP


def test_feed_and_mail_agree_on_uid_and_time():
    mailed, fed = _only_event(ical.message(FIRST)), _only_event(_feed([SEAT]))
    for name in ("UID", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "LOCATION"):
        assert mailed[name] == fed[name]


def test_a_feed_says_how_often_to_look_again():
    lines = _lines(_feed([SEAT]))
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT4H" in lines
    assert "X-PUBLISHED-TTL:PT4H" in lines
    assert "NAME:我的日历" in lines
    assert "X-WR-CALNAME:我的日历" in lines
    assert "URL:https://events.example.org/my/calendar" in lines


def test_a_feed_is_the_same_whatever_the_order_it_is_given_in():
    seats = [
        SEAT,
        Seat(uid="b", sequence=1, changed=STAMP + timedelta(days=1), entry=RETREAT),
        Seat(uid="a", sequence=0, changed=STAMP, entry=RETREAT),
    ]
    octets = _feed(seats)
    assert octets == _feed(list(reversed(seats)))
    events = Calendar.from_ical(octets).walk("VEVENT")
    assert [str(event["UID"]) for event in events] == ["a", "b", FIRST.uid]
    assert Calendar.from_ical(octets)["LAST-MODIFIED"].dt == STAMP + timedelta(days=1)


def test_a_feed_is_the_same_in_every_process():
    told = """
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo
from eventhub.delivery import ical
from eventhub.domain.calendar_entry import CalendarEntry, Seat
seats = [
    Seat(uid=zone[:4], sequence=0, changed=datetime(2027, 6, 10, tzinfo=UTC), entry=CalendarEntry(
        summary=zone,
        starts=datetime(2027, 5, 14, 14, tzinfo=ZoneInfo(zone)),
        ends=datetime(2027, 5, 14, 15, tzinfo=ZoneInfo(zone)),
    ))
    for zone in ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Auckland")
]
print(ical.feed(seats, name="x", url="https://a.example/", refresh=timedelta(hours=4)).hex())
"""
    runs = {
        subprocess.run(
            [sys.executable, "-c", told],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(runs) == 1


def test_an_empty_feed_is_still_a_valid_calendar():
    octets = _feed([])
    calendar = Calendar.from_ical(octets)
    assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE"]
    assert "LAST-MODIFIED" not in calendar
    assert octets == _feed([])
    assert IcsCalendarStream.calendar_from_ics(octets.decode()).events == []


def test_a_feed_holds_each_seat_once():
    with pytest.raises(ValueError, match="once"):
        _feed([SEAT, SEAT])


@pytest.mark.parametrize("small", [0.00001, -0.00001, 0.0])
def test_a_position_is_never_written_with_an_exponent(small):
    octets = ical.download(replace(SEAT, entry=replace(CAMP, latitude=small, longitude=small)))
    assert b"GEO:0.0;0.0\r\n" in octets


def test_a_guardian_is_not_busy_for_a_week_but_a_rider_for_his_heat_is():
    assert "TRANSP:TRANSPARENT" in _lines(ical.download(SEAT))
    assert "TRANSP:OPAQUE" in _lines(ical.download(replace(SEAT, entry=RETREAT)))


@given(summary=AWKWARD, place=AWKWARD, description=AWKWARD, office=AWKWARD, name=AWKWARD)
@settings(max_examples=200)
@example(summary="\\", place="\\N", description="\\", office="甲\\", name="\\")
@example(summary="汉" * 400, place="\\", description="a\n\n;b,\\n", office=":", name='"')
def test_whatever_the_words_the_message_parses_back_equal(summary, place, description, office, name):
    entry = replace(CAMP, summary=f"x{summary}", place=place, description=description)
    octets = ical.message(
        replace(
            FIRST,
            entry=entry,
            organizer=Mailbox(name=office, address=OFFICE.address),
            attendee=Mailbox(name=name, address=MOTHER.address),
        )
    )
    _check_octets(octets)
    calendar = Calendar.from_ical(octets)
    assert [part.name for part in calendar.walk()] == ["VCALENDAR", "VEVENT"]
    event = _only_event(octets)
    assert str(event["SUMMARY"]) == characters.line(entry.summary)
    assert str(event.get("LOCATION", "")) == characters.line(place)
    assert str(event.get("DESCRIPTION", "")) == characters.paragraphs(description).strip()
    assert str(event["ATTENDEE"]) == "mailto:ma.lan@mail.example"
    assert event["ATTENDEE"].params.get("CN", "") == _shown(name)
    assert event["ORGANIZER"].params.get("CN", "") == _shown(office)
    optional = [bool(characters.line(place)), bool(characters.paragraphs(description).strip())]
    assert len(_lines(octets)) == len(_lines(ical.message(FIRST))) - 2 + sum(optional)


@given(summary=AWKWARD, place=AWKWARD, description=AWKWARD)
@settings(max_examples=200)
def test_a_second_reader_understands_the_feed_alike(summary, place, description):
    entry = replace(RETREAT, summary=f"x{summary}", place=place, description=description)
    octets = _feed([replace(SEAT, entry=entry)])
    _check_octets(octets)
    (event,) = IcsCalendarStream.calendar_from_ics(octets.decode()).events
    assert event.uid == FIRST.uid
    assert event.summary == characters.line(entry.summary)
    assert (event.location or "") == characters.line(place)
    assert (event.description or "") == characters.paragraphs(description).strip()
    assert event.dtstart == RETREAT.starts
    assert event.dtend == RETREAT.ends
    assert event.sequence == 0


def test_a_second_reader_understands_invitation_and_withdrawal():
    for invitation in (FIRST, replace(FIRST, method=Method.CANCEL, sequence=1)):
        calendar = IcsCalendarStream.calendar_from_ics(ical.message(invitation).decode())
        (event,) = calendar.events
        assert calendar.method == invitation.method.value
        assert (event.dtstart, event.dtend) == (CAMP.starts, date(2027, 8, 8))
        assert event.sequence == invitation.sequence
        assert [str(attendee.uri) for attendee in event.attendees] == ["mailto:ma.lan@mail.example"]


def test_no_line_is_folded_inside_a_character():
    octets = ical.message(replace(FIRST, entry=replace(CAMP, summary="宁夏" * 100, description="🏕" * 100)))
    _check_octets(octets)
    assert any(line.startswith(b" ") for line in octets.split(b"\r\n"))


def _shown(name: str) -> str:
    shown = {
        "\\": "\N{FULLWIDTH REVERSE SOLIDUS}",
        '"': "\N{FULLWIDTH QUOTATION MARK}",
        "^": "\N{FULLWIDTH CIRCUMFLEX ACCENT}",
    }
    return characters.line(name).translate(str.maketrans(shown))


def _feed(seats):
    return ical.feed(
        seats, name="我的日历", url="https://events.example.org/my/calendar", refresh=timedelta(hours=4)
    )


def _check_octets(octets: bytes) -> None:
    """RFC 5545, 3.1: CRLF everywhere, at most 75 octets a line, whole characters in each, nothing unseen."""
    assert octets.endswith(b"\r\n")
    assert not octets.startswith(b"\xef\xbb\xbf")
    lines = octets.removesuffix(b"\r\n").split(b"\r\n")
    for line in lines:
        assert line.strip()
        assert len(line) <= 75
        text = line.decode("utf-8")
        assert not any(character < " " or character == "\x7f" for character in text)


def _lines(octets: bytes) -> list[str]:
    """The content lines, unfolded as any reader unfolds them."""
    return octets.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def _property_names(octets: bytes) -> set[str]:
    return {line.split(":")[0].split(";")[0] for line in _lines(octets)}


def _only_event(octets: bytes):
    (event,) = Calendar.from_ical(octets).walk("VEVENT")
    return event
