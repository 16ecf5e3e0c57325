"""One process serves pages and does what is queued, and Ctrl-C ends it quickly with nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask

from eventhub.domain.terms import LetterState, Role
from eventhub.extensions import db
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
