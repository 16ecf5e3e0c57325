"""Each request leaves one line, and no line lets a reader in."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import structlog
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from eventhub.domain.terms import Role
from eventhub.web import logs
from eventhub.web.access import PUBLIC, permission
from tests.visitors import link_for, someone


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_a_request_leaves_one_line(client: FlaskClient, capsys: pytest.CaptureFixture[str]):
    client.get("/sign-in?next=/my/calendar")
    (line,) = lines(capsys)
    assert (line["event"], line["method"], line["path"], line["status"]) == (
        "request",
        "GET",
        "/sign-in",
        200,
    )
    assert line["ms"] >= 0


def test_files_leave_none(client: FlaskClient, capsys: pytest.CaptureFixture[str]):
    with client.get("/static/css/base.css"):
        pass
    assert lines(capsys) == []


def test_a_sign_in_link_is_never_written_down(
    app: Flask, client: FlaskClient, capsys: pytest.CaptureFixture[str]
):
    link = link_for(app, someone(app, "马兰", Role.GUARDIAN))
    client.get(link)
    client.post(link)
    client.post(link)
    written = capsys.readouterr().err
    assert link.rpartition("/")[2] not in written
    assert written.count("/sign-in/***") == 3


def test_another_handler_of_the_host_does_not_get_it_either(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
):
    link = link_for(app, someone(app, "马兰", Role.GUARDIAN))
    with caplog.at_level(logging.INFO, logger="eventhub.request"):
        client.get(link)
    assert link.rpartition("/")[2] not in caplog.text
    assert "/sign-in/***" in caplog.text


def test_neither_is_one_inside_the_story_of_an_error(app: Flask, capsys: pytest.CaptureFixture[str]):
    pages = Blueprint("feed", __name__)

    @pages.get("/my/feed/<token>.ics")
    @permission(PUBLIC)
    def feed(token: str) -> str:
        raise RuntimeError(f"cannot read /my/feed/{token}.ics and /sign-in/{token}?next=/x")

    app.register_blueprint(pages)
    logs.init_app(app)
    app.test_client().get("/my/feed/s3cr3t-t0ken_of-somebody.ics")
    written = capsys.readouterr().err
    assert "s3cr3t" not in written
    assert "/my/feed/***" in written


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("code=123456 and more", "code=*** and more"),
        ("{'token': 'abc', 'b': 1}", "{'token': '***', 'b': 1}"),
        ("/sign-in/abc/def", "/sign-in/***/def"),
        ("/sign-in?next=/x", "/sign-in?next=/x"),
        ("status_code 200", "status_code 200"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(app: Flask, text: str, kept: str):
    assert logs.redacted(text, app) == kept


def test_lines_of_the_standard_library_are_json_too(app: Flask, capsys: pytest.CaptureFixture[str]):
    logging.getLogger("eventhub.worker").warning("letter %s waits", 7)
    structlog.get_logger("eventhub.worker").info("sent", letter=8)
    first, second = lines(capsys)
    assert (first["event"], first["level"], first["logger"]) == (
        "letter 7 waits",
        "warning",
        "eventhub.worker",
    )
    assert (second["event"], second["letter"]) == ("sent", 8)


def test_a_line_break_typed_by_somebody_makes_no_second_line(
    app: Flask, client: FlaskClient, capsys: pytest.CaptureFixture[str]
):
    client.get("/x%0a{%22event%22:%22forged%22}")
    assert [line["event"] for line in lines(capsys)] == ["request"]


def test_a_second_house_does_not_write_each_line_twice(
    app: Flask, settings: Any, client: FlaskClient, capsys: pytest.CaptureFixture[str]
):
    from eventhub.app import create_app
    from eventhub.extensions import db

    second = create_app(settings)
    with second.app_context():
        db.engine.dispose()
    client.get("/sign-in")
    assert len(lines(capsys)) == 1
