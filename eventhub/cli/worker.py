"""eventhub worker: run what is queued, send what is due, erase what is no longer needed.

Two threads, one for solves and one for letters, each doing all that is due and then sleeping until it is woken or a
second has passed. A wake-up only saves that second. The same threads run inside ``eventhub serve``.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from eventhub.config import Settings
from eventhub.delivery import wakeups
from eventhub.extensions import db
from eventhub.services import jobs, outbox, retention, runs, solving

SWEEP = 1.0
"""Seconds between two looks at what is due."""
FAREWELL = 1.5
"""Seconds that threads may take to end."""
LETTERS_AT_ONCE = 100
ERASE_EVERY = timedelta(hours=1)
"""How often it is looked for answers whose time is over."""

_log = logging.getLogger(__name__)


class Stoppable(Protocol):
    """Something that works in the background until it is stopped."""

    def stop(self) -> None:
        """End within two seconds, leaving no lease behind. May be called twice."""


def now() -> datetime:
    """The clock: asked here and handed down."""
    return datetime.now(UTC)


def start_in_process(app: Flask, *, clock: Callable[[], datetime] = now) -> Stoppable:
    """Work in threads of this process. Signals are left to whoever runs it, who calls ``stop``."""
    worker = Worker(app, clock=clock)
    worker.start()
    return worker


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due now and end.")
@with_appcontext
def command(*, once: bool) -> None:
    """Run allocations that are queued and send letters that are due, until stopped."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    worker = Worker(app)
    if once:
        runs, delivered = worker.do_all_due()
        click.echo(
            f"{runs} runs, {delivered.sent} letters sent, {delivered.later} later, {delivered.dead} dead"
        )
        return
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    worker.start()
    click.echo(f"worker {worker.name} is at work")
    stopping.wait()
    worker.stop()


class Worker:
    """One worker: its name on the leases, its two threads, and the flag that ends them."""

    def __init__(self, app: Flask, *, clock: Callable[[], datetime] = now) -> None:
        self.name = _name()
        self._app, self._clock = app, clock
        self._settings: Settings = app.extensions["settings"]
        self._ending = threading.Event()
        self._woken = {wakeups.RUN: threading.Event(), wakeups.LETTERS: threading.Event()}
        self._threads = [
            threading.Thread(target=self._work, args=(topic, work), name=f"{self.name}-{topic}", daemon=True)
            for topic, work in ((wakeups.RUN, self._run_due), (wakeups.LETTERS, self._write_and_erase))
        ]
        self._mailer = outbox.mailer_of(self._settings)
        self._erased_at: datetime | None = None
        self._listening: wakeups.Listening | None = None

    def start(self) -> None:
        """Begin to work, first with what dead workers of this machine left behind."""
        with self._app.app_context():
            self._forsake_dead()
        for thread in self._threads:
            thread.start()
        self._listening = wakeups.listen(self._settings, self._hear)

    def stop(self) -> None:
        """End: a solve is broken off and given back, a letter being handed over is the last one."""
        if self._ending.is_set():
            return
        self._ending.set()
        for event in self._woken.values():
            event.set()
        if self._listening is not None:
            self._listening.stop()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=FAREWELL / len(self._threads))
        with self._app.app_context(), suppress(SQLAlchemyError):
            jobs.release(worker=self.name)
        close = getattr(self._mailer, "close", None)
        if close is not None and not any(thread.is_alive() for thread in self._threads):
            close()

    def do_all_due(self) -> tuple[int, outbox.Delivered]:
        """Do in this thread whatever is due now; how many runs, and what became of letters."""
        with self._app.app_context():
            self._forsake_dead()
            try:
                self._erase_due()
                return self._run_due(), self._deliver_due()
            finally:
                jobs.release(worker=self.name)

    def _work(self, topic: str, work: Callable[[], Any]) -> None:
        woken = self._woken[topic]
        while not self._ending.is_set():
            woken.clear()
            try:
                with self._app.app_context():
                    work()
            except Exception:  # noqa: BLE001
                # The database may be away for a while; a worker that ended with it would have to be woken by hand.
                _log.exception("worker %s: %s", self.name, topic)
            if not self._ending.is_set():
                woken.wait(timeout=SWEEP)

    def _run_due(self) -> int:
        done = 0
        for run_id in jobs.runs_due(self._clock()):
            if self._ending.is_set():
                break
            ended = runs.execute(run_id, worker=self.name, clock=self._clock, quitting=self._ending.is_set)
            done += ended is not None
            db.session.remove()
        return done

    def _write_and_erase(self) -> None:
        self._erase_due()
        self._deliver_due()

    def _erase_due(self) -> None:
        """Erase answers whose time is over, once in a while."""
        at = self._clock()
        if self._erased_at is not None and at < self._erased_at + ERASE_EVERY:
            return
        self._erased_at = at
        retention.erase_due(at=at)
        db.session.remove()

    def _deliver_due(self) -> outbox.Delivered:
        total = outbox.Delivered()
        while not self._ending.is_set() and not self._settings.mail_off:
            if not jobs.letters_due(self._clock()):
                break
            delivered = outbox.deliver_due(
                self._mailer,
                limit=LETTERS_AT_ONCE,
                worker=self.name,
                clock=self._clock,
                quitting=self._ending.is_set,
            )
            total += delivered
            db.session.remove()
            if delivered.held or not (delivered.sent or delivered.dead):
                break
        return total

    def _hear(self, topic: str, _row: int) -> None:
        event = self._woken.get(topic)
        if event is not None:
            event.set()

    def _forsake_dead(self) -> None:
        jobs.forsake_dead(alive=_lives, at=self._clock())


def _name() -> str:
    """Host, process and its beginning, so that a successor on this machine can tell that it is dead; and a draw."""
    pid = os.getpid()
    return f"{_host()}/{pid}/{solving.began(pid)[-12:]}/{uuid4().hex[:6]}"


def _host() -> str:
    return socket.gethostname().replace("/", "-")[:24]


def _lives(name: str) -> bool | None:
    """Whether a worker of this machine lives; None for another machine's, which only its silence tells of."""
    host, _, rest = name.partition("/")
    pid, _, rest = rest.partition("/")
    started, _, _draw = rest.partition("/")
    if host != _host() or not pid.isdigit() or not started:
        return None
    return solving.began(int(pid))[-12:] == started


commands = (command,)
