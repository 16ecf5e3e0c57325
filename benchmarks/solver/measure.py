"""One measurement: a contender in a process of its own, timed inside it, its memory watched, killed when it overruns."""

import contextlib
import multiprocessing
import resource
import time
import traceback
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.solver.cases import CONTENDERS, PEERS
from benchmarks.solver.peers import Said
from benchmarks.solver.plain import plain
from solvers.problem import read

PATIENCE = 1.5
"""How many times its limit a contender may take before it is killed."""
GRACE = 60.0
"""Seconds beyond that, for loading libraries and reading the problem."""
WARMING = 400
"""People in the problem that warms up; enough to go where large ones go."""
MEGABYTE = 1024
"""``ru_maxrss`` is told in kilobytes."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds on the wall and of the processor, megabytes beyond the problem as read, and what was said."""

    seconds: float
    cpu: float
    megabytes: float
    value: int | None
    bound: float | None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(contender: str, problem: Path, limit: float) -> Measured:
    """Run one contender once on a problem file."""
    context = multiprocessing.get_context("spawn")
    line, other = context.Pipe(duplex=False)
    # Not a daemon: the race of engines starts processes of its own.
    child = context.Process(target=_run, args=(other, contender, problem, limit))
    child.start()
    other.close()
    started = time.monotonic()
    try:
        told = line.poll(PATIENCE * limit + GRACE)
        said = line.recv() if told else None
    except EOFError:
        said = None
    if child.is_alive() and said is None:
        child.kill()
    child.join()
    if said is None:
        seconds = time.monotonic() - started
        return Measured(seconds, 0, 0, None, None, f"no answer, ended after {seconds:.0f} s")
    return Measured(**said)


def _run(line: "Connection[Any, Any]", contender: str, path: Path, limit: float) -> None:
    try:
        problem = read(path)
        call = CONTENDERS[contender]
        given: Any = plain(problem) if contender in PEERS else problem
        _warm(contender)
        before = _peak()
        wall, cpu = time.perf_counter(), _cpu()
        said = call(given, limit)
        told = Measured(
            round(time.perf_counter() - wall, 4),
            round(_cpu() - cpu, 4),
            round((_peak() - before) / MEGABYTE, 1),
            said.value,
            said.bound,
            said.note,
        )
    except ImportError as error:
        told = Measured(0, 0, 0, None, None, f"not installed: {error.name}")
    except RecursionError:
        told = Measured(0, 0, 0, None, None, "RecursionError")
    except Exception as error:  # noqa: BLE001 - a peer that fails is a result, told in its row
        traceback.print_exc()
        told = Measured(0, 0, 0, None, None, type(error).__name__)
    line.send(told.to_dict())


def _warm(contender: str) -> None:
    """Compile and load before the clock starts: small problems through the same door."""
    from benchmarks.instances.capacities import capacities  # noqa: PLC0415 - in the child only
    from benchmarks.instances.opening import opening  # noqa: PLC0415 - in the child only

    for source in (opening(60, 4, budget=None), capacities(WARMING, 12)):
        small = read(source)
        given: Any = plain(small) if contender in PEERS else small
        with contextlib.suppress(Exception):  # whether it fits is told by the row itself
            CONTENDERS[contender](given, 2.0)


def _peak() -> int:
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return max(mine, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


__all__ = ["Measured", "Said", "measure"]
