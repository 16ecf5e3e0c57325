"""Run evolution-data-server, where GNOME's calendars are kept, on a message bus and in a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

SYSTEM_PYTHON = "/usr/bin/python3"
"""The bindings to GNOME's libraries come from the distribution and belong to its Python."""

READER = Path(__file__).with_name("evolution_reader.py")
BINDINGS = "import gi; gi.require_version('ECal', '2.0'); from gi.repository import ECal"
SERVICE = Path("/usr/share/dbus-1/services/org.gnome.evolution.dataserver.Calendar8.service")


@dataclass(frozen=True)
class Standing:
    """What stands in a calendar after a message, and why the message was refused if it was."""

    events: list[dict[str, Any]]
    refusal: str


@dataclass(frozen=True)
class EvolutionCalendar:
    """One empty calendar and whatever comes into it."""

    name: str
    _asked: subprocess.Popen[str]

    def receive(self, *messages: bytes) -> Standing:
        """Hand messages over as a mail program does; what stands after the last."""
        standing = self.read()
        for message in messages:
            standing = self._ask(receive=message.decode())
        return standing

    def subscribe(self, url: str) -> Standing:
        """Make this calendar follow an address; what stands in it once it has been fetched."""
        return self._ask(subscribe=url)

    def refresh(self, events: int) -> Standing:
        """Fetch anew what this calendar follows; what stands in it once it holds so many events, or never does."""
        return self._ask(refresh=events)

    def read(self) -> Standing:
        """What stands in it now."""
        return self._ask()

    def _ask(self, **question: str | int) -> Standing:
        assert self._asked.stdin
        assert self._asked.stdout
        self._asked.stdin.write(json.dumps({"calendar": self.name, **question}) + "\n")
        self._asked.stdin.flush()
        answer = self._asked.stdout.readline()
        assert answer, "the reader of evolution-data-server has died"
        return Standing(**json.loads(answer))


@dataclass(frozen=True)
class Evolution:
    """A running calendar service."""

    _asked: subprocess.Popen[str]

    def calendar(self) -> EvolutionCalendar:
        """A calendar nobody has used yet."""
        return EvolutionCalendar(f"calendar-{uuid4()}", self._asked)


def find_evolution() -> Sequence[str] | None:
    """The command that reads calendars of evolution-data-server on a bus of its own; None where one part is missing."""
    bus = shutil.which("dbus-run-session")
    if bus is None or not SERVICE.exists() or not Path(SYSTEM_PYTHON).exists():
        return None
    bindings = subprocess.run([SYSTEM_PYTHON, "-c", BINDINGS], capture_output=True, check=False)
    return None if bindings.returncode else (bus, "--", SYSTEM_PYTHON, str(READER))


@contextmanager
def running_evolution(command: Sequence[str], home: Path) -> Iterator[Evolution]:
    """The service, ended with its bus afterwards; everything it keeps lies in ``home``."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "LANG": "C.UTF-8",
        "TZ": "Asia/Shanghai",
        "GSETTINGS_BACKEND": "memory",
        "GIO_USE_VFS": "local",
    }
    with (home / "evolution.log").open("w") as log:
        asked = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            yield Evolution(asked)
        finally:
            # The reader leaves when nothing more is asked, its bus with it, and the service with the bus.
            asked.communicate(timeout=20)
