from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from eventhub.domain.calendar_entry import CalendarEntry, Invitation, Mailbox, Seat, calls_for_new_answer
from eventhub.domain.terms import Method

NINGXIA = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")

CAMP = CalendarEntry(
    summary="阳光少年夏令营 第三批",
    starts=date(2027, 7, 19),
    ends=date(2027, 7, 24),
    place="北京市朝阳区青少年营地",
    latitude=39.92,
    longitude=116.44,
    description="集合：银川火车站进站口",
    url="https://events.example.org/my/1",
)
RETREAT = CalendarEntry(
    summary="塞上乡村两天两夜",
    starts=datetime(2027, 5, 14, 14, 0, tzinfo=NINGXIA),
    ends=datetime(2027, 5, 16, 12, 0, tzinfo=NINGXIA),
    place="贺兰县",
)
HEAT = CalendarEntry(
    summary="西兰花采收竞赛 第2场",
    starts=datetime(2027, 9, 18, 8, 30, tzinfo=NINGXIA),
    ends=datetime(2027, 9, 18, 11, 0, tzinfo=NINGXIA),
    place="江河村",
)
OFFICE = Mailbox(name="夏令营办公室", address="camp@union.example")
MOTHER = Mailbox(name="马兰", address="ma.lan@mail.example")


def test_whole_days_are_told_from_hours():
    assert CAMP.whole_days
    assert not RETREAT.whole_days


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"starts": datetime(2027, 5, 14, 14, 0)}, "named zone"),  # noqa: DTZ001 - naive is what is refused
        ({"starts": datetime(2027, 5, 14, 14, 0, tzinfo=timezone(timedelta(hours=8)))}, "named zone"),
        ({"starts": datetime(2027, 5, 14, 14, 0, tzinfo=UTC)}, "named zone"),
        ({"ends": datetime(2027, 5, 14, 13, 0, tzinfo=NINGXIA)}, "ends"),
        ({"ends": RETREAT.starts}, "ends"),
        ({"starts": datetime(2027, 5, 14, 14, 0, 0, 5, tzinfo=NINGXIA)}, "whole seconds"),
        (
            {
                "starts": datetime(2027, 5, 14, tzinfo=NINGXIA),
                "ends": datetime(2027, 5, 16, tzinfo=NINGXIA),
            },
            "whole days",
        ),
        ({"starts": date(2027, 5, 14), "ends": date(2027, 5, 13)}, "last day"),
        ({"summary": " "}, "summary"),
        ({"latitude": 38.5}, "latitude and a longitude"),
        ({"latitude": 91.0, "longitude": 0.0}, "no such place"),
        ({"latitude": float("nan"), "longitude": 0.0}, "numbers"),
        ({"url": "javascript:alert(1)"}, "http"),
        ({"url": "https://a.example/\r\nATTENDEE:x"}, "http"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(change, told):
    with pytest.raises(ValueError, match=told):
        replace(RETREAT, **change)


def test_a_date_and_an_hour_do_not_mix():
    with pytest.raises(TypeError, match="both dates or both moments"):
        replace(RETREAT, ends=date(2027, 5, 16))


def test_an_hour_that_the_clocks_skip_is_refused():
    with pytest.raises(ValueError, match="skip this hour"):
        replace(
            RETREAT,
            starts=datetime(2027, 3, 28, 2, 30, tzinfo=BERLIN),
            ends=datetime(2027, 3, 28, 5, 0, tzinfo=BERLIN),
        )


def test_order_is_judged_by_the_world_not_by_the_wall_clock():
    first = datetime(2027, 10, 31, 2, 30, tzinfo=BERLIN)
    replace(RETREAT, starts=first, ends=first.replace(fold=1))
    with pytest.raises(ValueError, match="before it has begun"):
        replace(RETREAT, starts=first.replace(fold=1), ends=first.replace(minute=45))


def test_one_day_and_one_hour_are_long_enough():
    assert replace(CAMP, ends=CAMP.starts).ends == CAMP.starts
    midnight = datetime(2027, 5, 15, tzinfo=NINGXIA)
    assert replace(RETREAT, ends=midnight).ends == midnight


@pytest.mark.parametrize("entry", [CAMP, RETREAT, HEAT])
def test_an_entry_survives_a_json_column(entry):
    again = CalendarEntry.from_data(json.loads(json.dumps(entry.as_data())))
    assert again == entry
    assert again.fingerprint() == entry.fingerprint()


def test_the_second_of_two_equal_hours_survives_a_json_column():
    first = datetime(2027, 10, 31, 2, 30, tzinfo=BERLIN)
    entry = replace(RETREAT, starts=first, ends=first.replace(fold=1))
    again = CalendarEntry.from_data(entry.as_data())
    assert [again.starts.fold, again.ends.fold] == [0, 1]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [
        {"summary": "别的"},
        {"starts": date(2027, 7, 18)},
        {"ends": date(2027, 7, 25)},
        {"place": "银川"},
        {"latitude": 38.0},
        {"description": ""},
        {"url": None},
    ],
)
def test_everything_a_participant_sees_is_in_the_fingerprint(change):
    assert replace(CAMP, **change).fingerprint() != CAMP.fingerprint()


def test_the_same_hour_in_another_zone_is_another_entry():
    starts, ends = RETREAT.starts, RETREAT.ends
    assert isinstance(starts, datetime)
    assert isinstance(ends, datetime)
    singapore = ZoneInfo("Asia/Singapore")
    moved = replace(RETREAT, starts=starts.replace(tzinfo=singapore), ends=ends.replace(tzinfo=singapore))
    assert moved.fingerprint() != RETREAT.fingerprint()
    assert calls_for_new_answer(RETREAT, moved)


def test_the_fingerprint_is_the_same_in_every_process():
    assert HEAT.fingerprint() == "deb9ade7b50bb5be2a01925da9540404a3afbbd16a583b057ea71200f29e1056"


@pytest.mark.parametrize(
    ("change", "asks_again"),
    [
        ({}, False),
        ({"summary": "西兰花采收竞赛 第二场"}, False),
        ({"description": "带手套"}, False),
        ({"url": "https://events.example.org/new"}, False),
        ({"starts": HEAT.starts + timedelta(minutes=30)}, True),
        ({"ends": HEAT.ends + timedelta(minutes=30)}, True),
        ({"place": "杨河村"}, True),
        ({"latitude": 36.0, "longitude": 106.2}, True),
    ],
)
def test_start_end_and_place_ask_for_a_new_answer(change, asks_again):
    assert calls_for_new_answer(HEAT, replace(HEAT, **change)) is asks_again


def test_the_end_of_a_seat_always_asks_for_a_new_answer():
    assert calls_for_new_answer(HEAT, None)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ma",
        "ma@",
        "@x",
        "马@mail.example",
        "a b@mail.example",
        "a@b\r\nBcc: c@d",
        "<a@b>",
        "a@b,c@d",
        "a" * 250 + "@b.cn",
    ],
)
def test_an_address_that_mail_cannot_carry_is_refused(address):
    with pytest.raises(ValueError, match="not an address"):
        Mailbox(name="马兰", address=address)


def _invitation(**change):
    return Invitation(
        **{
            "method": Method.REQUEST,
            "uid": "6fa0a3f2-2a51-4b0e-9df0-0c7f7a1f3f11",
            "sequence": 0,
            "stamp": datetime(2027, 6, 10, 1, 0, tzinfo=UTC),
            "organizer": OFFICE,
            "attendee": MOTHER,
            "entry": CAMP,
            **change,
        }
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"uid": "seat-1@union.example"}, "UID"),
        ({"uid": ""}, "UID"),
        ({"uid": "a" * 255}, "UID"),
        ({"sequence": -1}, "SEQUENCE"),
        ({"stamp": datetime(2027, 6, 10, 9, 0)}, "UTC"),  # noqa: DTZ001 - naive is what is refused
        ({"stamp": datetime(2027, 6, 10, 9, 0, tzinfo=NINGXIA)}, "UTC"),
        ({"attendee": Mailbox(name="x", address="CAMP@union.example")}, "invited by itself"),
        ({"method": Method.CANCEL}, "at least 1"),
    ],
)
def test_an_invitation_that_breaks_the_protocol_is_refused(change, told):
    _invitation()
    with pytest.raises(ValueError, match=told):
        _invitation(**change)


def test_a_seat_refuses_a_change_without_a_moment_in_utc():
    with pytest.raises(ValueError, match="UTC"):
        Seat(uid="a", sequence=0, changed=datetime(2027, 6, 10), entry=CAMP)  # noqa: DTZ001 - naive is what is refused
