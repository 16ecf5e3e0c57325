"""Give each test a database of its own: a copy of a migrated file on SQLite, of a migrated template on PostgreSQL.

PostgreSQL is started from the system's own programs, with its data in a temporary folder, reachable over a
Unix socket alone, and never flushed to disk: it holds nothing that outlives the tests.
"""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

Migrate = Callable[[str], None]
SECONDS_TO_START = 30
OWNER = "eventhub"
DEBIAN = Path("/usr/lib/postgresql")


def find_server_programs() -> Path | None:
    """The folder of `initdb` and `postgres`: from PATH, else Debian's newest version, else None."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(DEBIAN.glob("*/bin"), key=_version_of, reverse=True)
    return next((folder for folder in candidates if _is_server(folder)), None)


def _version_of(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", folder.parent.name))


def _is_server(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))


@dataclass(frozen=True)
class PostgreSQL:
    """A running server of the tests' own, and databases made in it by copying a template."""

    socket_folder: Path
    numbers: Iterator[int]

    def url(self, database: str) -> str:
        """The address of a database in the form the application takes."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={quote(str(self.socket_folder))}"

    def make_template(self, name: str, migrate: Migrate) -> str:
        """Create a database, bring it to the newest schema, and give back its name."""
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        migrate(self.url(name))
        return name

    @contextmanager
    def copy_of(self, template: str) -> Iterator[str]:
        """The address of a fresh copy, dropped afterwards even where a test left connections open."""
        name = f"test_{next(self.numbers)}"
        # FILE_COPY: a copy of the files, several times quicker here than replaying them through the log.
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            yield self.url(name)
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.socket_folder), user=OWNER, dbname="postgres", autocommit=True)


@contextmanager
def running_postgresql(programs: Path) -> Iterator[PostgreSQL]:
    """A server with an empty cluster, stopped and removed afterwards."""
    # Short, since a Unix socket's path may have about a hundred characters only.
    folder = Path(tempfile.mkdtemp(prefix="eventhub-pg-"))
    user = _Unprivileged.where_needed()
    user.own(folder)
    data = folder / "data"
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-sync",
             "--locale=C", "--no-instructions"],
            check=True, capture_output=True, cwd=folder, **user.as_keywords(),
        )  # fmt: skip
        with _server(programs, data, folder, user):
            yield PostgreSQL(socket_folder=folder, numbers=itertools.count(1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(programs: Path, data: Path, folder: Path, user: _Unprivileged) -> Iterator[None]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "32MB",
        "max_connections": "60",
        "autovacuum": "off",
        "timezone": "UTC",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    # The shell stops the server when its standard input closes, and that happens however the tests end, even
    # killed: no server is left behind.
    guard = '"$0" "$@" & server=$!; read -r _; kill -INT "$server"; wait "$server"'
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(
        ["sh", "-c", guard, programs / "postgres", "-D", data, *options],
        stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder, **user.as_keywords(),
    ) as process:  # fmt: skip
        try:
            _wait_until_it_answers(process, folder)
            yield
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=SECONDS_TO_START)


def _wait_until_it_answers(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            psycopg.connect(host=str(folder), user=OWNER, dbname="postgres").close()
        except psycopg.OperationalError as problem:
            if process.poll() is not None or time.monotonic() > deadline:
                said = (folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {said}") from problem
            time.sleep(0.05)
        else:
            return


@dataclass(frozen=True)
class _Unprivileged:
    """The user whom PostgreSQL runs as: it refuses to run as root."""

    name: str | None

    @classmethod
    def where_needed(cls) -> Self:
        if os.geteuid() != 0:
            return cls(None)
        known = {entry.pw_name for entry in pwd.getpwall()}
        return cls("postgres" if "postgres" in known else "nobody")

    def own(self, folder: Path) -> None:
        if self.name is not None:
            shutil.chown(folder, self.name)

    def as_keywords(self) -> dict[str, Any]:
        return {} if self.name is None else {"user": self.name, "extra_groups": []}


@dataclass(frozen=True)
class SQLiteTemplate:
    """A migrated database file to copy from."""

    file: Path

    @classmethod
    def make(cls, folder: Path, migrate: Migrate) -> Self:
        """Migrate a new file in `folder`."""
        file = folder / "template.sqlite"
        migrate(sqlite_url(file))
        # What still stands in the log file beside it would not be copied.
        leftovers = [path.name for path in folder.glob("template.sqlite-*") if path.stat().st_size]
        assert not leftovers, f"the template is still open: {leftovers}"
        return cls(file)

    def copy_to(self, file: Path) -> str:
        """Copy the template and give back the copy's address."""
        shutil.copyfile(self.file, file)
        return sqlite_url(file)


def sqlite_url(file: Path) -> str:
    """The address of a database file in the form the application takes."""
    return f"sqlite:///{file}"
