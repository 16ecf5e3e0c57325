"""Bring a database to a schema, one migration a transaction, and compare the schema with the models."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext
from flask import current_app
from sqlalchemy import Connection

from eventhub.models import Base

# Two processes that migrate at once take turns on this number; it means nothing else.
ONE_AT_A_TIME = 0x45564855


def main() -> None:
    """Run what Alembic was asked for on the application's database."""
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        # What is set below is for this connection alone; detached, it never goes back to the pool.
        connection.detach()
        on_sqlite = connection.dialect.name == "sqlite"
        connection.execution_options(eventhub_writing=True)
        if on_sqlite:
            _let_tables_be_rebuilt(connection)
        else:
            _take_turns(connection)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            compare_server_default=True,
            render_as_batch=True,
            transaction_per_migration=True,
            on_version_apply=_refuse_orphans if on_sqlite else None,
        )
        with context.begin_transaction():
            context.run_migrations()


def _let_tables_be_rebuilt(connection: Connection) -> None:
    """Suspend foreign keys: SQLite changes a table by rebuilding it, and dropping the old one would cascade.

    The pragma does nothing inside a transaction, so it goes to the driver before one begins.
    """
    connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")


def _refuse_orphans(ctx: MigrationContext, *_: Any, **__: Any) -> None:
    """Check, before a migration commits, the foreign keys that were suspended while it ran."""
    if ctx.connection is None:
        return
    orphans = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if orphans:
        tables = ", ".join(sorted({orphan[0] for orphan in orphans}))
        raise RuntimeError(
            f"This migration leaves rows that point at nothing, in: {tables}. It was rolled back."
        )


def _take_turns(connection: Connection) -> None:
    """Wait for another migration to end, but hardly for a table: sign-ups would queue behind the wait."""
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({ONE_AT_A_TIME})")
    connection.exec_driver_sql("SET lock_timeout = '5s'")
    connection.commit()


main()
