"""Wake a worker: a message says that there may be something to do, and carries nothing but a row's id.

The only file that names huey. Its queue lies beside the database it serves: a SQLite file in the instance folder, or
tables in PostgreSQL. Nothing depends on a message arriving: the worker sweeps as well, so a lost one costs a second.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from huey import Huey, PostgresHuey, SqliteHuey
from huey.consumer import Consumer

from eventhub.config import Settings

RUN = "run"
"""An allocation run waits."""
LETTERS = "letters"
"""Letters wait; the row is the publication or registration they belong to, or 0."""

NAME = "eventhub"
_log = logging.getLogger(__name__)

Handler = Callable[[str, int], None]


class Listening(Protocol):
    """Somebody who hears wake-ups until told to stop."""

    def stop(self) -> None:
        """Hear no more."""


def wake(settings: Settings, topic: str, row: int) -> bool:
    """Tell whatever worker is there; False, and nothing worse, where the queue cannot be reached."""
    try:
        queue = _queue(settings.database_url, str(settings.instance))
        try:
            queue.enqueue(_task(queue).s(topic, row))
        finally:
            # Huey keeps a connection a thread for good; a wake-up is rare, and a thread of a server may end.
            queue.storage.close()
    except Exception as error:  # noqa: BLE001 - whatever ails the queue, the sweep finds the row
        _log.warning("no wake-up for %s %s: %s", topic, row, error)
        return False
    return True


def listen(settings: Settings, handler: Handler) -> Listening | None:
    """Hear wake-ups in threads of this process; None where the queue cannot be reached, and the sweep alone works.

    No signal handling is taken over and nothing is left running by :meth:`Listening.stop`.
    """
    try:
        queue = _queue(settings.database_url, str(settings.instance))
        _task(queue)
        _HANDLERS[queue] = handler
        consumer = _QuietConsumer(queue, workers=1, periodic=False, max_delay=0.25, check_worker_health=False)
        consumer.start()
    except Exception as error:  # noqa: BLE001 - whatever ails the queue, the sweep does the work
        _log.warning("no wake-ups are heard, sweeping alone: %s", error)
        return None
    return _Listener(queue, consumer)


_HANDLERS: dict[Huey, Handler] = {}


class _QuietConsumer(Consumer):  # type: ignore[misc]
    """Huey's consumer without its hands on the process's signals."""

    def _set_signal_handlers(self) -> None:
        """Signals belong to whoever runs the process."""


class _Listener:
    def __init__(self, queue: Huey, consumer: Consumer) -> None:
        self._queue, self._consumer = queue, consumer

    def stop(self) -> None:
        """Hear no more; a message being handled only sets a flag, so nothing is cut off."""
        self._consumer.stop(graceful=False)
        _HANDLERS.pop(self._queue, None)


@lru_cache(maxsize=32)
def _queue(database_url: str, instance: str) -> Huey:
    if database_url.startswith("postgresql"):
        dsn = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        return PostgresHuey(name=NAME, dsn=dsn, results=False)
    return SqliteHuey(name=NAME, filename=f"{instance}/jobs.sqlite", results=False, fsync=False)


def _task(queue: Huey) -> Any:
    known = getattr(queue, "eventhub_task", None)
    if known is None:

        def woken(topic: str, row: int) -> None:
            handler = _HANDLERS.get(queue)
            if handler is not None:
                handler(topic, row)

        known = queue.task(name="woken")(woken)
        queue.eventhub_task = known
    return known
