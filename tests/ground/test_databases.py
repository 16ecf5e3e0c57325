"""The databases that tests are given: each test's own, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.databases import OWNER, PostgreSQL, SQLiteTemplate, find_server_programs


def write_one_table(url: str) -> None:
    """Stand in for a migration."""
    with psycopg.connect(conninfo_of(url)) as connection:
        connection.execute("CREATE TABLE seat (number integer)")


def conninfo_of(url: str) -> str:
    return url.replace("+psycopg", "")


@pytest.mark.postgresql
def test_what_one_test_writes_the_next_does_not_see(postgresql: PostgreSQL):
    template = postgresql.make_template("with_one_table", write_one_table)
    with postgresql.copy_of(template) as url, psycopg.connect(conninfo_of(url)) as connection:
        connection.execute("INSERT INTO seat VALUES (1)")
    with postgresql.copy_of(template) as url, closing(psycopg.connect(conninfo_of(url))) as connection:
        assert connection.execute("SELECT count(*) FROM seat").fetchone() == (0,)


@pytest.mark.postgresql
def test_a_copy_is_dropped_although_a_connection_was_left_open(postgresql: PostgreSQL):
    template = postgresql.make_template("left_open", write_one_table)
    with postgresql.copy_of(template) as url:
        left_open = psycopg.connect(conninfo_of(url))
    with closing(left_open), pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")


@pytest.mark.postgresql
def test_the_server_is_reached_over_its_socket_only(postgresql: PostgreSQL):
    with closing(
        psycopg.connect(host=str(postgresql.socket_folder), user=OWNER, dbname="postgres")
    ) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.mark.postgresql
def test_a_server_does_not_outlive_the_tests_even_when_they_are_killed(postgresql: PostgreSQL):
    programs = find_server_programs()
    tells_its_folder = f"""
import pathlib, sys, time
from tests.databases import running_postgresql
with running_postgresql(pathlib.Path({str(programs)!r})) as server:
    print(server.socket_folder, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", tells_its_folder], stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        assert is_alive(server)
        os.kill(tests.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while is_alive(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(server)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()


def test_a_copy_of_a_file_is_independent_of_its_template(tmp_path: Path):
    template = SQLiteTemplate(tmp_path / "template.sqlite")
    template.file.write_bytes(b"schema")
    assert template.copy_to(tmp_path / "test.sqlite") == f"sqlite:///{tmp_path}/test.sqlite"
    (tmp_path / "test.sqlite").write_bytes(b"schema and rows")
    assert template.file.read_bytes() == b"schema"
