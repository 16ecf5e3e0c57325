"""What must not be read by others is nowhere to be found: in calendars, mails, logs, the journal, the database's file."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import logging
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from eventhub.cli.worker import Worker
from eventhub.domain.facts import PersonDraft
from eventhub.domain.identity import identity_check_digit, mask_name
from eventhub.domain.terms import RegistrationState
from eventhub.extensions import db
from eventhub.models.accounts import Participant
from eventhub.models.sealing import SealBroken
from eventhub.queries import accounts as account_queries
from eventhub.queries import programmes as programme_queries
from eventhub.services import participants, programmes
from tests.conftest import opened, settings_for
from tests.databases import SQLiteTemplate
from tests.house.paper import Button, Visitor, columns, everything_in, file_of, tables
from tests.scenario import UNIT, Scenario

PAST = "camp-2026"
CHILD, WITH_ADDRESS = "欧阳寄语", "慕容晓岚"
BORN = date(2013, 9, 14)
CHILD_PHONE, FIRST_PHONE, SECOND_PHONE = "13855511122", "13755533344", "13655566677"
FIRST_CONTACT, SECOND_CONTACT = "司马相知", "诸葛常乐"
ILLNESS = "白血病复查"
HARDSHIP = ("困难职工家庭", "Family of a worker in hardship", "hardship")
MEALS = ("清真", "halal", "Halal")
IDENTITY = "640104" + BORN.strftime("%Y%m%d") + "717"
IDENTITY += identity_check_digit(IDENTITY)
SLIPPED = IDENTITY[:-1] + ("0" if IDENTITY[-1] != "0" else "1")
"""The same number with a wrong last digit, as somebody types it first."""


@dataclass
class Traces:
    """All that a camp left behind, from the first form to the last letter."""

    app: Flask
    story: Scenario
    logs: str = ""
    calendars: list[bytes] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    """Each with its headers and every part of it decoded."""
    party: str = ""
    person: str = ""

    def rows(self, table: str) -> list[dict[str, object]]:
        names = columns(self.app)[table]
        return [dict(zip(names, row, strict=True)) for row in tables(self.app)[table]]

    def cells(self) -> Iterator[tuple[str, str, str]]:
        """Every cell of the database as text, with its table and column; what is compressed, unpacked."""
        for table, names in columns(self.app).items():
            for row in tables(self.app)[table]:
                for name, value in zip(names, row, strict=True):
                    yield table, name, _as_text(value)


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        with contextlib.suppress(zlib.error):
            value = zlib.decompress(value)
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return json.dumps(json.loads(value), ensure_ascii=False)
    return str(value)


@pytest.fixture(scope="module")
def traces(sqlite_template: SQLiteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    """A camp from sign-up to withdrawal, by its pages, with everything written down on the way."""
    folder = tmp_path_factory.mktemp("traces")
    settings = settings_for(folder / "instance", sqlite_template.copy_to(folder / "traces.sqlite"))
    said, noted = io.StringIO(), io.StringIO()
    listener = logging.StreamHandler(noted)
    logging.getLogger().addHandler(listener)
    with opened(settings) as app, contextlib.redirect_stderr(said):
        found = Traces(app, Scenario())
        app.extensions["clock"] = lambda: found.story.at
        app.config["WTF_CSRF_ENABLED"] = True
        with app.app_context():
            found.story = Scenario.begins()
        tell(found)
        found.logs = said.getvalue() + noted.getvalue()
        yield found
    logging.getLogger().removeHandler(listener)


def tell(traces: Traces) -> None:
    """The story: two children sign up, are placed, give a number, are moved, and one gives up."""
    story = traces.story
    guardian = Visitor.comes(traces.app, story.guardian)
    codes = [add_child(guardian, CHILD), add_child(guardian, WITH_ADDRESS, email="lan@example.org")]
    traces.person = codes[0]
    traces.party = sign_up(traces, guardian, codes)
    check_claims(traces)
    story.at = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
    allot_and_publish(traces, 1)
    guardian = Visitor.comes(traces.app, story.guardian)  # nobody stays signed in for a month
    identity_given(traces, guardian)
    collect_calendars(traces, guardian)
    move_the_batch(traces)
    allot_and_publish(traces, 2)
    collect_calendars(traces, guardian)
    story.later(hours=1)
    asked = guardian.opens(f"/my/registrations/{traces.party}/withdraw")
    gone = guardian.sends(asked, asked.form(asking="reason"), reason=ILLNESS)
    assert gone.path == f"/my/registrations/{traces.party}", gone.words
    work(traces)
    stumble(traces, guardian)
    collect_mails(traces)


def add_child(guardian: Visitor, name: str, email: str = "") -> str:
    page = guardian.opens("/my/people/new")
    kept = guardian.sends(
        page,
        page.form(asking="relation"),
        relation="child",
        name=name,
        birth_date=BORN.isoformat(),
        sex="male",
        organisation=UNIT,
        phone=CHILD_PHONE,
        email=email,
        claims=["hardship"],
    )
    assert kept.path.partition("?")[0] == "/my/people", kept.words
    return str(re.findall(r"/my/people/(P[\w-]+)", kept.text)[-1])


def sign_up(traces: Traces, guardian: Visitor, codes: list[str]) -> str:
    who = guardian.opens(f"/my/registrations/new/{PAST}")
    asked = guardian.sends(who, who.form(asking="participants"), participants=codes)
    answers: dict[str, str | list[str]] = {
        "contact1_name": FIRST_CONTACT,
        "contact1_phone": FIRST_PHONE,
        "contact2_name": SECOND_CONTACT,
        "contact2_phone": SECOND_PHONE,
    }
    for number in range(len(codes)):
        answers |= {f"participants-{number}-family": "hardship", f"participants-{number}-meals": "halal"}
    options = guardian.sends(asked, asked.form(asking="contact1_name"), **answers)
    assert options.path.endswith("/choices"), options.words
    for option in ("B1", "B2"):
        options = guardian.sends(options, options.form(asking="move"), press=Button("move", f"add:{option}"))
    review = guardian.sends(options, options.form(asking="move"))
    form = review.form(asking="stamp")
    ticks: dict[str, str | list[str]] = {
        name: form.choices[name][0] for name in form.names if name.startswith("consent-")
    }
    sent = guardian.sends(review, form, **ticks)
    assert sent.path.endswith("?sent=1"), sent.words
    work(traces)
    return str(sent.path.split("/")[-1].partition("?")[0])


def check_claims(traces: Traces) -> None:
    officer = Visitor.comes(traces.app, traces.story.officer)
    for _turn in range(2):
        page = officer.opens(f"/desk/programmes/{PAST}/claims")
        form = next(form for form in page.forms if "participant" in form.names)
        done = officer.sends(page, form, press=Button("verdict", "yes"))
        assert done.status == 200
    assert "participant" not in {
        name for form in officer.opens(f"/desk/programmes/{PAST}/claims").forms for name in form.names
    }


def work(traces: Traces) -> None:
    Worker(traces.app, clock=lambda: traces.story.at).do_all_due()


def allot_and_publish(traces: Traces, number: int) -> None:
    desk = Visitor.comes(traces.app, traces.story.organiser)
    bench = desk.opens(f"/desk/programmes/{PAST}/allocations")
    desk.sends(bench, bench.form(asking="seconds"), seconds="10", seed="7" if number == 1 else "")
    work(traces)
    traces.story.later(hours=1)
    page = desk.opens(f"/desk/programmes/{PAST}/publications/new?run={number}")
    typed: dict[str, str | list[str]] = {"reason": "改期"} if number > 1 else {}
    done = desk.sends(page, page.form(asking="run"), **typed)
    assert done.path == f"/desk/programmes/{PAST}/publications/{number}", done.words
    traces.story.later(minutes=1)
    work(traces)
    for path in (
        "roster",
        "roster/paper",
        "roster.xlsx",
        "slips",
        "letters",
        "journal",
        "registrations?q=欧阳",
    ):
        answer = desk.client.get(f"/desk/programmes/{PAST}/{path}")
        assert answer.status_code == 200, path
        assert CHILD not in str(answer.headers)


def identity_given(traces: Traces, guardian: Visitor) -> None:
    page = guardian.opens(f"/my/people/{traces.person}/identity")
    refused = guardian.sends(page, page.form(asking="identity_number"), identity_number=SLIPPED)
    assert refused.status == 422
    assert SLIPPED in dict(refused.form(asking="identity_number").values).values()
    kept = guardian.sends(refused, refused.form(asking="identity_number"), identity_number=IDENTITY)
    assert kept.status == 200
    assert IDENTITY not in kept.text


def collect_calendars(traces: Traces, guardian: Visitor) -> None:
    shown = guardian.opens(f"/my/registrations/{traces.party}")
    paths = [link for link in shown.links if link.endswith(".ics")]
    assert len(paths) == 2
    with traces.app.app_context():
        token = account_queries.account(traces.story.guardian.account_id).feed_token
    for path in (*paths, f"/calendar/{token}.ics"):
        traces.calendars.append(guardian.client.get(path).data)


def move_the_batch(traces: Traces) -> None:
    """The batch begins two days later, so that everybody hears of it."""
    with traces.app.app_context():
        facts = programme_queries.facts(PAST)
        for option in facts.options:
            (occasion,) = option.occasions
            later = replace(
                occasion, starts=occasion.starts + timedelta(days=2), ends=occasion.ends + timedelta(days=2)
            )
            programmes.change_option(
                PAST,
                replace(option, occasions=(later,)),
                by=traces.story.organiser,
                at=traces.story.later(minutes=5),
                reason="场地维修",
            )


def stumble(traces: Traces, guardian: Visitor) -> None:
    """Something breaks below while names and numbers are on their way down: the story of it is logged."""
    with closing(sqlite3.connect(file_of(traces.app))) as database:
        database.executescript("ALTER TABLE participant RENAME COLUMN phone TO phone_gone")
    try:
        page = guardian.opens("/my/people/new")
        form = page.form(asking="relation") if page.status == 200 else None
        assert form is not None
        broken = guardian.sends(
            page,
            form,
            relation="child",
            name="申屠无名",
            birth_date=BORN.isoformat(),
            sex="male",
            phone="13955577788",
        )
        assert broken.status == 500
        assert "申屠无名" not in broken.text
    finally:
        with closing(sqlite3.connect(file_of(traces.app))) as database:
            database.executescript("ALTER TABLE participant RENAME COLUMN phone_gone TO phone")


def collect_mails(traces: Traces) -> None:
    folder = traces.app.extensions["settings"].mail_folder
    for path in sorted(folder.glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        parts = [f"{name}: {value}" for name, value in mail.items()] + [path.name]
        for part in mail.walk():
            if part.is_multipart():
                continue
            octets = part.get_payload(decode=True)
            assert isinstance(octets, bytes)
            parts += [str(part.get_filename()), octets.decode("utf-8")]
            if part.get_content_type() == "text/calendar":
                traces.calendars.append(octets)
        traces.mails.append("\n".join(parts))


# -- The story was told ------------------------------------------------------------------------------


def test_the_story_has_left_traces_of_every_sort(traces: Traces):
    assert len(traces.mails) >= 7  # received; two invited, two moved, two withdrawn
    methods = [re.search(rb"METHOD:(\w+)", octets) for octets in traces.calendars]
    assert {found[1] for found in methods if found} == {b"REQUEST", b"CANCEL"}
    assert len([found for found in methods if found is None]) == 6
    assert len(traces.rows("journal_entry")) > 10
    assert '"event": "request"' in traces.logs
    assert '"event": "unforeseen"' in traces.logs
    assert {row["state"] for row in traces.rows("registration")} == {str(RegistrationState.WITHDRAWN)}
    assert any("欧阳" in mail for mail in traces.mails)


# -- Calendars and mails -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [
        *(CHILD, WITH_ADDRESS, CHILD_PHONE, FIRST_PHONE, SECOND_PHONE, FIRST_CONTACT, SECOND_CONTACT),
        *(IDENTITY, IDENTITY[6:14], SLIPPED, BORN.isoformat(), ILLNESS, *HARDSHIP, *MEALS),
    ],
)
def test_no_calendar_tells_it(traces: Traces, secret: str):
    for octets in traces.calendars:
        unfolded = octets.replace(b"\r\n ", b"").decode()
        assert secret not in unfolded


@pytest.mark.parametrize(
    "secret",
    [
        *(CHILD, WITH_ADDRESS, CHILD_PHONE, FIRST_PHONE, SECOND_PHONE, FIRST_CONTACT, SECOND_CONTACT),
        *(IDENTITY, IDENTITY[6:14], SLIPPED, BORN.isoformat(), *HARDSHIP, *MEALS),
    ],
)
def test_no_mail_tells_it(traces: Traces, secret: str):
    for mail in traces.mails:
        assert secret not in mail


def test_an_illness_somebody_named_is_sent_to_nobody(traces: Traces):
    assert [mail for mail in traces.mails if ILLNESS in mail] == []


# -- Logs and the journal ----------------------------------------------------------------------------

EVERYTHING = (
    *(CHILD, WITH_ADDRESS, "申屠无名", CHILD_PHONE, FIRST_PHONE, SECOND_PHONE, "13955577788"),
    *(FIRST_CONTACT, SECOND_CONTACT, IDENTITY, IDENTITY[6:14], SLIPPED, ILLNESS, *HARDSHIP, *MEALS),
    *("malan@example.org", "lan@example.org", "王建国", "马兰"),
)


@pytest.mark.parametrize("secret", EVERYTHING)
def test_no_line_of_the_log_tells_it(traces: Traces, secret: str):
    escaped = json.dumps(secret)[1:-1]
    assert secret not in traces.logs
    assert escaped not in traces.logs


def test_no_line_of_the_log_lets_anybody_in(traces: Traces):
    with traces.app.app_context():
        token = account_queries.account(traces.story.guardian.account_id).feed_token
    assert token not in traces.logs
    assert "/calendar/***" in traces.logs
    assert set(re.findall(r"/sign-in/([^\s\"'?]+)", traces.logs)) == {"***"}


def test_the_journal_knows_people_by_codes_alone(traces: Traces):
    kept = json.dumps(traces.rows("journal_entry"), ensure_ascii=False)
    for row in traces.rows("journal_entry"):
        kept += json.dumps(json.loads(str(row["details"])), ensure_ascii=False)
    for secret in {*EVERYTHING} - {"hardship"}:  # which claim was checked is what that line is for
        assert secret not in kept


# -- The database ------------------------------------------------------------------------------------


def test_a_childs_name_stands_on_its_own_record_and_nowhere_else(traces: Traces):
    found = {
        (table, column) for table, column, text in traces.cells() if CHILD in text or WITH_ADDRESS in text
    }
    assert found == {("participant", "name")}


def test_telephones_stand_where_they_were_given_and_nowhere_else(traces: Traces):
    found = {(table, column) for table, column, text in traces.cells() if CHILD_PHONE in text}
    assert found == {("participant", "phone")}
    contacts = {(table, column) for table, column, text in traces.cells() if FIRST_PHONE in text}
    assert contacts == {("party", "answers")}


def test_the_solver_was_told_numbers_and_codes_alone(traces: Traces):
    runs = traces.rows("allocation_run")
    assert len(runs) == 2
    for run in runs:
        for column in ("problem", "result", "summary", "progress"):
            told = _as_text(run[column])
            assert len(told) >= 2
            for secret in {*EVERYTHING, traces.person, traces.party, mask_name(CHILD)} - {"hardship"}:
                assert secret not in told


def forms_of(number: str) -> dict[str, bytes]:
    """A number in the ways in which it might lie about."""
    plain = number.encode()
    return {
        "plain": plain,
        "two bytes a character": number.encode("utf-16-le"),
        "backwards": plain[::-1],
        "base64": base64.b64encode(plain).rstrip(b"="),
        "hexadecimal": plain.hex().encode(),
        "sha256": hashlib.sha256(plain).hexdigest().encode(),
        "sha256, cut": hashlib.sha256(plain).hexdigest()[:32].encode(),
        "sha256, octets": hashlib.sha256(plain).digest(),
        "without its last digit": plain[:17],
        "its last six": plain[-6:],
    }


def test_no_file_holds_an_identity_number(traces: Traces):
    looked_at = 0
    for path, octets in everything_in(traces.app):
        looked_at += 1
        for number in (IDENTITY, SLIPPED):
            for form, wanted in forms_of(number).items():
                if form != "its last six" or path.suffix == ".eml":
                    assert wanted not in octets, (path.name, form)
    assert looked_at > 8


def test_two_hundred_numbers_leave_no_trace_and_are_found_again(traces: Traces):
    story = traces.story
    numbers = {}
    with traces.app.app_context():
        for place in range(200):
            seventeen = f"640104{date(1970, 1, 1) + timedelta(days=97 * place):%Y%m%d}{place:03d}"
            number = seventeen + identity_check_digit(seventeen)
            code = participants.add(
                PersonDraft(name=f"某{chr(0x4E00 + place)}"), by=story.member, at=story.at
            )
            participants.give_identity(code, number, by=story.member, at=story.at)
            numbers[code] = number
        seals = traces.app.extensions["seals"]
        sealed = {
            row.code: row.identity_sealed
            for row in db.session.scalars(select(Participant).where(Participant.code.in_(numbers)))
        }
        opened_again = {
            code: seals.open(octets, table="participant", column="identity_sealed", row=code)
            for code, octets in sealed.items()
        }
        assert opened_again == numbers
        one, another = list(sealed)[:2]
        with pytest.raises(SealBroken):
            seals.open(sealed[another], table="participant", column="identity_sealed", row=one)
        db.session.remove()
    raw = b"".join(
        octets for path, octets in everything_in(traces.app) if path.name.startswith("traces.sqlite")
    )
    assert len(raw) > 100_000
    assert [number for number in numbers.values() if number.encode() in raw] == []
    assert [number for number in numbers.values() if forms_of(number)["sha256"][:32] in raw] == []
    assert "某一".encode() in raw, "the file that was looked at is the file that was written"


def test_a_number_kept_in_clear_would_be_noticed(traces: Traces, tmp_path: Path):
    path = tmp_path / "clear.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE participant (identity TEXT)")
        database.execute("INSERT INTO participant VALUES (?)", (IDENTITY,))
        database.commit()
    assert forms_of(IDENTITY)["plain"] in path.read_bytes()


# -- Money -------------------------------------------------------------------------------------------


def test_money_is_whole_fen_everywhere(traces: Traces):
    for table, names in columns(traces.app).items():
        money = [place for place, name in enumerate(names) if name.endswith("_fen")]
        for row in tables(traces.app)[table]:
            assert all(isinstance(row[place], int) for place in money), table
    with traces.app.app_context():
        facts = programme_queries.facts(PAST)
    assert [source.amount_fen for source in facts.sources] == [100_000_00]
    assert all(isinstance(option.head_cost_fen, int) for option in facts.options)


def test_the_desk_says_money_in_yuan_and_counts_what_was_placed(traces: Traces):
    desk = Visitor.comes(traces.app, traces.story.organiser)
    shown = desk.opens(f"/desk/programmes/{PAST}/allocations/1")
    assert "4,600元 100,000元 95,400元" in shown.words  # two children at 2,300 yuan
    assert "4,600" in desk.reading("en").opens(f"/desk/programmes/{PAST}/allocations/1").words
