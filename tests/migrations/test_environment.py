"""A migration runs whole or not at all, and rebuilding a table on SQLite loses no rows elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent, indent

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import inspect, text

from eventhub.extensions import db
from tests.conftest import opened, settings_for

ROOT = Path(__file__).parents[2]

Upgrade = Callable[[str], None]

FAMILY = """
    op.create_table("parent", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(20)))
    op.create_table(
        "child",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("parent_id", sa.Integer(), sa.ForeignKey("parent.id", name="of_parent", ondelete="CASCADE"), nullable=False),
    )
    op.execute("INSERT INTO parent VALUES (1, 'Ma')")
    op.execute("INSERT INTO child VALUES (1, 1)")
"""


@pytest.fixture
def empty(empty_database_url: str, instance: Path) -> Iterator[Flask]:
    """An application over a database that no migration has seen."""
    with opened(settings_for(instance, empty_database_url)) as app, app.app_context():
        yield app


@pytest.fixture
def write_version(tmp_path: Path) -> Callable[[str, str], None]:
    """Write the next migration into a folder of this test's own, run by our `env.py`."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        shutil.copy(ROOT / "migrations" / name, folder)

    def write(revision: str, upgrade: str) -> None:
        before = f"{int(revision) - 1:04}"
        head = f'revision = "{revision}"\ndown_revision = {None if before == "0000" else before!r}\n'
        source = "import sqlalchemy as sa\nfrom alembic import op\n" + head
        source += "def upgrade():\n" + indent(dedent(upgrade), "    ")
        source += "\ndef downgrade():\n    raise NotImplementedError\n"
        (folder / "versions" / f"{revision}.py").write_text(source)

    return write


@pytest.fixture
def upgrade(empty: Flask, tmp_path: Path) -> Upgrade:
    config = empty.extensions["migrate"].migrate.get_config(tmp_path / "migrations")
    return lambda revision: command.upgrade(config, revision)


def numbers(statement: str) -> list[int]:
    with db.engine.connect() as connection:
        return list(connection.scalars(text(statement)))


def revision_now() -> list[str]:
    with db.engine.connect() as connection:
        return list(connection.scalars(text("SELECT version_num FROM alembic_version")))


@pytest.mark.database
def test_a_migration_that_fails_half_way_leaves_the_schema_as_it_was(
    write_version: Callable[[str, str], None], upgrade: Upgrade
):
    write_version("0001", 'op.create_table("kept", sa.Column("id", sa.Integer(), primary_key=True))')
    write_version(
        "0002", 'op.create_table("half", sa.Column("id", sa.Integer()))\nraise ValueError("half way")'
    )
    with pytest.raises(ValueError, match="half way"):
        upgrade("head")
    assert sorted(inspect(db.engine).get_table_names()) == ["alembic_version", "kept"]
    assert revision_now() == ["0001"]


@pytest.mark.database
def test_changing_a_table_keeps_the_rows_that_point_at_it(
    write_version: Callable[[str, str], None], upgrade: Upgrade
):
    """On SQLite a changed table is dropped and made anew, which would delete its children by cascade."""
    write_version("0001", FAMILY)
    write_version(
        "0002",
        """
        with op.batch_alter_table("parent") as parent:
            parent.alter_column("name", type_=sa.String(40), existing_type=sa.String(20))
        """,
    )
    upgrade("head")
    assert revision_now() == ["0002"]
    assert numbers("SELECT id FROM child") == [1]


@pytest.mark.database
def test_a_migration_that_would_leave_orphans_is_refused(
    write_version: Callable[[str, str], None], upgrade: Upgrade, on_database: str
):
    write_version("0001", FAMILY)
    write_version("0002", 'op.execute("INSERT INTO child VALUES (2, 99)")')
    with pytest.raises(Exception, match="point at nothing" if on_database == "sqlite" else "foreign key"):
        upgrade("head")
    assert revision_now() == ["0001"]
    assert numbers("SELECT id FROM child") == [1]


@pytest.mark.database
def test_foreign_keys_are_kept_again_afterwards(
    write_version: Callable[[str, str], None], upgrade: Upgrade, on_database: str
):
    write_version("0001", FAMILY)
    upgrade("head")
    with db.engine.connect().execution_options(eventhub_writing=True) as connection:
        connection.execute(text("DELETE FROM parent"))
        connection.commit()
    assert numbers("SELECT id FROM child") == []
