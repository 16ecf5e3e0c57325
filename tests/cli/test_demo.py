"""The demo command at its door: whose data it takes for its own, and whose it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, select

from eventhub.cli import demo, serve
from eventhub.config import Settings, demonstration_mark
from eventhub.demo import story, table
from eventhub.demo.setting import ToldBadly
from eventhub.domain.facts import HOUSE
from eventhub.domain.terms import OrganisationKind, Role
from eventhub.extensions import db
from eventhub.i18n import Bilingual, use_locale
from eventhub.models.organisations import Organisation
from eventhub.services import accounts, organisations
from eventhub.services.organisations import OrganisationDraft
from tests.conftest import settings_for

AT = datetime(2026, 11, 23, 1, tzinfo=UTC)


def plant_one() -> None:
    organisations.plant(
        [OrganisationDraft("NX", OrganisationKind.REGION, Bilingual("自治区总工会"))], by=HOUSE, at=AT
    )


@pytest.fixture
def short_story(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A story of one unit and one organiser, told in no time; gives back what it was asked for."""
    asked: list[dict[str, Any]] = []

    def tell(_app: Flask, **how: Any) -> story.Told:
        asked.append(how)
        plant_one()
        code = accounts.create("夏宁", "xia@example.org", "", Role.ORGANISER, "NX", by=HOUSE, at=AT)
        return story.Told((), (), {Role.ORGANISER: code}, {})

    monkeypatch.setattr(story, "tell", tell)
    monkeypatch.setattr(table, "rows", lambda _codes: ())
    monkeypatch.setattr(table, "said", lambda _rows: "the table")
    return asked


def test_somebodys_data_are_never_taken_for_a_demonstration(
    app: Flask, runner: FlaskCliRunner, short_story: list[dict[str, Any]]
):
    with app.app_context():
        plant_one()
    for arguments in (["demo", "--no-serve"], ["demo", "--no-serve", "--fresh"]):
        result = runner.invoke(args=arguments)
        assert result.exit_code != 0
        assert "EVENTHUB_INSTANCE" in result.output
    assert short_story == []
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Organisation)) == 1


def test_a_demonstration_is_made_anew_only_when_asked(
    app: Flask, runner: FlaskCliRunner, short_story: list[dict[str, Any]]
):
    assert runner.invoke(args=["demo", "--no-serve"]).exit_code == 0
    again = runner.invoke(args=["demo", "--no-serve", "--lang", "en"])
    assert again.exit_code == 0, again.output
    assert "shown again" in again.output
    assert "--fresh" in again.output
    assert len(short_story) == 1
    other = runner.invoke(args=["demo", "--no-serve", "--lang", "en", "--seed", "5"])
    assert other.exit_code == 1
    assert "--fresh" in other.output
    assert len(short_story) == 1
    letter = app.extensions["settings"].mail_folder / "0000001-received.eml"
    letter.parent.mkdir(parents=True, exist_ok=True)
    letter.write_text("of the first demonstration")
    fresh = runner.invoke(args=["demo", "--no-serve", "--fresh"])
    assert fresh.exit_code == 0, fresh.output
    assert len(short_story) == 2
    assert not letter.exists()
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Organisation)) == 1


def test_a_demonstration_that_stands_is_served_again_with_new_links(
    app: Flask, runner: FlaskCliRunner, short_story: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    assert runner.invoke(args=["demo", "--no-serve"]).exit_code == 0
    served: list[dict[str, Any]] = []
    monkeypatch.setattr(demo, "serve_until_stopped", lambda _app, **where: served.append(where))
    again = runner.invoke(args=["demo", "--port", "8124"])
    assert again.exit_code == 0, again.output
    assert again.output.count("http://127.0.0.1:8124/sign-in/") == 1
    assert served == [{"host": "127.0.0.1", "port": 8124}]
    assert len(short_story) == 1
    assert app.extensions["settings"].demo_numbers


def test_a_demonstration_that_was_broken_off_is_told_anew(
    runner: FlaskCliRunner, short_story: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    tell = story.tell

    def breaks_off(app: Flask, **how: Any) -> story.Told:
        tell(app, **how)
        raise ToldBadly("broken off")

    with monkeypatch.context() as broken:
        broken.setattr(story, "tell", breaks_off)
        assert runner.invoke(args=["demo", "--no-serve"]).exit_code == 1
    again = runner.invoke(args=["demo", "--no-serve"])
    assert again.exit_code == 0, again.output
    assert len(short_story) == 2
    assert "the table" in again.output


@pytest.mark.parametrize(("language", "told"), [("zh", "已在"), ("en", "EventHub serves on")])
def test_the_terminal_speaks_one_language(
    app: Flask, monkeypatch: pytest.MonkeyPatch, language: str, told: str
):
    said: list[str] = []

    def create_server(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    class Server:
        effective_port = 8000
        map: dict[int, Any] = {}  # noqa: RUF012 - as waitress has it
        task_dispatcher = SimpleNamespace(shutdown=lambda **_: None)
        asyncore = SimpleNamespace(loop=create_server, close_all=lambda _map: None)

    monkeypatch.setattr(serve, "create_server", lambda *_, **__: Server())
    with use_locale(language):
        serve.serve_until_stopped(app, host="127.0.0.1", port=8000, worker=False, say=said.append)
    assert told in said[0]
    assert "http://127.0.0.1:8000" in said[0]
    assert len(said) == 2
    assert ("Ending" in said[1]) == (language == "en")


def test_a_production_house_tells_no_stories(
    app: Flask, runner: FlaskCliRunner, short_story: list[dict[str, Any]]
):
    app.extensions["settings"] = replace(app.extensions["settings"], production=True)
    result = runner.invoke(args=["demo", "--no-serve", "--lang", "en"])
    assert result.exit_code != 0
    assert "production" in result.output
    assert short_story == []


def test_the_story_is_told_as_asked_and_numbers_of_nobody_count_in_it(
    app: Flask, runner: FlaskCliRunner, short_story: list[dict[str, Any]], tmp_path: Path
):
    told = tmp_path / "told.json"
    result = runner.invoke(
        args=[
            *("demo", "--no-serve", "--scale", "0.5", "--seed", "3", "--today", "2030-01-02"),
            *("--json", str(told)),
        ]
    )
    assert result.exit_code == 0, result.output
    (asked,) = short_story
    assert (asked["scale"], asked["seed"], asked["today"]) == (0.5, 3, date(2030, 1, 2))
    assert app.extensions["settings"].demo_numbers
    assert '"programmes": []' in told.read_text(encoding="utf-8")


def test_whoever_opens_the_instance_of_a_demonstration_takes_its_numbers(
    app: Flask, runner: FlaskCliRunner, short_story: list[dict[str, Any]]
):
    settings = app.extensions["settings"]

    def reopened(**environ: str) -> Settings:
        return settings_for(settings.instance, settings.database_url, **environ)

    assert not reopened().demo_numbers
    assert runner.invoke(args=["demo", "--no-serve"]).exit_code == 0
    assert len(short_story) == 1
    assert reopened().demo_numbers
    assert not reopened(EVENTHUB_DEMO_NUMBERS="0").demo_numbers


def test_a_production_house_never_takes_the_numbers_of_a_demonstration(tmp_path: Path):
    demonstration_mark(tmp_path).write_text("told here once")
    real = {
        "EVENTHUB_PRODUCTION": "1",
        "EVENTHUB_MAIL_OFF": "1",
        "EVENTHUB_ORGANIZER_ADDRESS": "a@example.org",
        "EVENTHUB_BASE_URL": "https://events.example.org",
        "EVENTHUB_CHILDREN_OFFICER": "杨老师 12900000001",
    }
    assert not settings_for(tmp_path, "sqlite:///x.sqlite", **real).demo_numbers


@pytest.mark.parametrize(
    "arguments", [["--scale", "0"], ["--scale", "2"], ["--seed", "-1"], ["--today", "soon"]]
)
def test_nonsense_is_refused_before_anything_is_touched(
    runner: FlaskCliRunner, short_story: list[dict[str, Any]], arguments: list[str]
):
    result = runner.invoke(args=["demo", "--no-serve", *arguments])
    assert result.exit_code == 2
    assert short_story == []


@pytest.mark.parametrize("scale", ["0.019", "1.01", "nan"])
def test_a_scale_without_a_season_is_refused_with_the_least_and_the_reason(
    runner: FlaskCliRunner, short_story: list[dict[str, Any]], scale: str
):
    result = runner.invoke(args=["demo", "--no-serve", "--scale", scale])
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert f"{scale} is not between 0.02 and 1" in said or f"{scale}不在0.02与1之间" in said
    assert "smallest size" in said or "最小规模" in said
    assert short_story == []


def test_what_goes_wrong_in_the_story_is_said_in_a_sentence(
    runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: Any, **__: Any) -> story.Told:
        raise ToldBadly("the run ended as infeasible.")

    monkeypatch.setattr(story, "tell", fail)
    result = runner.invoke(args=["demo", "--no-serve"])
    assert result.exit_code == 1
    assert "infeasible" in result.output
    assert "Traceback" not in result.output


def test_links_for_each_role_are_printed_and_the_pages_served(
    runner: FlaskCliRunner, short_story: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    served: list[dict[str, Any]] = []
    monkeypatch.setattr(demo, "serve_until_stopped", lambda _app, **where: served.append(where))
    result = runner.invoke(args=["demo", "--port", "8123"])
    assert result.exit_code == 0, result.output
    assert short_story
    assert result.output.count("http://127.0.0.1:8123/sign-in/") == 1
    assert served == [{"host": "127.0.0.1", "port": 8123}]
