"""Leases and children: a worker killed in the middle leaves exactly one result in the end, with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from eventhub.config import Settings
from eventhub.domain.terms import LetterState, RunState
from eventhub.extensions import db, transaction
from eventhub.models.allocations import AllocationRun, Allotment
from eventhub.models.invites import Letter
from eventhub.queries import allocations as queries
from eventhub.services import allocations, jobs, runs, solving
from tests.allotting import close, options_of, run_row, sign_up, ticking
from tests.conftest import SECRETS
from tests.scenario import Scenario

ROOT = Path(__file__).resolve().parents[2]
SLOW_SOLVER = """
import json, os, sys, time
place = os.path.dirname(sys.argv[1])
open(os.path.join(place, "began"), "w").close()
time.sleep(60)
"""


ANSWERS_WHEN_STOPPED = f"""
import os, signal, subprocess, sys, time
def answer(*_):
    sys.exit(subprocess.run([sys.executable, "-m", "solvers", *sys.argv[1:]], cwd={str(ROOT)!r}).returncode)
signal.signal(signal.SIGTERM, answer)
open(os.path.join(os.path.dirname(sys.argv[2]), "began"), "w").close()
time.sleep(60)
"""


@pytest.fixture
def story(app: Flask):
    with app.app_context():
        yield Scenario.begins()


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def worker_process(settings: Settings, *, slow: Path | None = None) -> subprocess.Popen[bytes]:
    """`eventhub worker`, as an operator starts it; with ``slow``, its solver takes a minute."""
    return subprocess.Popen(
        [sys.executable, "-c", _START, *([str(slow)] if slow else [])],
        cwd=ROOT,
        env={
            **os.environ,
            **SECRETS,
            "EVENTHUB_INSTANCE": str(settings.instance),
            "EVENTHUB_DATABASE_URL": settings.database_url,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


_START = """
import sys
from pathlib import Path
from eventhub.services import solving
if len(sys.argv) > 1:
    solving.ROOT = Path(sys.argv.pop())
sys.argv = ["eventhub", "worker"]
from eventhub.__main__ import main
main()
"""


@pytest.fixture
def slow_solver(tmp_path: Path) -> Path:
    """A folder with a package `solvers` that begins and then thinks for a minute."""
    package = tmp_path / "slow" / "solvers"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(SLOW_SOLVER.replace("sys.argv[1]", "sys.argv[2]"))
    return package.parent


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.database
@pytest.mark.slow
def test_a_worker_killed_in_the_middle_of_a_solve_leaves_exactly_one_result(
    story: Scenario,
    settings: Settings,
    slow_solver: Path,
    processes: list[subprocess.Popen[bytes]],
) -> None:
    sign_up(story, 4)
    close(story)
    number = allocations.request(story.camp, seconds=20, seed=7, by=story.organiser, at=story.at)
    run_id = queries.run_id(story.camp, number)
    with transaction() as session:
        # The workers below ask a real clock, which is ahead of the story's.
        session.execute(update(AllocationRun).values(run_after=None))

    # The first worker's solver is replaced by one that thinks for a minute, through its own working directory.
    processes.append(worker_process(settings, slow=slow_solver))
    folder = settings.runs_folder / str(run_id)
    until((folder / "1" / "began").exists)
    child = json.loads((folder / "1" / "child.json").read_text())["pid"]
    processes[0].send_signal(signal.SIGKILL)
    processes[0].wait()
    assert solving.began(child), "the child outlives its worker: the case this test is about"

    processes.append(worker_process(settings))
    until(lambda: run_row(story, number).state is RunState.OPTIMAL, 60)
    assert not solving.began(child)
    run = run_row(story, number)
    assert (run.tries, run.lease_until, run.leased_by) == (2, None, None)
    assert db.session.scalar(select(func.count()).select_from(Allotment)) == 4
    until(lambda: not folder.exists())
    db.session.rollback()

    processes[1].send_signal(signal.SIGTERM)
    assert processes[1].wait(timeout=5) == 0


def test_an_ended_child_is_not_mistaken_for_another_process_of_its_number(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    told = {"pid": os.getpid(), "since": "another life"}
    (tmp_path / "1" / "child.json").write_text(json.dumps(told))
    assert solving.end_leftovers(tmp_path) == 0
    assert solving.began(os.getpid())


def test_a_child_gets_no_secret_of_the_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "solvers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(
        "import os, sys\nopen(sys.argv[sys.argv.index('--out') + 1], 'w').write(','.join(os.environ))\n"
    )
    monkeypatch.setattr(solving, "ROOT", tmp_path)
    monkeypatch.setenv("EVENTHUB_SECRET_KEY", "x" * 40)
    ended = solving.solve(
        tmp_path / "run", problem=b"{}", seconds=5, seed=1, order=lambda _: solving.Order.GO_ON
    )
    assert ended.answered
    assert "EVENTHUB_" not in (tmp_path / "run" / "result.json").read_text()


@pytest.mark.parametrize("order", [solving.Order.KILL, solving.Order.STOP])
def test_a_child_that_does_not_end_is_ended(
    tmp_path: Path, slow_solver: Path, monkeypatch: pytest.MonkeyPatch, order: solving.Order
) -> None:
    stubborn = slow_solver / "solvers" / "__main__.py"
    stubborn.write_text(
        "import signal\nsignal.signal(signal.SIGTERM, lambda *_: None)\n" + stubborn.read_text()
    )
    monkeypatch.setattr(solving, "ROOT", slow_solver)
    began = time.monotonic()

    def say(_progress: dict[str, object]) -> solving.Order:
        return order if (tmp_path / "run" / "began").exists() else solving.Order.GO_ON

    ended = solving.solve(tmp_path / "run", problem=b"{}", seconds=60, seed=1, order=say, patience=0.5)
    assert ended.killed
    assert not ended.answered
    assert time.monotonic() - began < 15


def test_a_solve_that_overruns_its_time_is_ended_by_our_own_clock(
    tmp_path: Path, slow_solver: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solving, "ROOT", slow_solver)
    ended = solving.solve(
        tmp_path / "run",
        problem=b"{}",
        seconds=0,
        seed=1,
        order=lambda _: solving.Order.GO_ON,
        overtime=0.5,
        patience=0.5,
    )
    assert ended.code == -signal.SIGTERM


def test_a_stop_keeps_the_best_answer_so_far(
    story: Scenario, settings: Settings, slow_solver: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The solver answers only once it is told to stop, in the middle of its work: that answer is kept whole."""
    (slow_solver / "solvers" / "__main__.py").write_text(ANSWERS_WHEN_STOPPED)
    monkeypatch.setattr(solving, "ROOT", slow_solver)
    monkeypatch.setattr(runs, "HEARTBEAT", solving.TICK)
    sign_up(story, 8)
    close(story)
    number = allocations.request(story.camp, seconds=60, seed=1, by=story.organiser, at=story.at)
    run_id = queries.run_id(story.camp, number)
    db.session.rollback()
    pressed: list[int] = []

    def press_stop_once_it_works() -> bool:
        if not pressed and (settings.runs_folder / str(run_id) / "1" / "began").exists():
            pressed.append(number)
            allocations.stop(story.camp, number, by=story.organiser, at=story.at)
        return False

    ended = runs.execute(run_id, worker="w", clock=ticking(story), quitting=press_stop_once_it_works)
    assert pressed
    assert ended is RunState.OPTIMAL
    assert sum(option is not None for option in options_of(story, number).values()) == 8
    assert run_row(story, number).lease_until is None


def test_a_worker_that_is_told_to_end_gives_its_run_back_uncounted(story: Scenario) -> None:
    sign_up(story, 2)
    close(story)
    number = allocations.request(story.camp, seconds=30, seed=1, by=story.organiser, at=story.at)
    run_id = queries.run_id(story.camp, number)
    assert runs.execute(run_id, worker="w", clock=ticking(story), quitting=lambda: True) is None
    run = run_row(story, number)
    assert (run.state, run.tries, run.lease_until) == (RunState.QUEUED, 0, None)
    assert runs.execute(run_id, worker="w", clock=ticking(story)) is RunState.OPTIMAL


@pytest.mark.database
def test_leases_of_the_dead_run_out_at_once_and_those_of_the_living_and_unknown_do_not(
    story: Scenario,
) -> None:
    close(story)
    number = allocations.request(story.camp, by=story.organiser, at=story.at)
    run_id = queries.run_id(story.camp, number)
    with transaction() as session:
        assert jobs.lease_run(session, run_id, worker="here/1/2/x", at=story.at)
        session.execute(
            update(Letter).values(
                state=LetterState.QUEUED, leased_by="away", lease_until=story.at + timedelta(minutes=1)
            )
        )
    living: dict[str, bool | None] = {"here/1/2/x": True, "away": None}
    assert jobs.forsake_dead(alive=living.get, at=story.at) == 0
    assert jobs.runs_due(story.at) == ()
    alive = {"here/1/2/x": False}
    assert jobs.forsake_dead(alive=alive.get, at=story.at) == 1
    assert jobs.runs_due(story.at) == (run_id,)
