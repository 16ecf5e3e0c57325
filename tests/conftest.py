"""What every test may ask for: an instance folder, a database of its own, the application, a client, a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from flask_migrate import upgrade as upgrade_to_newest_schema
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from playwright.sync_api import Browser, Page
from sqlalchemy import event
from sqlalchemy.pool import QueuePool
from waitress.server import create_server

from eventhub.config import Settings
from tests.browsers import find_chromium, running_chromium
from tests.databases import PostgreSQL, SQLiteTemplate, find_server_programs, running_postgresql, sqlite_url
from tests.leaving_out import leave_out, say_what_was_left_out
from tests.network import shut_the_door

# -- Databases ---------------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked `database` on both databases; any other test that uses one, on SQLite."""
    if metafunc.definition.get_closest_marker("database") and "on_database" in metafunc.fixturenames:
        both = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
        metafunc.parametrize("on_database", both, indirect=True)


@pytest.fixture
def on_database(request: pytest.FixtureRequest) -> str:
    """The database this test runs on: `sqlite` or `postgresql`."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def database_url(on_database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated database without rows, this test's own."""
    if on_database == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    template: SQLiteTemplate = request.getfixturevalue("sqlite_template")
    return template.copy_to(tmp_path / "test.sqlite")


@pytest.fixture
def empty_database_url(on_database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that no migration has seen."""
    if on_database == "postgresql":
        return str(request.getfixturevalue("empty_postgresql_url"))
    return sqlite_url(tmp_path / "empty.sqlite")


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, postgresql_template: str) -> Iterator[str]:
    """As `database_url`, for tests that are about PostgreSQL alone."""
    with postgresql.copy_of(postgresql_template) as url:
        yield url


@pytest.fixture
def empty_postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """As `empty_database_url`, for tests that are about PostgreSQL alone."""
    with postgresql.copy_of("template1") as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(
    tmp_path_factory: pytest.TempPathFactory, migrate: Callable[[str], None]
) -> SQLiteTemplate:
    """A SQLite file with the newest schema, migrated once a run."""
    return SQLiteTemplate.make(tmp_path_factory.mktemp("sqlite"), migrate)


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgreSQL, migrate: Callable[[str], None]) -> str:
    """The name of a PostgreSQL database with the newest schema, migrated once a run."""
    return postgresql.make_template("newest_schema", migrate)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server, started when the first test asks; without its programs the test is left out."""
    programs = find_server_programs()
    if programs is None:
        leave_out("a PostgreSQL server", required_by="EVENTHUB_REQUIRE_PG")
    with running_postgresql(programs) as server:
        yield server


@pytest.fixture(scope="session")
def migrate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Bring the database at an address to the newest schema, as `eventhub db upgrade` does."""
    instance = tmp_path_factory.mktemp("migrating")

    def upgrade(url: str) -> None:
        with opened(settings_for(instance, url)) as app, app.app_context():
            upgrade_to_newest_schema()

    return upgrade


# -- The application ---------------------------------------------------------------------------------

SECRETS = {
    f"EVENTHUB_{name}": f"of the tests, not a secret: {name}"
    for name in ("SECRET_KEY", "DATA_KEY", "INDEX_KEY")
}


def settings_for(instance: Path, database_url: str, **more: str) -> Settings:
    """Settings as the environment would give them, for a test's own folder and database."""
    return Settings.from_environ(
        {
            "EVENTHUB_INSTANCE": str(instance),
            "EVENTHUB_DATABASE_URL": database_url,
            **SECRETS,
            **more,
        }
    )


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """The folder in which the application writes everything it writes."""
    folder = tmp_path / "instance"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(instance: Path, database_url: str) -> Settings:
    """The settings of this test's application."""
    return settings_for(instance, database_url)


class CompiledTemplates(BytecodeCache):
    """Templates as this process compiled them: each test has an application of its own, all read the same."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


COMPILED_TEMPLATES = CompiledTemplates()


@contextmanager
def opened(settings: Settings) -> Iterator[Flask]:
    """An application whose connections are closed afterwards."""
    # Here, so that the tests of the ground floors start without the whole house.
    from eventhub.app import create_app
    from eventhub.extensions import db

    app = create_app(settings)
    app.testing = True
    app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    # Forms are posted by tests without asking for a page first; a live server asks for the token, as always.
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        engine = db.engine
    if settings.is_sqlite:
        event.listen(engine, "connect", _never_wait_for_the_disk)
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
        left_open = engine.pool.checkedout() if isinstance(engine.pool, QueuePool) else 0
        engine.dispose()
    assert left_open == 0, (
        "Something still holds a connection: it would be closed in the middle of another test."
    )


def _never_wait_for_the_disk(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application over a migrated database without rows."""
    with opened(settings) as running:
        yield running


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor who is not signed in."""
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    """Runs commands as `eventhub` on a terminal would."""
    return app.test_cli_runner()


# -- The browser -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started when the first test asks; without it the test is left out."""
    program = find_chromium()
    if program is None:
        leave_out("Chromium", required_by="EVENTHUB_REQUIRE_BROWSER")
    with running_chromium(program) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh visitor on a phone 360 pixels wide who reads Chinese."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="zh-CN", timezone_id="Asia/Shanghai", has_touch=True
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def live_server(app: Flask) -> Iterator[str]:
    """The address at which the application answers a browser while the test runs."""
    app.config["WTF_CSRF_ENABLED"] = True
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    sockets = server._map
    ended = threading.Event()

    def answer() -> None:
        # The server's own loop lasts as long as a browser keeps a connection: seconds after the test.
        while not ended.is_set():
            server.asyncore.loop(timeout=0.1, map=sockets, use_poll=True, count=1)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    ended.set()
    thread.join(timeout=5)
    server.task_dispatcher.shutdown(timeout=1)
    server.asyncore.close_all(sockets)


# -- Every test --------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def _stay_on_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        shut_the_door(monkeypatch)
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say loudly what was left out, after all else and just above the closing line."""
    yield
    say_what_was_left_out(terminalreporter)
