"""What the process of one engine does in a race: answer questions until the line is cut."""

import math
import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, cast

from solvers.engines import exact
from solvers.engines.exact import Found
from solvers.engines.search import Search
from solvers.problem import Ints
from solvers.rules.form import Form


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """The rows of a form without the problem behind them: what an engine's process is given."""

    upper: Ints
    start: Ints
    column: Ints
    amount: Ints
    low: Ints
    high: Ints


def run(line: "Connection[Any, Any]", engine: str) -> None:
    """What an engine's process does: answer questions until the line is cut."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked decides when to stop
    try:
        (matrix,) = line.recv()
        model = _model(engine, matrix)
        while True:
            word, *order = line.recv()
            if word == "ask":
                line.send(("done", _answer(line, model, *order)))
    except (EOFError, OSError):
        os._exit(0)


def _model(engine: str, matrix: Matrix) -> Any:
    if engine == "mip":
        from solvers.engines import mip  # noqa: PLC0415 - HiGHS is loaded only where it is asked

        return mip.Model(matrix)
    return exact.Model(matrix)


def _answer(
    line: "Connection[Any, Any]",
    model: Any,
    kept: list[tuple[Ints, Ints, int, int]],
    question: tuple[Ints, Ints],
    best: Ints | None,
    seconds: float,
    workers: int,
    seed: int,
) -> Found:
    for column, amount, low, high in kept:
        model.add(column.tolist(), amount.tolist(), low, high)
    model.minimise(*question)
    told = -math.inf

    def watch(values: Ints | None, bound: float | None) -> None:
        nonlocal told
        news = bound is not None and bound > told
        told = max(told, bound or -math.inf)
        if values is not None or news:
            line.send(("news", Found(values, bound=bound)))

    def stopped() -> bool:
        return line.poll() and line.recv()[0] == "stop"

    search = Search(cast("Form", None), seconds, workers, seed, should_stop=_once(stopped))
    return cast("Found", model.solve(search, seconds=seconds, best=best, watch=watch))


def _once(asked: Any) -> Any:
    """Remember a yes."""
    said = False

    def stop() -> bool:
        nonlocal said
        said = said or asked()
        return said

    return stop


if __name__ == "__main__":
    run(Connection(int(sys.argv[1])), sys.argv[2])
