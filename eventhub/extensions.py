"""The database, the form guard and the accounts library: made here, bound to an application in ``app.py``.

Flask-SQLAlchemy is a thin shell only (sessions and engines bound to the application): models stand on our own
declarative base and queries are written with ``select()``, so that its successor can replace it in this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_security import Security
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

SQLITE_WAIT_MILLISECONDS = 30_000

db = SQLAlchemy()
csrf = CSRFProtect()
security = Security()


def configure_sqlite(engine: Engine) -> None:
    """Make SQLite keep what it promised: writing transactions that begin as such, durable, with foreign keys.

    Python's driver begins transactions late, and two that read before they write then lose updates without an
    error. Here a writing transaction (:func:`transaction`) takes its lock at the start; reading ones begin
    deferred, so that pages do not wait for one another.
    """

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_WAIT_MILLISECONDS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("eventhub_writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN DEFERRED")


class WroteOutsideTransaction(RuntimeError):
    """Something was to be written outside :func:`transaction`: services are the only writers."""


@contextmanager
def transaction() -> Iterator[Session]:
    """One writing transaction: committed whole at the end, or rolled back whole. Not to be nested.

    Whatever the request read before is let go first, so that the writer decides on what is true now.
    """
    session = db.session()
    if session.info.get("writing"):
        message = "A service called another service: one transaction inside another."
        raise WroteOutsideTransaction(message)
    session.rollback()
    session.info["writing"] = True
    try:
        session.connection(execution_options={"eventhub_writing": True})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["writing"] = False


@contextmanager
def snapshot() -> Iterator[Session]:
    """One reading transaction with a single, unchanging view of the data, given back at the end."""
    session = db.session()
    session.rollback()
    postgresql = db.engine.dialect.name == "postgresql"
    try:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"} if postgresql else {})
        yield session
    finally:
        session.rollback()


@event.listens_for(Session, "before_flush")
def _only_services_write(session: Session, *_: Any) -> None:
    if session.info.get("guarded", True) and not session.info.get("writing"):
        message = f"Written outside a transaction: {[*session.new, *session.dirty, *session.deleted][:3]}"
        raise WroteOutsideTransaction(message)
