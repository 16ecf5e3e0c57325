"""One seat a kind as EventHub tells calendars of it: invited, moved, mended, withdrawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from eventhub.delivery import mailer
from eventhub.delivery.letters import Written
from eventhub.domain.calendar_entry import CalendarEntry, Mailbox
from eventhub.domain.facts import OccasionFacts, SeatFacts
from eventhub.domain.phases import ZONE
from eventhub.domain.terms import Method
from eventhub.i18n import Bilingual, use_locale
from eventhub.kinds import of
from eventhub.services import invites
from tests.kinds.stories import batch, departure, heat, person, programme, seat

READER = "ma.lan@mail.example"
OFFICE = Mailbox(name="区总工会·“阳光少年”办公室", address="camp@union.example")
BEGINS = datetime(2026, 6, 10, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Message:
    """One message as it leaves the house, and what it tells."""

    uid: str
    entry: CalendarEntry
    sequence: int
    ics: bytes
    mail: bytes


@dataclass(frozen=True)
class Story:
    """What one calendar hears of one seat, in the order of sending.

    ``reader_shown`` is the reader's name as calendars may show it.
    """

    uid: str
    reader_shown: str
    invited: Message
    moved: Message
    mended: Message
    withdrawn: Message

    @property
    def messages(self) -> tuple[Message, ...]:
        """All four."""
        return self.invited, self.moved, self.mended, self.withdrawn


def story_of(kind: str, *, reader: str = READER, reader_name: str = "马兰") -> Story:
    """The seat of this kind, with a UID of its own."""
    first, second = SEATS[kind]
    with use_locale("zh"):
        (was,) = of(first.programme).entries(first)
        (becomes,) = of(second.programme).entries(second)
    return tell(was, becomes, reader=reader, reader_name=reader_name)


def awkward_story(*, reader: str = READER) -> Story:
    """A seat whose words are as awkward as words get, and a reader with such a name."""
    summary = "👨\u200d👩\u200d👧 “夏令营”；\\Name, N·2; \\n 'x' " + "一二三四五六七八九十" * 20
    was = CalendarEntry(
        summary=summary.strip(),
        starts=datetime(2026, 7, 13, 9, 30, tzinfo=ZONE),
        ends=datetime(2026, 7, 13, 11, 0, tzinfo=ZONE),
        place='"银川", 大会堂; 2\\3 号楼：🏛️',
        latitude=38.47,
        longitude=-0.5,
        description="第一行；一, 二; 三\n第二行\\n 不换行\n\nEND:VEVENT\nBEGIN:VALARM\n" + "长" * 3000,
        url="https://events.example.org/my/1?a=b;c,d&e=%22",
    )
    becomes = replace(was, starts=date(2026, 7, 20), ends=date(2026, 7, 20))
    return tell(
        was,
        becomes,
        reader=reader,
        reader_name='买买提·艾合买提 "小马"; 👩\u200d🌾, \\N <a@b> ^n',
        reader_shown="买买提·艾合买提 ＂小马＂; 👩\u200d🌾, ＼N <a@b> ＾n",
    )


def tell(
    was: CalendarEntry, becomes: CalendarEntry, *, reader: str, reader_name: str, reader_shown: str = ""
) -> Story:
    """What is sent when ``was`` becomes ``becomes``, then has its description mended, then ends."""
    mended = replace(becomes, description=f"{becomes.description}\n附：现场有停车位。")
    row = invites.first(
        was,
        registration_id=1,
        position=0,
        option_id=1,
        locale="zh",
        organizer=OFFICE,
        attendee_name=reader_name,
        attendee_address=reader,
        at=BEGINS,
    )
    messages = {"invited": _message(row, was)}
    for name, entry in (("moved", becomes), ("mended", mended)):
        row |= invites.moved(
            _living(row),
            entry,
            option_id=1,
            at=row["changed_at"] + timedelta(hours=1),
        )
        messages[name] = _message(row, entry)
    row |= invites.ended(_living(row), at=row["changed_at"] + timedelta(hours=1))
    return Story(
        uid=row["uid"],
        reader_shown=reader_shown or reader_name,
        withdrawn=_message(row, mended),
        **messages,
    )


def _living(row: Mapping[str, Any]) -> invites.Living:
    kept = {
        name: row[name] for name in invites.Living.__dataclass_fields__ if name not in {"id", "organizer"}
    }
    return invites.Living(
        id=1, organizer=Mailbox(name=row["organizer_name"], address=row["organizer_address"]), **kept
    )


def _message(row: Mapping[str, Any], entry: CalendarEntry) -> Message:
    octets = invites.octets(row, entry)
    sent = mailer.compose(
        sender=OFFICE,
        recipient=Mailbox(name=row["attendee_name"], address=row["attendee_address"]),
        written=Written(f"日程：{entry.summary[:60]}", f"{entry.summary}\n", "<p>日程见附件。</p>\n"),
        message_id=f"<{row['uid']}.{row['sequence']}.{row['stamp']:%H%M%S}@union.example>",
        date=row["stamp"],
        invitation_ics=octets,
        method=row["method"] or Method.REQUEST,
    )
    return Message(row["uid"], entry, row["sequence"], octets, mailer.octets(sent))


def _seats() -> Iterator[tuple[str, tuple[SeatFacts, SeatFacts]]]:
    url = "https://events.example.org/my/registrations/T57J4-KV8Q"
    camp = programme("camp", [batch("B1"), batch("B2", date(2026, 7, 27), days=5)])
    child = person("兰", name="马小兰")
    yield "camp", (seat(camp, "B1", child, url=url), seat(camp, "B2", child, url=url))

    contest = programme("contest", [heat("H1"), heat("H2", starts=datetime(2026, 9, 8, 14, 30, tzinfo=ZONE))])
    worker = person("a", name="马建国", born=date(1980, 1, 1))
    yield (
        "contest",
        (
            seat(contest, "H1", worker, station="7", url=url),
            seat(contest, "H2", worker, station="12", url=url),
        ),
    )

    arrives = datetime(2026, 6, 12, 18, tzinfo=ZONE)
    elsewhere = OccasionFacts(
        arrives,
        arrives + timedelta(days=1, hours=22),
        Bilingual("昊苑村文化广场", "Haoyuan village square"),
        Bilingual("市总工会门前", "In front of the city federation"),
    )
    retreat = programme("retreat", [departure("D1"), departure("D2", occasions=(elsewhere,))])
    member = person("a", name="马建国", born=date(1975, 1, 1))
    yield "retreat", (seat(retreat, "D1", member, url=url), seat(retreat, "D2", member, url=url))


SEATS = dict(_seats())
KINDS = tuple(SEATS)
