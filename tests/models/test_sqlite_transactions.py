"""SQLite loses no update: a writing transaction takes its lock before it reads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from eventhub.extensions import configure_sqlite, db, transaction

THREADS = 8
TIMES = 15

CREATE = text("CREATE TABLE seats (taken INTEGER NOT NULL)")
FILL = text("INSERT INTO seats VALUES (0)")
READ = text("SELECT taken FROM seats")
WRITE = text("UPDATE seats SET taken = :taken")


@contextmanager
def opened(file: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(CREATE)
        connection.execute(FILL)
    engine.dispose()
    yield engine
    engine.dispose()


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Engine]:
    """An engine set up as the application sets up its own."""
    with opened(tmp_path / "seats.sqlite") as engine:
        configure_sqlite(engine)
        yield engine


@pytest.fixture
def as_python_sets_it_up(tmp_path: Path) -> Iterator[Engine]:
    """An engine with the driver's defaults."""
    with opened(tmp_path / "seats.sqlite") as engine:
        yield engine


def read_then_write(connection: Connection) -> None:
    taken = connection.scalar(READ)
    connection.execute(WRITE, {"taken": taken + 1})


def taken_in(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(READ).scalar_one())


def writing(engine: Engine) -> Connection:
    return engine.connect().execution_options(eventhub_writing=True)


def test_two_who_read_before_they_write_lose_an_update_with_the_drivers_defaults(
    as_python_sets_it_up: Engine,
):
    """The reason for all this: both commit, no error is raised, and one of them is gone."""
    with as_python_sets_it_up.connect() as first, as_python_sets_it_up.connect() as second:
        first_saw, second_saw = first.scalar(READ), second.scalar(READ)
        first.execute(WRITE, {"taken": first_saw + 1})
        first.commit()
        second.execute(WRITE, {"taken": second_saw + 1})
        second.commit()
    assert taken_in(as_python_sets_it_up) == 1


def test_many_who_read_before_they_write_lose_nothing(ours: Engine):
    def one_thread(_: int) -> None:
        for _ in range(TIMES):
            with writing(ours) as connection, connection.begin():
                read_then_write(connection)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(one_thread, range(THREADS)))
    assert taken_in(ours) == THREADS * TIMES


def test_one_who_began_to_read_only_is_refused_rather_than_overwriting(ours: Engine):
    with ours.connect() as reader, writing(ours) as writer:
        saw = reader.scalar(READ)
        read_then_write(writer)
        writer.commit()
        with pytest.raises(OperationalError, match="locked"):
            reader.execute(WRITE, {"taken": saw + 1})
        reader.rollback()
    assert taken_in(ours) == 1


def test_readers_do_not_wait_for_a_writer(ours: Engine):
    with writing(ours) as writer, ours.connect() as reader:
        read_then_write(writer)
        assert reader.scalar(READ) == 0
        writer.commit()


def test_the_services_transactions_lose_nothing(app: Flask):
    """The same through the application: its engine, its session, the verb that services write with."""
    with app.app_context(), transaction() as session:
        session.execute(CREATE)
        session.execute(FILL)

    def one_thread(_: int) -> None:
        for _ in range(TIMES):
            with app.app_context():
                with transaction() as session:
                    read_then_write(session.connection())
                db.session.remove()

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(one_thread, range(THREADS)))
    with app.app_context():
        assert taken_in(db.engine) == THREADS * TIMES


def test_foreign_keys_are_kept(ours: Engine):
    with ours.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_what_is_committed_is_on_the_disk(ours: Engine):
    full = 2
    with ours.connect() as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == full
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
