"""The worker: does all that is due, wakes at once, works by sweeping alone, and ends quickly leaving no lease."""

from __future__ import annotations

import signal
import threading
import time
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import func, or_, select, update

from eventhub.cli import worker as commands
from eventhub.delivery import wakeups
from eventhub.domain.terms import LetterState, RunState
from eventhub.extensions import db, transaction
from eventhub.models.allocations import AllocationRun
from eventhub.models.invites import Letter
from eventhub.queries import allocations as queries
from eventhub.services import allocations, jobs, solving
from tests.allotting import close, run_row, sign_up
from tests.scenario import Scenario


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def until(true, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def leases() -> int:
    db.session.rollback()
    runs = db.session.scalar(
        select(func.count())
        .select_from(AllocationRun)
        .where(or_(AllocationRun.lease_until.is_not(None), AllocationRun.state == RunState.RUNNING))
    )
    letters = db.session.scalar(
        select(func.count()).select_from(Letter).where(Letter.lease_until.is_not(None))
    )
    return (runs or 0) + (letters or 0)


def sent() -> int:
    db.session.rollback()
    return (
        db.session.scalar(select(func.count()).select_from(Letter).where(Letter.state == LetterState.SENT))
        or 0
    )


@pytest.mark.database
def test_in_one_process_runs_are_solved_letters_are_sent_and_nothing_is_left_behind(
    story: Scenario, app: Flask
) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    sign_up(story, 3)
    close(story)
    worker = commands.start_in_process(app, clock=lambda: story.at)
    try:
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
        number = allocations.request(story.camp, seconds=10, seed=1, by=story.organiser, at=story.at)
        until(lambda: run_row(story, number).state is RunState.OPTIMAL)
        until(lambda: sent() == 3)
    finally:
        began = time.monotonic()
        worker.stop()
    assert time.monotonic() - began < 2
    assert leases() == 0
    assert len(list(app.extensions["settings"].mail_folder.glob("*.eml"))) == 3
    assert not [thread for thread in threading.enumerate() if thread.name.endswith(("-run", "-letters"))]


@pytest.mark.database
def test_a_stop_in_the_middle_of_a_solve_gives_the_run_back_within_two_seconds(
    story: Scenario, app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    slow = tmp_path / "slow" / "solvers"
    slow.mkdir(parents=True)
    (slow / "__init__.py").write_text("")
    (slow / "__main__.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(solving, "ROOT", slow.parent)
    sign_up(story, 1)
    close(story)
    number = allocations.request(story.camp, seconds=60, seed=1, by=story.organiser, at=story.at)
    worker = commands.start_in_process(app, clock=lambda: story.at)
    until(lambda: run_row(story, number).state is RunState.RUNNING)
    until(lambda: bool(list(app.extensions["settings"].runs_folder.glob("*/*/child.json"))))
    began = time.monotonic()
    worker.stop()
    worker.stop()
    assert time.monotonic() - began < 2
    run = run_row(story, number)
    assert (run.state, run.tries, run.lease_until) == (RunState.QUEUED, 0, None)
    assert leases() == 0


@pytest.mark.parametrize("broken", ["listen", "wake"])
def test_without_wake_ups_the_sweep_alone_does_everything(
    story: Scenario, app: Flask, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("the queue is gone")

    monkeypatch.setattr(wakeups, "_queue", refuse)
    assert broken
    sign_up(story, 1)
    close(story)
    worker = commands.start_in_process(app, clock=lambda: story.at)
    try:
        number = allocations.request(story.camp, seconds=10, seed=1, by=story.organiser, at=story.at)
        until(lambda: run_row(story, number).state is RunState.OPTIMAL)
    finally:
        worker.stop()


@pytest.mark.database
def test_a_wake_up_is_heard_and_carries_a_topic_and_a_row_only(app: Flask) -> None:
    settings = app.extensions["settings"]
    heard: list[tuple[str, int]] = []
    listening = wakeups.listen(settings, lambda topic, row: heard.append((topic, row)))
    assert listening is not None
    try:
        assert wakeups.wake(settings, wakeups.RUN, 12)
        until(lambda: heard == [(wakeups.RUN, 12)], 10)
    finally:
        listening.stop()


def test_a_fault_in_one_round_does_not_end_the_worker(
    story: Scenario, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[datetime] = []
    due = jobs.runs_due

    def away_at_first(at: datetime) -> tuple[int, ...]:
        calls.append(at)
        if len(calls) == 1:
            raise OSError("the database is away")
        return due(at)

    monkeypatch.setattr(jobs, "runs_due", away_at_first)
    close(story)
    worker = commands.start_in_process(app, clock=lambda: story.at)
    try:
        until(lambda: len(calls) > 1, 10)
    finally:
        worker.stop()


@pytest.mark.database
def test_a_worker_that_runs_already_takes_over_what_another_left_once_its_lease_has_run_out(
    story: Scenario, app: Flask
) -> None:
    sign_up(story, 1)
    close(story)
    number = allocations.request(story.camp, seconds=10, seed=1, by=story.organiser, at=story.at)
    run_id = queries.run_id(story.camp, number)
    ends = story.at + jobs.LEASE
    # Of another machine, so that nobody here can know that it was killed.
    with transaction() as session:
        assert jobs.lease_run(session, run_id, worker="elsewhere/1/2/x", at=story.at)
        session.execute(update(Letter).values(leased_by="elsewhere/1/2/x", lease_until=ends))
    worker = commands.start_in_process(app, clock=lambda: story.at)
    try:
        time.sleep(2.5 * commands.SWEEP)
        assert (run_row(story, number).leased_by, sent()) == ("elsewhere/1/2/x", 0)
        story.at = ends + timedelta(seconds=1)
        until(lambda: run_row(story, number).state is RunState.OPTIMAL)
        until(lambda: sent() == 1)
    finally:
        worker.stop()
    assert run_row(story, number).tries == 2


def test_once_does_what_is_due_and_ends(story: Scenario, runner: FlaskCliRunner) -> None:
    sign_up(story, 2)
    close(story)
    number = allocations.request(story.camp, seconds=10, seed=1, by=story.organiser, at=story.at)
    ended = runner.invoke(args=["worker", "--once"])
    assert ended.exit_code == 0, ended.output
    assert "1 runs, 2 letters sent" in ended.output
    assert queries.run(story.camp, number).state is RunState.OPTIMAL


def test_with_sending_switched_off_letters_wait(story: Scenario, app: Flask, monkeypatch) -> None:
    from dataclasses import replace

    sign_up(story, 1)
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], mail_off=True))
    _runs, delivered = commands.Worker(app, clock=lambda: story.at).do_all_due()
    assert delivered.sent == 0
    assert sent() == 0


def test_only_workers_of_this_machine_are_known_to_be_dead(app: Flask) -> None:
    mine = commands.Worker(app).name
    host, pid, began, _draw = mine.split("/")
    assert len(mine) <= 64
    assert commands._lives(mine) is True
    assert commands._lives(f"{host}/{pid}/1/abc") is False
    assert commands._lives(f"elsewhere/{pid}/{began}/abc") is None
    assert commands._lives("w1") is None


def test_a_lease_left_by_a_dead_worker_of_this_machine_is_taken_at_once(story: Scenario, app: Flask) -> None:
    close(story)
    number = allocations.request(story.camp, seconds=10, seed=1, by=story.organiser, at=story.at)
    host = commands.Worker(app).name.split("/")[0]
    from datetime import timedelta

    with transaction() as session:
        session.execute(
            update(AllocationRun).values(
                state=RunState.RUNNING,
                leased_by=f"{host}/999999/1/abcdef",
                lease_until=story.at + timedelta(minutes=10),
                tries=1,
            )
        )
    commands.Worker(app, clock=lambda: story.at).do_all_due()
    assert run_row(story, number).state is RunState.OPTIMAL
