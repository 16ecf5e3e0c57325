"""Machines of a Dask cluster: each keeps some parts, and another is given them where one is lost.

A part is the result of a task that the scheduler keeps, so that Dask makes it again elsewhere when the machine that
had it is gone, and asks there. Only if nobody is left, or the scheduler does not answer, does whoever asked go on alone.
"""

import contextlib
import logging
from collections.abc import Callable, Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Self

import dask
import distributed
import numpy as np

from solvers.engines.machines import Asked, Numbers, Unreachable

LONGEST = 60.0
"""Seconds that one question may take; the first one is compiled on machines that never did."""
ALONE = 15.0
"""Seconds after which nobody is thought to come back where all have gone."""
LOOK = 1.0
"""How often is looked who is there, seconds."""
TO_CONNECT = 20
"""Seconds to reach a scheduler, and for a first worker to be there."""
SETTINGS = {"distributed.admin.large-graph-warning-threshold": "16GiB"}
"""Parts are large on purpose: they are sent once."""


class Cluster:
    """The workers of a scheduler, or of one started here for as long as this is open."""

    def __init__(self, address: str, *, left: Callable[[], float]) -> None:
        self.address, self.left = address, left
        self.client: distributed.Client | None = None
        self.own: distributed.LocalCluster | None = None
        self.lost = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell the workers nothing more, and end those that were started here."""
        for opened in (self.client, self.own):
            if opened is not None:
                with contextlib.suppress(OSError, TimeoutError):
                    opened.close(timeout=5)
        self.client = self.own = None

    def keep(self, parts: Callable[[int], Sequence[Any]]) -> list[distributed.Future]:
        """A part for each thread of each worker there is now."""
        client = self._connected()
        places = [one for one, number in sorted(client.nthreads().items()) for _ in range(number)]
        with dask.config.set(SETTINGS):
            return [
                client.submit(_kept, part, workers=[place], allow_other_workers=True, pure=False)
                for part, place in zip(parts(len(places)), places, strict=False)
            ]

    def ask(
        self, kept: list[distributed.Future], asked: Asked, own: Sequence[Numbers], common: Numbers
    ) -> list[Any] | None:
        """What the parts answer; None once nobody is left, and from then on."""
        client = self.client
        if client is None or self.lost:
            return None
        try:
            with dask.config.set(SETTINGS):
                futures = [
                    client.submit(_asked, asked, part, mine, common, pure=False)
                    for part, mine in zip(kept, own, strict=True)
                ]
            if self._ended(client, futures):
                answers: list[Any] = client.gather(futures)
                return answers
        except (distributed.KilledWorker, distributed.CancelledError, OSError, TimeoutError):
            pass
        except (ImportError, AttributeError) as error:
            raise Unreachable(f"the workers have another version of this program: {error}") from error
        self.lost = True
        return None

    def _ended(self, client: distributed.Client, futures: list[distributed.Future]) -> bool:
        """Wait for answers as long as somebody is there to give them, and time is left."""
        until = last_seen = monotonic()
        until += min(LONGEST, self.left())
        while monotonic() < until:
            with contextlib.suppress(TimeoutError):
                distributed.wait(futures, timeout=min(LOOK, max(0.01, until - monotonic())))
                return True
            if client.nthreads():
                last_seen = monotonic()
            elif monotonic() - last_seen > ALONE:
                return False
            if self.left() <= 0:
                return False
        return False

    def _connected(self) -> distributed.Client:
        if self.client is None:
            where, _, number = self.address.partition(":")
            try:
                if where == "local":
                    self.own = distributed.LocalCluster(
                        n_workers=int(number),
                        threads_per_worker=1,
                        dashboard_address="127.0.0.1:0",
                        silence_logs=logging.ERROR,
                    )
                self.client = distributed.Client(self.own or self.address, timeout=TO_CONNECT)
                self.client.wait_for_workers(1, timeout=TO_CONNECT)
            except (OSError, TimeoutError, RuntimeError) as error:
                raise Unreachable(f"nobody answers at {self.address}: {error}") from error
        return self.client


def _kept(part: Any) -> Any:
    """A part as this machine keeps it: what travelled may not be written to, and is compiled for apart."""
    return part._make(_plain(one) for one in part)


def _asked(asked: Asked, part: Any, own: Numbers, common: Numbers) -> tuple[Numbers, Numbers]:
    return asked(part, _plain(own), _plain(common))


def _plain(numbers: Numbers) -> Numbers:
    return np.require(numbers, requirements=["C", "W"])
