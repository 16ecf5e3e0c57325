"""One measurement: a contender in a process of its own, timed inside it, its memory watched, killed when it overruns."""

import contextlib
import ctypes
import gc
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from benchmarks.solver.cases import CASES, CONTENDERS, PEERS
from benchmarks.solver.plain import fault, plain
from benchmarks.solver.said import Said, Task

PATIENCE = 1.5
"""How many times its limit a contender may take before it is killed."""
GRACE = 240.0
"""Seconds beyond that, for loading libraries, making the problem and checking the answer."""
WARMING = 400
"""People in the problem that warms up; enough to go where large ones go."""
MEGABYTE = 1024
"""Linux tells memory in kilobytes."""
ENDED = 0.97
"""Who takes this share of the limit and proves nothing was ended by it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds on the wall and of the processor, megabytes beyond the problem as read, and what was said.

    ``fault`` says what is wrong with the answer as counted from outside; ``failed``: there was none, and the note says why.
    """

    seconds: float
    cpu: float
    megabytes: float
    value: int | None
    bound: float | None
    note: str = ""
    limit: float = 0.0
    fault: str = ""
    checked: bool = False
    failed: bool = False
    whole: float = 0.0
    """Seconds that whoever measures waits for it: loading, making the problem and checking the answer too."""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def proved(self) -> bool:
        return self.value is not None and self.bound is not None and abs(self.value - self.bound) < 0.5

    @property
    def ended_by_limit(self) -> bool:
        return not self.proved and self.limit > 0 and self.seconds >= ENDED * self.limit

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(contender: str, case: str, people: int, options: int, *, seed: int, limit: float) -> Measured:
    """Run one contender once on one instance."""
    context = multiprocessing.get_context("spawn")
    line, other = context.Pipe(duplex=False)
    # Not a daemon: the race of engines starts processes of its own.
    child = context.Process(target=_run, args=(other, contender, (case, people, options, seed), limit))
    child.start()
    other.close()
    started = time.monotonic()
    try:
        said = line.recv() if line.poll(PATIENCE * limit + GRACE) else None
    except EOFError:
        said = None
    except KeyboardInterrupt:
        _end(child)
        raise
    if said is None:
        _end(child)
    child.join()
    if said is None:
        seconds = time.monotonic() - started
        note = f"no answer, ended after {seconds:.0f} s"
        return Measured(seconds, 0, 0, None, None, note, limit=limit, failed=True)
    return Measured(**said)


def _end(child: "SpawnProcess") -> None:
    """With all that it started: it is the first of a session of its own."""
    if child.pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()


def _run(
    line: "Connection[Any, Any]", contender: str, asked: tuple[str, int, int, int], limit: float
) -> None:
    os.dup2(2, 1)  # what a library says by itself is no part of the tables
    os.setsid()  # so that whoever overruns ends together with all that it started
    try:
        told = _measured(contender, *asked, limit=limit)
    except ImportError as error:
        told = _failure(f"not installed: {error.name}", limit)
    except RecursionError:
        told = _failure("RecursionError", limit)
    except Exception as error:  # noqa: BLE001 - a peer that fails is a result, told in its row
        traceback.print_exc()
        told = _failure(type(error).__name__, limit)
    line.send(told.to_dict())


def _failure(note: str, limit: float) -> Measured:
    return Measured(0, 0, 0, None, None, note, limit=limit, failed=True)


def _measured(contender: str, case: str, people: int, options: int, seed: int, *, limit: float) -> Measured:
    instance = next(one.instance for one in CASES if one.name == case)
    call = CONTENDERS[contender]
    _warm(contender)
    task = Task.of(instance(people, options, seed))
    given: Any = plain(task.problem) if contender in PEERS else task
    before = _settled()
    wall, cpu = time.perf_counter(), _cpu()
    said = call(given, limit)
    seconds, used, most = time.perf_counter() - wall, _cpu() - cpu, _peak()
    wrong, checked, facts = _checked(task, said)
    return Measured(
        round(seconds if said.alone is None else said.alone, 5),
        round(used, 4),
        round(max(0, most - before) / MEGABYTE, 1),
        said.value,
        said.bound,
        said.note,
        limit=limit,
        fault=wrong,
        checked=checked,
        failed=said.value is None and said.bound is None and not facts,
        facts=facts,
    )


def _checked(task: Task, said: Said) -> tuple[str, bool, dict[str, Any]]:
    """What is wrong with the answer, whether it was looked at, and the facts."""
    if said.after is not None:
        wrong, more = said.after()
        return wrong, True, {**said.facts, **more}
    if said.places is None or said.value is None:
        return "", False, dict(said.facts)
    try:
        known = plain(task.problem)
    except ValueError:
        return "", False, dict(said.facts)
    return fault(known, said.places(), said.value), True, dict(said.facts)


def _warm(contender: str) -> None:
    """Compile and load before the clock starts: small problems through the same door."""
    from benchmarks.instances.capacities import drawn  # noqa: PLC0415 - in the child only
    from benchmarks.instances.households import households  # noqa: PLC0415 - as above
    from benchmarks.instances.opening import opening  # noqa: PLC0415 - as above

    wishes = drawn(WARMING, 12)
    for source in (opening(60, 4, budget=None), wishes, wishes.fairly(), households(WARMING, 12)):
        # Whether it fits is told by the row itself.
        with contextlib.suppress(Exception):
            small = Task.of(source)
            said = CONTENDERS[contender](plain(small.problem) if contender in PEERS else small, 2.0)
            _checked(small, said)


def _settled() -> int:
    """Give back what can be given back, forget the peak so far, and tell what is still held."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _peak() -> int:
    """The most held since :func:`_settled`; processes started meanwhile count wholly."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return _status("VmHWM") + children


def _status(key: str) -> int:
    """Kilobytes as Linux tells them; elsewhere the highest peak so far, which is more than was asked for."""
    told = Path("/proc/self/status")
    if not told.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = next(one for one in told.read_text(encoding="ascii").splitlines() if one.startswith(key))
    return int(line.split()[1])


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
