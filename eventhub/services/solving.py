"""Run the solver in a process of its own, so that stopping it, killing it and losing it are all safe.

The child is ``python -m solvers solve`` and nothing else: it gets a file, leaves a file, and sees neither the database
nor any secret of the house.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import IO, Any

import solvers

ROOT = Path(solvers.__file__).resolve().parent.parent
TICK = 0.1
"""Seconds between two looks at the child."""
OVERTIME = 120.0
"""Seconds beyond its own time limit, for reading and writing, before the child is asked to stop."""
PATIENCE = 90.0
"""Seconds a child that was asked to stop may take to write down its best answer: reasons for 60,000 parties and their
audit take some ten of them on an idle machine."""
LAST_WORDS = 20
"""Lines of a failing child's complaint that are kept."""

ANSWERED = frozenset({0, 3, 4})
"""Exit codes after which there is a result: an answer, proved impossible, nothing found in the time."""
REFUSED = 2
NOT_BEGUN = -signal.SIGTERM
"""What a child ends with that was stopped before it could listen; any other code is a fault of its own."""


class Order(Enum):
    """What the worker wants of a solve under way."""

    GO_ON = auto()
    STOP = auto()
    """Keep the best answer so far and end."""
    KILL = auto()
    """End at once; the answer is of no use."""


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (negative: the signal that ended it) and its last words."""

    code: int
    said: str
    killed: bool = False

    @property
    def answered(self) -> bool:
        return self.code in ANSWERED and not self.killed


@dataclass
class _Words:
    """What the child says while it works: progress as JSON lines, anything else as a complaint."""

    progress: dict[str, Any] = field(default_factory=dict)
    complaint: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS))

    def listen(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                try:
                    said = json.loads(line)
                except ValueError:
                    self.complaint.append(line.rstrip())
                    continue
                if isinstance(said, dict):
                    self.progress = said


def solve(
    folder: Path,
    *,
    problem: bytes,
    seconds: int,
    seed: int,
    order: Callable[[dict[str, Any]], Order],
    overtime: float = OVERTIME,
    patience: float = PATIENCE,
) -> Ended:
    """Solve ``problem`` in ``folder``; the result is then in ``result.json`` there.

    ``order`` is asked about ten times a second, with the last progress heard, what the worker wants.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "problem.json").write_bytes(problem)
    child = subprocess.Popen(  # noqa: S603 - our own program, with our own arguments
        [
            *(sys.executable, "-m", "solvers", "solve", str(folder / "problem.json")),
            *("--out", str(folder / "result.json"), "--seconds", str(seconds)),
            *("--seed", str(seed), "--workers", "1", "--progress"),
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("EVENTHUB_")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        _sign(folder, child.pid)
        return _watch(child, seconds + overtime, patience, order)
    finally:
        _kill(child)


def _watch(
    child: subprocess.Popen[str], limit: float, patience: float, order: Callable[[dict[str, Any]], Order]
) -> Ended:
    words = _Words()
    assert child.stderr is not None  # noqa: S101 - asked for above
    listener = threading.Thread(target=words.listen, args=(child.stderr,), daemon=True)
    listener.start()
    start = time.monotonic()
    asked_to_stop: float | None = None
    killed = False
    while (code := _code_after_a_tick(child)) is None:
        wanted = order(words.progress)
        now = time.monotonic()
        if asked_to_stop is None and (wanted is Order.STOP or now - start > limit):
            asked_to_stop = now
            child.send_signal(signal.SIGTERM)
        if wanted is Order.KILL or (asked_to_stop is not None and now - asked_to_stop > patience):
            killed = True
            _kill(child)
    listener.join(timeout=1)
    return Ended(code, "\n".join(words.complaint), killed=killed)


def _code_after_a_tick(child: subprocess.Popen[str]) -> int | None:
    try:
        return child.wait(timeout=TICK)
    except subprocess.TimeoutExpired:
        return None


def _kill(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        _kill_group(child.pid)
        child.wait()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _sign(folder: Path, pid: int) -> None:
    """Leave word of who works here, so that a later worker can end a child that its own worker left behind."""
    (folder / "child.json").write_text(json.dumps({"pid": pid, "since": began(pid)}), encoding="ascii")


def end_leftovers(folder: Path, *, patience: float = 5.0) -> int:
    """End children that a killed worker left in the tries of a run; how many there were."""
    ended = 0
    for signature in sorted(folder.glob("*/child.json")):
        try:
            known = json.loads(signature.read_text(encoding="ascii"))
            pid, since = int(known["pid"]), str(known["since"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        # Numbers are used again: only a process that began when ours did is ours.
        if not since or began(pid) != since:
            continue
        _kill_group(pid)
        ended += 1
        until = time.monotonic() + patience
        while began(pid) == since and time.monotonic() < until:
            time.sleep(TICK)
    return ended


def began(pid: int) -> str:
    """When a process began, in whatever words the system has for it; empty if it is gone."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _began_by_ps(pid) if not Path("/proc/self/stat").exists() else ""
    after_name = told.rpartition(")")[2].split()
    state, started = after_name[0], after_name[19]
    return "" if state in {"Z", "X"} else started


def _began_by_ps(pid: int) -> str:
    told = subprocess.run(  # noqa: S603 - a number of our own
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.strip()
