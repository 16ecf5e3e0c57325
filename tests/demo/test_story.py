"""The whole demonstration, told twice at a small scale: by the services here, by the command on another day there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from eventhub.demo import story, table
from eventhub.demo.telling import Telling
from eventhub.domain.phases import ZONE, phase_of
from eventhub.domain.problems import Refused
from eventhub.domain.terms import LetterState, Method, Phase, RegistrationState, Role, RunState
from eventhub.extensions import db
from eventhub.i18n import use_locale
from eventhub.models.allocations import AllocationRun, Allotment, Pin
from eventhub.models.invites import Invite, Letter
from eventhub.models.journal import JournalEntry
from eventhub.models.publications import Publication
from eventhub.models.registrations import Consent, Party, Registration
from eventhub.queries import overview
from eventhub.queries import programmes as programme_queries
from eventhub.services import registrations, rosters
from tests.conftest import SECRETS, opened, settings_for
from tests.databases import SQLiteTemplate

TODAY = date(2026, 11, 23)
ANOTHER_DAY = date(2029, 6, 4)
SCALE = 0.02
SEED = 2024

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def house(sqlite_template: SQLiteTemplate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("story")
    url = sqlite_template.copy_to(folder / "story.sqlite")
    with opened(settings_for(folder, url, EVENTHUB_DEMO_NUMBERS="1")) as app, app.app_context():
        yield app


@pytest.fixture(scope="module")
def told(house: Flask) -> story.Told:
    lines: list[str] = []
    return story.tell(house, scale=SCALE, seed=SEED, today=TODAY, seconds=120, telling=Telling(lines.append))


@pytest.fixture(scope="module")
def rows(told: story.Told) -> dict[str, table.Row]:
    return {row.kind: row for row in table.rows(told.programmes)}


@pytest.fixture(scope="module")
def told_by_command(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same seed and scale on another day, in a process that hashes otherwise."""
    folder = tmp_path_factory.mktemp("command")
    told = folder / "told.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "eventhub", "demo", "--no-serve"),
            *("--scale", str(SCALE), "--seed", str(SEED), "--today", ANOTHER_DAY.isoformat()),
            *("--json", str(told)),
        ],
        env={
            **os.environ,
            **SECRETS,
            "EVENTHUB_INSTANCE": str(folder / "instance"),
            "PYTHONHASHSEED": "4711",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return data | {"said": done.stdout}


def notes(row: table.Row) -> dict[str, list[table.Note]]:
    found: dict[str, list[table.Note]] = {}
    for note in row.notes:
        found.setdefault(note.sort, []).append(note)
    return found


# -- What came of it ---------------------------------------------------------------------------------


def test_every_programme_is_placed_proved_and_published_twice(rows: dict[str, table.Row]):
    assert len(rows) == 3
    for row in rows.values():
        assert 0 < row.placed < row.applied
        assert row.first_choice <= row.placed
        assert row.status is RunState.OPTIMAL
        assert row.gap == 0
        assert row.publications == 2
        assert row.money_used <= row.money_granted
        assert row.placed == row.invites + row.no_address


def test_results_depend_on_seed_and_scale_alone(rows: dict[str, table.Row], told_by_command: dict[str, Any]):
    there = {each["kind"]: each for each in told_by_command["programmes"]}
    for here in table.as_data(list(rows.values()))["programmes"]:
        other = dict(there[here["kind"]])
        for dated in ("code", "title"):
            here.pop(dated)
            other.pop(dated)
        for each in (here, other):
            for note in each["notes"]:
                note.pop("registrations", None)
        assert here == other


def test_the_command_says_the_table_in_chinese_and_gives_a_program_the_same(
    told_by_command: dict[str, Any],
):
    assert "夏令营" in told_by_command["said"]
    assert "无邮箱" in told_by_command["said"]
    assert set(told_by_command["programmes"][0]) >= {
        *("code", "kind", "applied", "placed", "first_choice", "status", "gap"),
        *("money_used", "money_granted", "letters", "invites", "no_address"),
    }


# -- Where it is tight -------------------------------------------------------------------------------


def test_a_fund_binds(rows: dict[str, table.Row]):
    (fund, *_more) = notes(rows["retreat"])["fund"]
    assert fund.numbers["granted"] - fund.numbers["used"] < 50_000
    assert fund.numbers["parties"] > 0


def test_a_departure_one_short_of_its_minimum_does_not_run(rows: dict[str, table.Row]):
    found = notes(rows["retreat"])["not_running"]
    assert any(note.numbers["heads"] == note.numbers["minimum"] - 1 for note in found)
    assert rows["retreat"].running < rows["retreat"].options


def test_a_ceiling_and_a_floor_bind(rows: dict[str, table.Row]):
    ceilings = {note.numbers["organisation"]: note for note in notes(rows["retreat"])["ceiling"]}
    assert ceilings["640200"].numbers["left_out"] > 0
    (floor,) = notes(rows["retreat"])["floor"]
    assert floor.numbers["organisation"] == "organ"
    assert floor.numbers["left_out"] > 0


def test_a_party_is_refused_whole_though_single_places_are_left(rows: dict[str, table.Row], told: story.Told):
    (note,) = notes(rows["retreat"])["refused_whole"]
    assert 0 < note.numbers["left"] < note.numbers["size"]
    retreat = rows["retreat"].code
    reasons = db.session.scalars(
        select(Allotment.reason)
        .join(Registration, Registration.id == Allotment.registration_id)
        .join(Party, Party.id == Registration.party_id)
        .where(Party.code == told.followed[retreat]["refused_whole"])
    ).all()
    assert len(reasons) == 4
    assert {(why["code"], why["left"]) for reason in reasons for why in reason["why"] if "left" in why} == {
        ("too-large", 2)
    }


@pytest.mark.parametrize("kind", ["camp", "contest", "retreat"])
def test_somebody_placed_has_no_address_and_a_slip_waits(kind: str, rows: dict[str, table.Row]):
    (note,) = notes(rows[kind])["no_address"]
    assert note.numbers["people"] == rows[kind].no_address > 0
    for code in note.numbers["registrations"]:
        letters = db.session.scalars(
            select(Letter)
            .join(Registration, Registration.id == Letter.registration_id)
            .where(Registration.code == code, Letter.name == "allotted")
        ).all()
        assert [letter.state for letter in letters] == [LetterState.PRINT]


def test_who_gave_a_place_up_after_the_result_is_told_and_the_desk_counts_the_rest(
    rows: dict[str, table.Row],
):
    desk = overview.numbers([row.code for row in rows.values()])
    for kind in ("camp", "contest", "retreat"):
        (note,) = notes(rows[kind])["given_up"]
        assert note.numbers["people"] > 0
        assert rows[kind].placed - note.numbers["people"] == note.numbers["left"]
        assert desk[rows[kind].code].placed == note.numbers["left"]
        (paper,) = notes(rows[kind])["no_address"]
        assert desk[rows[kind].code].slips == paper.numbers["slips"] >= paper.numbers["people"]
        with use_locale("zh"):
            assert all(code in str(note.said) for code in note.numbers["registrations"])


def test_each_tight_place_is_told_in_both_languages(rows: dict[str, table.Row]):
    for locale in ("zh", "en"):
        with use_locale(locale):
            said = table.said(list(rows.values()))
        sentences = [line for line in said.splitlines() if line.startswith("  ")]
        assert len(sentences) == sum(len(row.notes) for row in rows.values())
    with use_locale("zh"):
        assert "%(" not in table.said(list(rows.values()))


# -- The second act ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["camp", "contest", "retreat"])
def test_a_seat_is_invited_moved_and_withdrawn(kind: str, rows: dict[str, table.Row], told: story.Told):
    (invite,) = db.session.scalars(
        select(Invite)
        .join(Registration, Registration.id == Invite.registration_id)
        .join(Party, Party.id == Registration.party_id)
        .where(Party.code == told.followed[rows[kind].code]["moved"])
    ).all()
    letters = db.session.scalars(
        select(Letter).where(Letter.invite_id == invite.id).order_by(Letter.id)
    ).all()
    assert [(letter.name, letter.method, letter.sequence) for letter in letters] == [
        ("allotted", Method.REQUEST, 0),
        ("moved", Method.REQUEST, 1),
        ("withdrawn", Method.CANCEL, 2),
    ]
    assert [letter.state for letter in letters] == [LetterState.SENT] * 3
    assert all(invite.uid.encode() in (letter.calendar or b"") for letter in letters)
    assert invite.ended_at is not None


def test_the_camp_was_run_again_for_a_place_fixed_by_hand(rows: dict[str, table.Row], told: story.Told):
    pins = db.session.scalars(select(Pin)).all()
    assert all(pin.reason for pin in pins)
    fixed = {pin.party.programme.kind: pin.party.code for pin in pins}
    assert fixed["camp"] == told.followed[rows["camp"].code]["moved"]
    runs = Counter(run.programme.kind for run in db.session.scalars(select(AllocationRun)))
    assert runs == {kind: 2 if kind in fixed else 1 for kind in rows}
    publications = db.session.scalars(select(Publication).order_by(Publication.id)).all()
    assert all(publication.reason for publication in publications)


def test_who_withdrew_has_no_place_any_more(rows: dict[str, table.Row], told: story.Told):
    for row in rows.values():
        for what in ("moved", "withdrawn"):
            states = db.session.scalars(
                select(Registration.state)
                .join(Party, Party.id == Registration.party_id)
                .where(Party.code == told.followed[row.code][what])
            ).all()
            assert set(states) == {RegistrationState.WITHDRAWN}


# -- How it was told ---------------------------------------------------------------------------------


def test_members_and_guardians_sign_up_singly_and_units_by_their_lists(rows: dict[str, table.Row]):
    channels = db.session.execute(select(Consent.channel, Party.account_id).join(Party)).all()
    by = {channel: {account for each, account in channels if each == channel} for channel, _ in channels}
    assert set(by) == {"web", "roster"}
    assert not by["web"] & by["roster"]
    assert None not in by["web"] | by["roster"], "everybody signs up with an account of their own"
    rosters = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "roster registered")).all()
    assert len(rosters) == len(by["roster"]) or len(rosters) > 108
    assert sum(row.parties for row in rows.values()) == db.session.query(Party).count()


def test_time_is_told_and_nothing_lies_after_today(told: story.Told):
    ends = datetime.combine(TODAY, datetime.max.time(), ZONE).astimezone(UTC)
    for model, column in (
        (Letter, Letter.created_at),
        (JournalEntry, JournalEntry.at),
        (Party, Party.created_at),
    ):
        moments = db.session.scalars(select(column)).all()
        assert moments, model
        assert all(datetime(2026, 10, 1, tzinfo=UTC) < moment <= ends for moment in moments), model


def test_a_visitor_today_finds_results_and_something_to_sign_up_for(told: story.Told):
    now = datetime.combine(TODAY, datetime.min.time(), ZONE).replace(hour=12).astimezone(UTC)
    for code in told.programmes:
        assert phase_of(programme_queries.facts(code), now) is Phase.PUBLISHED
    assert len(told.open_programmes) == 3
    for code in told.open_programmes:
        programme = programme_queries.facts(code)
        assert phase_of(programme, now) is Phase.OPEN
        assert programme.first_day is not None
        assert programme.first_day > TODAY
    assert set(told.accounts) == set(Role)


def test_nothing_is_left_to_send_and_nothing_failed(told: story.Told, house: Flask):
    del told
    states = set(db.session.scalars(select(Letter.state).distinct()))
    assert states == {LetterState.SENT, LetterState.PRINT}
    sent = db.session.query(Letter).where(Letter.state == LetterState.SENT).count()
    folder: Path = house.extensions["settings"].mail_folder
    assert len(list(folder.glob("*.eml"))) == sent


@pytest.mark.parametrize(("room", "door"), [(registrations, "register"), (rosters, "register_all")])
def test_nobody_signs_up_past_the_services(
    room: ModuleType,
    door: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sqlite_template: SQLiteTemplate,
):
    """Where a service refuses everybody the story ends: there is no other way in."""

    def refuse_all(*_: Any, **__: Any) -> Any:
        raise Refused

    url = sqlite_template.copy_to(tmp_path / "refused.sqlite")
    with opened(settings_for(tmp_path, url, EVENTHUB_DEMO_NUMBERS="1")) as app, app.app_context():
        monkeypatch.setattr(room, door, refuse_all)
        with pytest.raises(Refused):
            story.tell(
                app, scale=SCALE, seed=SEED, today=TODAY, seconds=60, telling=Telling(lambda _said: None)
            )


def test_no_letter_is_sent_before_it_was_written(told: story.Told):
    assert told.programmes
    assert db.session.scalars(select(Letter.name).where(Letter.sent_at < Letter.created_at)).all() == []
