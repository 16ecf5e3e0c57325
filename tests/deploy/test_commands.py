"""The commands that `compose.yaml` and `Dockerfile` name do on PostgreSQL what they are named for.

No container engine is needed: each service's very command is started with that service's very environment, its
placeholders filled in, and only the addresses of the database and of the mail relay replaced by this machine's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from queue import Queue
from typing import Any

import psycopg
import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from eventhub.config import ConfigError, Settings
from eventhub.services import signin
from eventhub.services.accounts import AccountDraft
from tests.conftest import opened

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
OURS = ("migrate", "app", "worker")
HOST = "events.example.org"
SECONDS_TO_START = 30

# What an operator writes into .env.
ENV_FILE = {
    "EVENTHUB_SECRET_KEY": "s" * 48,
    "EVENTHUB_DATA_KEY": "d" * 48,
    "EVENTHUB_INDEX_KEY": "i" * 48,
    "EVENTHUB_DATABASE_PASSWORD": "Zq7hN2",
    "EVENTHUB_BASE_URL": f"https://{HOST}",
    "EVENTHUB_ORGANIZER_NAME": "Federation",
    "EVENTHUB_ORGANIZER_ADDRESS": "events@example.org",
    "EVENTHUB_CHILDREN_OFFICER": "Ma Lan, 0951 0000000",
    "EVENTHUB_MAIL_DOMAIN": "example.org",
}


def environment_of(service: str, env_file: dict[str, str]) -> dict[str, str]:
    """A service's environment as Compose would make it; KeyError where a required value is missing."""
    written: dict[str, str] = COMPOSE["services"][service]["environment"]
    return {
        name: re.sub(r"\$\{(\w+):\?\}", lambda hit: env_file[hit[1]], text) for name, text in written.items()
    }


def command_of(service: str) -> list[str]:
    command: list[str] = COMPOSE["services"][service]["command"]
    return command


# -- What the files say ------------------------------------------------------------------------------


@pytest.mark.parametrize("service", OURS)
def test_the_environment_is_one_that_production_accepts(service: str, instance: Path):
    settings = Settings.from_environ(
        {**environment_of(service, ENV_FILE), "EVENTHUB_INSTANCE": str(instance)}
    )
    assert settings.production
    assert settings.database_url == "postgresql+psycopg://eventhub:Zq7hN2@database/eventhub"


@pytest.mark.parametrize("service", OURS)
def test_no_variable_is_set_that_nobody_reads(service: str, instance: Path):
    class Asked(dict[str, str]):
        names: set[str] = set()  # noqa: RUF012 - one class a call

        def get(self, name: str, default: Any = None) -> Any:
            self.names.add(name)
            return super().get(name, default)

    environment = Asked({**environment_of(service, ENV_FILE), "EVENTHUB_INSTANCE": str(instance)})
    Settings.from_environ(environment)
    assert set(environment) - environment.names == set()


@pytest.mark.parametrize(
    "name", sorted(ENV_FILE.keys() - {"EVENTHUB_MAIL_DOMAIN", "EVENTHUB_DATABASE_PASSWORD"})
)
def test_nothing_starts_while_a_needed_value_is_missing(name: str, instance: Path):
    with pytest.raises(KeyError, match=name):
        environment_of("app", {key: value for key, value in ENV_FILE.items() if key != name})


@pytest.mark.parametrize("name", ["EVENTHUB_SECRET_KEY", "EVENTHUB_ORGANIZER_ADDRESS", "EVENTHUB_SMTP_HOST"])
def test_production_itself_refuses_to_start_without(name: str, instance: Path):
    environment = {**environment_of("app", ENV_FILE), "EVENTHUB_INSTANCE": str(instance)}
    del environment[name]
    with pytest.raises(ConfigError, match=name):
        Settings.from_environ(environment)


def test_the_image_and_the_service_start_the_web_alike():
    assert json.loads(re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[-1]) == command_of("app")


def test_the_image_installs_what_is_locked_and_runs_as_nobody_special():
    assert "pip install --require-hashes -r requirements.lock" in DOCKERFILE
    assert DOCKERFILE.index("USER eventhub") < DOCKERFILE.index("CMD [")


def test_the_image_holds_everything_that_runs():
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    }
    assert allowed >= {
        "eventhub",
        "solvers",
        "templates",
        "migrations",
        "wsgi.py",
        "pyproject.toml",
        "requirements.lock",
    }
    assert [name for name in allowed if not (ROOT / name).exists()] == []


# -- What the commands do ----------------------------------------------------------------------------


@pytest.fixture
def port() -> int:
    return free_port()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def environment(empty_postgresql_url: str, instance: Path, port: int) -> dict[str, str]:
    """The services' environment, with this test's database, folder and port."""
    return {
        **environment_of("app", ENV_FILE),
        "EVENTHUB_DATABASE_URL": empty_postgresql_url.replace("+psycopg", ""),
        "EVENTHUB_INSTANCE": str(instance),
        "EVENTHUB_SMTP_HOST": "127.0.0.1",
        "PORT": str(port),
        # gunicorn adds these to the command's own: listen to this machine alone.
        "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(instance),
    }


@pytest.fixture
def migrated(environment: dict[str, str]) -> dict[str, str]:
    run(command_of("migrate"), environment)
    return environment


def run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A service, asked to stop afterwards as an engine would, and gone within ten seconds."""
    with log.open("wb") as file, subprocess.Popen(
        [shutil.which(command[0], path=environment["PATH"]) or command[0], *command[1:]],
        cwd=ROOT, env=environment, stdout=file, stderr=file,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def answer(port: int, path: str) -> str:
    """The page at a path, asked for as the reverse proxy asks; waits for the server to start."""
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            try:
                connection.request("GET", path, headers={"Host": HOST, "X-Forwarded-Proto": "https"})
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
                continue
            response = connection.getresponse()
            text = response.read().decode()
            assert response.status == HTTPStatus.OK, path
            return text


@pytest.mark.postgresql
def test_migrate_makes_the_schema_and_may_run_again_at_every_release(environment: dict[str, str]):
    run(command_of("migrate"), environment)
    run(command_of("migrate"), environment)
    with psycopg.connect(environment["EVENTHUB_DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM registration").fetchone() == (0,)


@pytest.mark.postgresql
def test_two_that_migrate_at_once_take_turns(environment: dict[str, str]):
    started = [
        subprocess.Popen(command_of("migrate"), cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], said


@pytest.mark.postgresql
def test_the_web_answers_and_stops_when_told(migrated: dict[str, str], port: int, tmp_path: Path):
    log = tmp_path / "log"
    with running(command_of("app"), migrated, log) as web:
        assert "</html>" in answer(port, "/")
    assert web.returncode == 0, log.read_text()


@pytest.mark.postgresql
def test_the_image_can_tell_whether_the_web_is_healthy(migrated: dict[str, str], port: int, tmp_path: Path):
    found = re.search(r"^HEALTHCHECK .*?CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert found is not None
    check = json.loads(found[1])
    with running(command_of("app"), migrated, tmp_path / "log"):
        answer(port, "/")
        run(check, migrated)
    stopped = subprocess.run(check, env=migrated, check=False, capture_output=True, timeout=60)
    assert stopped.returncode != 0


class Relay:
    """The mail relay beside: keeps what it is given."""

    def __init__(self) -> None:
        self.letters: Queue[tuple[list[str], bytes]] = Queue()

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        self.letters.put((envelope.rcpt_tos, envelope.original_content or b""))
        return "250 OK"


@contextmanager
def listening(relay: Relay, port: int) -> Iterator[None]:
    controller = Controller(relay, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@pytest.mark.postgresql
def test_the_worker_sends_what_is_due_and_stops_when_told(migrated: dict[str, str], tmp_path: Path):
    relay, port, log = Relay(), free_port(), tmp_path / "log"
    environment = {**migrated, "EVENTHUB_SMTP_PORT": str(port)}
    with opened(Settings.from_environ(environment)) as app, app.test_request_context():
        signin.sign_up(AccountDraft("马兰", "malan@example.org"), network="127.0.0.1", at=datetime.now(UTC))
    with listening(relay, port), running(command_of("worker"), environment, log) as worker:
        recipients, letter = relay.letters.get(timeout=SECONDS_TO_START)
    assert recipients == ["malan@example.org"]
    text = message_from_bytes(letter, policy=policy.default).get_body(("plain",))
    assert text is not None
    assert f"https://{HOST}/sign-in/" in text.get_content()
    assert worker.returncode == 0, log.read_text()
