"""The doctor says what is misconfigured, unsafe or left undone, and only what must be mended ends badly."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from eventhub import kinds
from eventhub.cli import doctor
from eventhub.domain.terms import LetterState, Role
from eventhub.extensions import transaction
from eventhub.models.invites import Letter
from eventhub.queries import health
from eventhub.services import signin
from tests.conftest import opened, settings_for
from tests.visitors import someone

AT = datetime(2026, 5, 4, 1, 0, tzinfo=UTC)


def said(app: Flask, at: datetime = AT) -> dict[str, str]:
    """What is found, by its sentence."""
    with app.app_context():
        return {each.sentence: each.weight for each in doctor.examine(app.extensions["settings"], at=at)}


def test_a_house_in_order_ends_well(runner: FlaskCliRunner):
    told = runner.invoke(args=["doctor"])
    assert told.exit_code == 0, told.output
    assert f"Kinds: {', '.join(kinds.every())}." in told.output
    assert "The schema is the newest" in told.output


def test_a_database_that_no_migration_has_seen_ends_badly(instance: Path, tmp_path: Path):
    settings = settings_for(instance, f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with opened(settings) as app:
        told = app.test_cli_runner().invoke(args=["doctor"])
    assert told.exit_code == 1
    assert "run eventhub db upgrade" in told.output


@pytest.mark.parametrize(("version", "warned"), [((3, 51, 2), True), ((3, 51, 3), False)])
def test_an_old_sqlite_is_warned_of(
    app: Flask, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], *, warned: bool
):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    with app.app_context():
        assert bool(health.weaknesses()) is warned


@pytest.mark.postgresql
def test_a_postgresql_that_forgets_is_warned_of(instance: Path, postgresql_url: str):
    """The server of the tests keeps nothing on purpose, so all three are found."""
    with opened(settings_for(instance, postgresql_url)) as app:
        found = said(app)
    for name in health.DURABLE:
        assert any(sentence.startswith(f"PostgreSQL has {name} = off") for sentence in found), name


def test_letters_and_leases_are_counted(app: Flask):
    member = someone(app, "王建国", Role.MEMBER, email="wang@example.org")
    with app.app_context():
        for _turn in range(3):
            signin.ask("wang@example.org", network="", at=AT)
        with transaction() as session:
            first, second = session.query(Letter).order_by(Letter.id).limit(2)
            first.state = LetterState.DEAD
            second.lease_until = AT - timedelta(seconds=1)
    found = said(app)
    assert member.account_id
    assert found["Letters waiting to be sent: 2."] == doctor.GOOD
    assert found["Letters that could not be sent: 1. See the desk's letters."] == doctor.CARE
    assert found["Leases a worker left behind: 1. A running worker takes them up again."] == doctor.CARE


def test_a_database_that_is_away_is_said_in_a_sentence(instance: Path, tmp_path: Path):
    folder = tmp_path / "gone"
    settings = settings_for(instance, f"postgresql://nobody@/none?host={folder}")
    from eventhub.app import create_app

    found = said(create_app(settings))
    (bad,) = [sentence for sentence, weight in found.items() if weight == doctor.BAD]
    assert bad.startswith("The database does not answer as it should")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, "mails are written as files"),
        ({"EVENTHUB_MAIL_OFF": "1"}, "Mail is off"),
        ({"EVENTHUB_SMTP_HOST": "mail.example.org"}, "Mail goes out through mail.example.org:587."),
    ],
)
def test_the_way_of_the_mail_is_said(instance: Path, database_url: str, more: dict[str, str], sentence: str):
    with opened(settings_for(instance, database_url, **more)) as app:
        assert any(sentence in each for each in said(app))
