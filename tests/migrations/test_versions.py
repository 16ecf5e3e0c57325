"""Every migration goes up and down again with data in the tables, and the last one is what the models say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Column, Connection, Engine, MetaData, Table, inspect, select, text
from sqlalchemy import func as sql

from eventhub.extensions import db
from tests.conftest import opened, settings_for

pytestmark = pytest.mark.database


@pytest.fixture
def config(empty_database_url: str, instance: Path) -> Iterator[Config]:
    """Alembic, pointed at a database that no migration has seen."""
    with opened(settings_for(instance, empty_database_url)) as app, app.app_context():
        yield config_of(app)


def config_of(app: Flask) -> Config:
    config: Config = app.extensions["migrate"].migrate.get_config()
    return config


def revisions(config: Config) -> list[str]:
    """From the first to the last."""
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def tables_of(engine: Engine) -> MetaData:
    found = MetaData()
    found.reflect(engine)
    found.remove(found.tables["alembic_version"])
    return found


def test_the_newest_schema_is_what_the_models_say(config: Config):
    command.upgrade(config, "head")
    command.check(config)


def test_there_is_one_line_of_migrations(config: Config):
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_down_to_nothing_and_up_again(config: Config):
    command.upgrade(config, "head")
    before = described(db.engine)
    command.downgrade(config, "base")
    assert [name for name in inspect(db.engine).get_table_names() if name != "alembic_version"] == []
    command.upgrade(config, "head")
    assert described(db.engine) == before


def described(engine: Engine) -> dict[str, Any]:
    looked = inspect(engine)
    return {
        table: (
            sorted(
                (column["name"], str(column["type"]), column["nullable"])
                for column in looked.get_columns(table)
            ),
            sorted(str(index["name"]) for index in looked.get_indexes(table)),
            sorted(str(key["name"]) for key in looked.get_foreign_keys(table)),
        )
        for table in looked.get_table_names()
    }


def test_every_step_keeps_the_rows_it_finds_both_ways(config: Config):
    """Up: rows written at one revision are there at the next. Down: a step back works with rows in every table."""
    rows: dict[str, int] = {}
    for revision in revisions(config):
        command.upgrade(config, revision)
        assert counted(db.engine, rows) == rows
        rows = fill(db.engine)
    assert rows
    assert set(rows.values()) == {1}, "every table has a row"
    for revision in [*revisions(config)[-2::-1], "base"]:
        command.downgrade(config, revision)


def counted(engine: Engine, tables: dict[str, int]) -> dict[str, int]:
    with engine.connect() as connection:
        return {name: connection.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0 for name in tables}  # noqa: S608


def fill(engine: Engine) -> dict[str, int]:
    """Put one row into every table that has none, and give back how many rows each has."""
    tables = tables_of(engine)
    numbers = count(1)
    with engine.connect().execution_options(eventhub_writing=True) as connection:
        for table in tables.sorted_tables:
            if not connection.scalar(select(sql.count()).select_from(table)):
                connection.execute(table.insert().values(row_for(table, connection, numbers)))
        connection.commit()
    return counted(engine, dict.fromkeys(tables.tables, 1))


def row_for(table: Table, connection: Connection, numbers: Iterator[int]) -> dict[str, Any]:
    return {
        column.name: value_for(column, connection, next(numbers))
        for column in table.columns
        if not column.nullable and not (column.primary_key and not column.foreign_keys)
    }


def value_for(column: Column[Any], connection: Connection, number: int) -> object:
    for key in column.foreign_keys:
        return connection.scalar(select(key.column).limit(1))
    kind = column.type.python_type
    values: dict[type, object] = {
        bool: True,
        int: number,
        float: 1.0,
        str: str(number),
        bytes: str(number).encode(),
        object: {},  # JSON
        date: date(2024, 7, 1),
        datetime: datetime(2024, 7, 1, tzinfo=UTC),
        time: time(9, 30),
    }
    return values[kind]
