"""Whatever people are called, their names arrive: on pages, in the database, in mails and in calendars, or are refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import icalendar
import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from eventhub import kinds
from eventhub.cli.worker import Worker
from eventhub.domain.facts import Applicant
from eventhub.domain.identity import NAME_LIMIT, clean_name
from eventhub.domain.problems import Problem
from eventhub.domain.terms import Role
from eventhub.extensions import db
from eventhub.models.accounts import Participant
from eventhub.models.invites import Invite
from eventhub.queries import accounts as account_queries
from eventhub.queries import people
from eventhub.queries import programmes as programme_queries
from eventhub.services import allocations, publications, registrations
from tests.conftest import opened, settings_for
from tests.databases import SQLiteTemplate
from tests.house.paper import Visitor, changed, tables
from tests.kinds.stories import heat
from tests.scenario import REGION, VILLAGE, Scenario, camp_facts

SERIES = "contest-2026"
CLOSED = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
AWKWARD = (
    "买买提·艾力",
    "阿依古丽•吐尔逊",
    "O'Brien",
    'Jean-Luc "Jo" d’Arc',
    "𠮷野家",
    "㐂二",
    "Ｆｕｌｌ",
    "Zoë",
    "e\u0301lodie",
    "قادر",
    "..",
    "Dr. No",
    "“老王”",
    "BEGIN VEVENT",
    "mailto",
    "王" * NAME_LIMIT,
)
HOSTILE = (
    "",
    "   ",
    "张三\r\nATTENDEE:mailto:evil@example.org",
    "张三\nBcc: evil@example.org",
    "张\x00三",
    "张\u202e三",
    "张\u2028三",
    "张三😀",
    "=?utf-8?q?x?=",
    "张三;CN=x",
    "张,三",
    "张\\n三",
    "<script>alert(1)</script>",
    "张三{{7*7}}",
    "=1+1",
    "+86",
    "@here",
    "张3",
    "王" * (NAME_LIMIT + 1),
)
LETTERS = st.characters(codec="utf-8", categories=("L", "M"))
NAMES = st.text(
    st.one_of(st.sampled_from("王李张欧阳 ·•'’.-\"“”"), LETTERS), min_size=1, max_size=NAME_LIMIT
).filter(lambda text: not isinstance(clean_name(text), Problem))
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=60)
BIRTHDAYS = itertools.count()


@dataclass
class Village:
    """A contest with room for everybody, a member who signs people up, and a browser to do it with."""

    story: Scenario
    visitor: Visitor

    @property
    def app(self) -> Flask:
        return self.visitor.client.application


@pytest.fixture(scope="module")
def village(sqlite_template: SQLiteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    folder = tmp_path_factory.mktemp("names")
    kept = settings_for(folder / "instance", sqlite_template.copy_to(folder / "names.sqlite"))
    with opened(kept) as app:
        story = Scenario()
        app.extensions["clock"] = lambda: story.at
        with app.app_context():
            story._plant()
            story.organiser = story.account("陈主任", "chen@example.org", Role.ORGANISER, REGION)
            story.member = story.account("王建国", "wang@example.org", Role.MEMBER)
            db.session.remove()
        yield Village(story, Visitor.comes(app, story.member))


def types(village: Village, name: str, *, born: date, email: str = "") -> tuple[int, str]:
    """Somebody is typed in at the page: how it was answered, and what the page says."""
    page = village.visitor.opens("/my/people/new")
    answer = village.visitor.client.post(
        page.form(asking="relation").action,
        data={
            "relation": "family",
            "name": name,
            "birth_date": born.isoformat(),
            "sex": "male",
            "organisation": VILLAGE,
            "email": email,
        },
    )
    return answer.status_code, answer.text


def birthday() -> date:
    """A day of its own for everybody, so that nobody is taken for another of the same name."""
    return date.fromordinal(date(1965, 1, 1).toordinal() + next(BIRTHDAYS))


def newest(village: Village) -> Participant:
    with village.app.app_context():
        return db.session.scalars(select(Participant).order_by(Participant.id.desc()).limit(1)).one()


# -- At the form -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=ANYTHING)
@example("张三\r\nBcc: evil@example.org")
@example("欧阳\u00a0娜娜")
def test_a_name_is_kept_as_cleaned_or_refused_and_then_nothing_is_kept(village: Village, typed: str):
    clean = clean_name(typed)
    before = tables(village.app)
    status, page = types(village, typed, born=birthday())
    if isinstance(clean, Problem):
        assert status == 422
        assert changed(before, tables(village.app)) == set()
        assert "<script>" not in page
    else:
        assert status == 303
        assert newest(village).name == clean
        shown = village.visitor.opens("/my/people")
        assert " ".join(clean.split()) in shown.words


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_would_break_a_header_or_a_calendar_is_refused_and_changes_nothing(village: Village, typed: str):
    before = tables(village.app)
    status, page = types(village, typed, born=birthday())
    assert status == 422
    assert changed(before, tables(village.app)) == set()
    assert "请核对以下内容" in page
    assert "<script>alert" not in page
    assert "张三49" not in page


@pytest.mark.parametrize("typed", AWKWARD)
def test_an_awkward_name_is_kept(village: Village, typed: str):
    status, _page = types(village, typed, born=birthday())
    assert status == 303
    assert newest(village).name == clean_name(typed)


# -- All the way -------------------------------------------------------------------------------------


NARROW = str.maketrans({"＂": '"', "＾": "^", "＼": "\\", "'": '"'})


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
@given(names=st.lists(NAMES, min_size=1, max_size=12, unique_by=clean_name))
@example(list(AWKWARD))
def test_a_name_arrives_in_mail_and_calendar_as_it_was_kept(village: Village, names: list[str]):
    """Typed in at the page, signed up, placed, published, mailed, fed: read back, it is the same."""
    number = next(BIRTHDAYS)
    code = f"{SERIES}-{number}"
    wanted = {f"n{number}x{place}@example.org": str(clean_name(name)) for place, name in enumerate(names)}
    registered = sign_up(village, code, dict(zip(wanted, names, strict=True)))
    run_and_publish(village, code)
    calendars = calendars_of(village, registered)
    for address, name in wanted.items():
        (sent,) = [each for each in mails_of(village, address) if calendar_in(each) is not None]
        mail = parsed(sent)
        assert written_to(sent) == (name, address)
        assert len(mail.defects) == 0
        assert set(mail.keys()) == {
            *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
        }
        assert name in mail.get_body(("plain",)).get_content()
        octets = calendar_in(sent)
        assert octets is not None
        (event,) = icalendar.Calendar.from_ical(octets).walk("VEVENT")
        # In a parameter some signs cannot stand (RFC 5545, 3.1), or are not understood where they are written
        # otherwise (RFC 6868): their full-width likenesses do.
        assert str(event["ATTENDEE"].params["CN"]).translate(NARROW) == name.translate(NARROW)
        assert event["ATTENDEE"] == f"mailto:{address}"
        assert name in str(event["DESCRIPTION"])
        assert [line for line in octets.split(b"\r\n") if len(line) > 75] == []
        kept = calendars[address]
        assert name in str(kept["DESCRIPTION"])
        assert kept["UID"] == event["UID"]
    assert set(calendars) == set(wanted)


def sign_up(village: Village, code: str, names: dict[str, str]) -> dict[str, str]:
    """Everybody alone, for one heat with room for all; address -> registration."""
    story = village.story
    story.at = datetime(2026, 5, 4, 1, 0, tzinfo=UTC)
    village.visitor = Visitor.comes(village.app, story.member)
    with village.app.app_context():
        wide = replace(heat("H1"), capacity=50)
        story.programme(camp_facts(code, kind="contest", options=(wide,), organisation=REGION))
    found = {}
    for address, name in names.items():
        born = birthday()
        status, page = types(village, name, born=born, email=address)
        assert status == 303, page
        person = newest(village)
        with village.app.app_context():
            row = people.one_of(story.member, person.code, on=story.at.date())
            assert row is not None
            whole = story.application(
                Applicant(person=row.person), ranking=("H1",), programme=code, answers={}, item=wide.item
            )
            facts = programme_queries.facts(code)
            texts = kinds.of(facts).consents(facts, replace(whole, on=story.at.date()))
            whole = replace(whole, consents=tuple(text.key for text in texts))
            receipt = registrations.register(whole, key=f"{code} {address}", by=story.member, at=story.at)
            (found[address],) = receipt.registrations
    return found


def run_and_publish(village: Village, code: str) -> None:
    story = village.story
    story.at = CLOSED
    with village.app.app_context():
        allocations.request(code, seconds=10, seed=3, by=story.organiser, at=story.at)
    worker = Worker(village.app, clock=lambda: story.at)
    assert worker.do_all_due()[0] == 1
    with village.app.app_context():
        publications.publish(code, 1, by=story.organiser, at=story.later(hours=1))
    story.later(minutes=1)
    assert worker.do_all_due()[1].dead == 0


def mails_of(village: Village, address: str) -> list[bytes]:
    """What was sent to an address, as it went over the wire."""
    folder = village.app.extensions["settings"].mail_folder
    found = [path.read_bytes() for path in sorted(folder.glob("*.eml"))]
    return [octets for octets in found if f"<{address}>".encode() in octets]


def parsed(octets: bytes) -> EmailMessage:
    return message_from_bytes(octets, policy=policy.default)


def written_to(octets: bytes) -> tuple[str, str]:
    """Name and address of the To header, by the older reader: the newer keeps blanks between encoded words."""
    raw = message_from_bytes(octets, policy=policy.compat32)["To"]
    shown, address = parseaddr(raw.replace("\r\n", ""))
    return str(make_header(decode_header(shown))), address


def calendar_in(octets: bytes) -> bytes | None:
    for part in parsed(octets).walk():
        if part.get_content_type() == "text/calendar":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content
    return None


def calendars_of(village: Village, registered: dict[str, str]) -> dict[str, icalendar.Component]:
    """The feed's entries, each once: address -> entry."""
    with village.app.app_context():
        token = account_queries.account(village.story.member.account_id).feed_token
        addresses = dict(db.session.execute(select(Invite.uid, Invite.attendee_address)).all())
    octets = village.app.test_client().get(f"/calendar/{token}.ics").data
    events = icalendar.Calendar.from_ical(octets).walk("VEVENT")
    assert len({str(event["UID"]) for event in events}) == len(events)
    by_address = {addresses[str(event["UID"])]: event for event in events}
    return {address: by_address[address] for address in registered}
