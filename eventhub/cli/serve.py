"""Serve the pages and do what is queued, in one process: for one office, and to look at."""

from __future__ import annotations

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from waitress.server import create_server

from eventhub.cli.worker import Stoppable, start_in_process
from eventhub.i18n import _, use_locale

THREADS = 8
SECONDS_TO_FINISH = 1
"""How long requests under way may go on once the end was asked for."""


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--no-worker", is_flag=True, help="Serve pages only; eventhub worker does the rest.")
@with_appcontext
def serve(host: str, port: int, *, no_worker: bool) -> None:
    """Migrate the database, then serve it; Ctrl-C ends it."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - Flask's own name for it
    with use_locale("en"):  # as every command for whoever runs the house
        demand_free(host, port)
        upgrade()
        serve_until_stopped(app, host=host, port=port, worker=not no_worker)


class NotServed(click.ClickException):
    """Nothing can be served there; the sentence says why."""

    exit_code = 2


def demand_free(host: str, port: int) -> None:
    """:class:`NotServed` if a port cannot be served from now: asked before a minute of other work, not after it."""
    try:
        family, sort, protocol, _name, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, sort, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as waitress does
            tried.bind(address)
    except OSError as error:
        raise _not_served(host, port, error) from error


def _not_served(host: str, port: int, error: OSError) -> NotServed:
    if error.errno == errno.EADDRINUSE:
        return NotServed(
            _(
                "Port %(port)s is in use already. End what runs there, or choose another with --port.",
                port=port,
            )
        )
    return NotServed(
        _(
            "Nothing can be served on %(host)s, port %(port)s: %(reason)s.",
            host=host,
            port=port,
            reason=error.strerror or error,
        )
    )


def serve_until_stopped(
    app: Flask, *, host: str, port: int, worker: bool = True, say: Callable[[str], Any] = click.echo
) -> None:
    """Serve until Ctrl-C or SIGTERM; the worker gives back what it holds before this returns."""
    try:
        server = create_server(app, host=host, port=port, threads=THREADS, ident=None)
    except OSError as error:
        raise _not_served(host, port, error) from error
    bound = getattr(server, "effective_port", port)
    with _ending_by_signal():
        beside = start_in_process(app) if worker else None
        try:
            say(_("EventHub serves on %(url)s (Ctrl-C ends it)", url=f"http://{host}:{bound}"))
            # waitress' own run() waits up to five seconds for threads after Ctrl-C.
            server.asyncore.loop(timeout=0.5, map=_sockets_of(server), use_poll=True)
        except KeyboardInterrupt:
            say(_("Ending."))
        finally:
            _end_both(server, beside)


def _end_both(server: Any, beside: Stoppable | None) -> None:
    """End pages and worker at the same time, so that together they take no longer than the slower of them."""
    ending = threading.Thread(target=beside.stop) if beside is not None else None
    if ending is not None:
        ending.start()
    server.task_dispatcher.shutdown(timeout=SECONDS_TO_FINISH)
    server.asyncore.close_all(_sockets_of(server))
    if ending is not None:
        ending.join()


def _sockets_of(server: Any) -> Any:
    """The sockets a server listens to and talks by: it may be one server or several, for several addresses."""
    return server.map if hasattr(server, "map") else server._map  # noqa: SLF001


@contextmanager
def _ending_by_signal() -> Iterator[None]:
    """SIGTERM and Ctrl-C both end the loop here, whatever a library has set up for them."""

    def end(_number: int, _frame: FrameType | None) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C leaves no lease behind either
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


commands = (serve,)
