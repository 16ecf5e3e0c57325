"""One process serves pages and does what is queued, and Ctrl-C ends it quickly with nothing left behind."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from eventhub.cli import demo, serve
from eventhub.domain.terms import LetterState, Role
from eventhub.extensions import db
from eventhub.i18n import use_locale
from eventhub.models.invites import Letter
from eventhub.services import signin
from eventhub.web.pages import now
from tests.conftest import SECRETS
from tests.visitors import someone

ROOT = Path(__file__).parents[2]


@pytest.fixture
def serving(app: Flask, instance: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`eventhub serve` over this test's database, and where it serves."""
    settings = app.extensions["settings"]
    environment = {
        **os.environ,
        **SECRETS,
        "EVENTHUB_INSTANCE": str(instance),
        "EVENTHUB_DATABASE_URL": settings.database_url,
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "eventhub", "serve", "--port", "0"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, line.split(" on ")[1].split()[0]
        if process.poll() is None:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_sends_and_ends_within_two_seconds(
    app: Flask, instance: Path, serving: tuple[subprocess.Popen[str], str], by: signal.Signals
):
    process, address = serving
    assert status_of(address) == 200

    someone(app, "王建国", Role.MEMBER, email="wang@example.org")
    with app.app_context():
        signin.ask("wang@example.org", network="", at=now())
        deadline = time.monotonic() + 20
        while db.session.query(Letter).one().state != LetterState.SENT:
            db.session.rollback()
            assert time.monotonic() < deadline, "the letter was not sent"
            time.sleep(0.1)
    assert len(list((instance / "mail").rglob("*.eml"))) == 1

    assert seconds_to_end(process, by) < 2 * how_busy()
    with app.app_context():
        assert [(row.leased_by, row.lease_until) for row in db.session.query(Letter)] == [(None, None)]
    with pytest.raises(ConnectionRefusedError):
        status_of(address)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port somebody else serves."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_told_in_one_sentence_before_anything_else_is_done(
    runner: FlaskCliRunner, taken: int, command: str, monkeypatch: pytest.MonkeyPatch
):
    done: list[str] = []
    monkeypatch.setattr(serve, "upgrade", lambda: done.append("upgrade"))
    monkeypatch.setattr(demo, "upgrade", lambda: done.append("upgrade"))
    language = ["--lang", "en"] if command == "demo" else []
    answer = runner.invoke(args=[command, "--port", str(taken), *language])
    assert answer.exit_code == 2
    assert answer.output.strip() == (
        f"Error: Port {taken} is in use already. End what runs there, or choose another with --port."
    )
    assert done == []


def test_a_port_that_was_taken_meanwhile_is_told_too(app: Flask, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EADDRINUSE, "Address already in use")

    monkeypatch.setattr(serve, "create_server", refuse)
    with use_locale("en"), pytest.raises(serve.NotServed, match="is in use already"):
        serve.serve_until_stopped(app, host="127.0.0.1", port=8000, worker=False)


def test_a_host_that_is_not_here_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with use_locale("en"), pytest.raises(serve.NotServed) as told:
        serve.demand_free("nowhere.example", 8000)
    assert (
        str(told.value) == "Nothing can be served on nowhere.example, port 8000: Name or service not known."
    )


def seconds_to_end(process: subprocess.Popen[str], by: signal.Signals) -> float:
    """How long the house takes to end in order once it is told to."""
    began = time.monotonic()
    process.send_signal(by)
    assert process.wait(timeout=20) == 0
    return time.monotonic() - began


def how_busy() -> float:
    """How many processes share a processor: what takes two seconds alone takes so many times that beside them."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def status_of(address: str) -> int:
    """What the sign-in page of a house at an address answers."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", "/sign-in")
        return connection.getresponse().status
    finally:
        connection.close()
