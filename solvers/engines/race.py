"""CP-SAT and HiGHS asked the same questions side by side, each in a process of its own that can be killed.

Whoever proves the answer first ends the question. What either finds is checked here in whole numbers before it
counts, and the lower bound of one may prove the answer of the other. Neither is trusted to keep its time: who does
not end when told to is killed, and the best answer so far stands.
"""

import contextlib
import math
import multiprocessing
import os
import subprocess
import sys
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self, cast

import numpy as np

from solvers.engines import exact
from solvers.engines.exact import Found, Watch, kept_sides
from solvers.engines.runner import Matrix
from solvers.engines.search import Search
from solvers.problem import Ints
from solvers.rules.form import Form
from solvers.rules.rule import NO_BOUND, Aim

ENGINES = ("cpsat", "mip")
MOMENT = 1.0
"""Seconds that CP-SAT is given before it is worth starting processes."""
TICK = 0.05
"""Seconds between two looks at the clock."""
ROOT = Path(__file__).resolve().parents[2]
BIRTHS = 2
"""How often an engine's process may end before it answers."""
OVERTIME = 0.5
"""Seconds an engine has to end once it is told to."""
SLACK = 1e-6
"""By how much a bound in floating point may lie above the true one."""
INFEASIBLE_FROM = "cpsat"
"""The engine whose word counts, where both are asked, that nothing satisfies the rules: it reckons in whole numbers."""


class Race:
    """One question at a time for several engines; rows of earlier stages are added as they are reached."""

    def __init__(self, form: Form, engines: tuple[str, ...] = ENGINES) -> None:
        self.form = form
        matrix = Matrix(form.upper, form.start, form.column, form.amount, form.low, form.high)
        self.kept: list[tuple[Ints, Ints, int, int]] = []
        self.runners = [_Runner(engine, matrix, self.kept) for engine in engines]
        self.question: tuple[Ints, Ints] = (np.zeros(0, np.int64), np.zeros(0, np.int64))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for runner in self.runners:
            runner.kill()

    def keep(self, aim: Aim, allowed: int) -> None:
        """Later stages must leave this one as good as ``allowed``."""
        low, high = kept_sides(aim, allowed)
        self.kept.append((aim.column, aim.amount, low, high))

    def minimise(self, column: Ints, amount: Ints) -> None:
        """Set what is to be made as small as can be."""
        self.question = column, amount

    def solve(
        self, search: Search, *, seconds: float, best: Ints | None, watch: Watch | None = None
    ) -> Found:
        """Ask both once; back as soon as one has proved its answer, time is up, or somebody asks to stop."""
        heat = _Heat(self, best, watch)
        until = monotonic() + seconds
        for runner in self.runners:
            runner.ask(self.question, best, seconds, search.workers, search.seed)
        while not heat.over and any(runner.busy for runner in self.runners):
            if search.stopped or monotonic() > until:
                break
            for runner in self._ready(TICK):
                heat.hear(runner)
        self._call_in(heat)
        return heat.found

    def _ready(self, timeout: float) -> list["_Runner"]:
        """The runners that have said something."""
        busy = {runner.line: runner for runner in self.runners if runner.busy}
        return [busy[cast("Connection[Any, Any]", line)] for line in wait(list(busy), timeout)]

    def _call_in(self, heat: "_Heat") -> None:
        """End what still runs, hearing its last words; kill what does not end."""
        for runner in self.runners:
            runner.stop()
        until = monotonic() + OVERTIME
        while any(runner.busy for runner in self.runners) and monotonic() < until:
            for runner in self._ready(TICK):
                heat.hear(runner)
        for runner in self.runners:
            if runner.busy:
                runner.kill()


class Patient:
    """CP-SAT here and now, for that is quickest where it is quick; what it does not prove in a moment is raced."""

    def __init__(self, form: Form) -> None:
        self.near = exact.Model(form)
        self.race = Race(form)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.race.__exit__(_type, _value, _trace)

    def keep(self, aim: Aim, allowed: int) -> None:
        """Later stages must leave this one as good as ``allowed``."""
        self.near.keep(aim, allowed)
        self.race.keep(aim, allowed)

    def minimise(self, column: Ints, amount: Ints) -> None:
        """Set what is to be made as small as can be."""
        self.near.minimise(column, amount)
        self.race.minimise(column, amount)

    def solve(
        self, search: Search, *, seconds: float, best: Ints | None, watch: Watch | None = None
    ) -> Found:
        """Ask once; ``seconds`` is for both together."""
        found = self.near.solve(search, seconds=min(MOMENT, seconds), best=best, watch=watch)
        left = min(seconds - MOMENT, search.left)
        if found.proved or found.infeasible or left <= 0:
            return found
        begun = best if found.values is None else found.values
        raced = self.race.solve(search, seconds=left, best=begun, watch=watch)
        bounds = [bound for bound in (found.bound, raced.bound) if bound is not None]
        return replace(
            raced,
            values=found.values if raced.values is None else raced.values,
            bound=max(bounds) if bounds else None,
        )


class _Heat:
    """One question under way: the best values and bound heard so far."""

    def __init__(self, race: Race, best: Ints | None, watch: Watch | None) -> None:
        self.race, self.watch = race, watch
        self.values: Ints | None = None
        self.least: int | None = None if best is None else self._value(best)
        self.bound = -math.inf
        self.proved = self.infeasible = False

    @property
    def over(self) -> bool:
        return self.proved or self.infeasible

    @property
    def found(self) -> Found:
        return Found(
            self.values, self.proved, self.infeasible, None if math.isinf(self.bound) else self.bound
        )

    def hear(self, runner: "_Runner") -> None:
        """Listen to a runner that has something to say."""
        said = runner.hear()
        if said is not None:
            self.take_in(said, runner.engine)

    def take_in(self, said: Found, engine: str) -> None:
        """What one engine found so far, or in the end."""
        if said.infeasible:
            heard = engine == INFEASIBLE_FROM or len(self.race.runners) == 1
            self.infeasible = self.infeasible or (heard and self.least is None)
            return
        if said.values is not None:
            self._take(said.values)
        if said.bound is not None and math.isfinite(said.bound) and said.bound > self.bound:
            self.bound = said.bound
        if self.least is not None and self.bound >= self.least - 1 + SLACK:
            self.proved = True
        if said.proved and said.values is not None and self._value(said.values) == self.least:
            self.proved = True

    def _take(self, values: Ints) -> None:
        value = self._value(values)
        if (self.least is not None and value > self.least) or not self._holds(values):
            return
        if self.least is None or value < self.least:
            self.values, self.least = values, value
            if self.watch is not None:
                self.watch(values, self.bound)
        elif self.values is None:
            self.values = values

    def _value(self, values: Ints) -> int:
        column, amount = self.race.question
        return int(values[column] @ amount)

    def _holds(self, values: Ints) -> bool:
        form = self.race.form
        if (values < 0).any() or (values > form.upper).any() or form.broken(values).any():
            return False
        return all(
            (low <= -NO_BOUND or low <= int(values[column] @ amount))
            and (high >= NO_BOUND or int(values[column] @ amount) <= high)
            for column, amount, low, high in self.race.kept
        )


class _Runner:
    """One engine in a process of its own; it is started when first asked and again after it was killed."""

    def __init__(self, engine: str, matrix: Matrix, kept: list[tuple[Ints, Ints, int, int]]) -> None:
        self.engine, self.matrix, self.kept = engine, matrix, kept
        self.told = 0
        self.busy = self.stopping = False
        self.stillborn = 0
        self.line: Connection[Any, Any]
        self.process: subprocess.Popen[bytes] | None = None

    def ask(
        self, question: tuple[Ints, Ints], best: Ints | None, seconds: float, workers: int, seed: int
    ) -> None:
        """Put a question; RuntimeError if the engine's process ended unasked before it ever answered, twice."""
        if self.stillborn >= BIRTHS:
            raise RuntimeError(f"the process of the engine {self.engine} does not start")
        if self.process is None:
            self._start()
        self._send(("ask", self.kept[self.told :], question, best, seconds, workers, seed))
        self.told = len(self.kept)
        self.busy, self.stopping = True, False

    def hear(self) -> Found | None:
        """One message; None if the process has ended."""
        try:
            word, said = self.line.recv()
        except (EOFError, OSError):
            self.stillborn += 1
            self.kill()
            return None
        self.stillborn = 0
        if word == "done":
            self.busy = False
        return cast("Found", said)

    def stop(self) -> None:
        if self.busy and not self.stopping:
            self._send(("stop",))
            self.stopping = True

    def kill(self) -> None:
        self.busy = False
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.line.close()
            self.process = None

    def _send(self, message: tuple[Any, ...]) -> None:
        with contextlib.suppress(OSError):  # it has ended: hearing it will tell
            self.line.send(message)

    def _start(self) -> None:
        """A fresh interpreter: it inherits no threads, and runs nothing of whoever called us."""
        self.line, other = multiprocessing.Pipe()
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "solvers.engines.runner", str(other.fileno()), self.engine],
            pass_fds=[other.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # HiGHS greets there, and it may carry the result
            env=os.environ | {"PYTHONPATH": path},
        )
        other.close()
        self._send((self.matrix,))
        self.told = 0
