"""Run Thunderbird without a window and read mail in it as a person would: open, press a button, look into the calendar."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.calendars.marionette import Marionette
from tests.calendars.seats import READER

SCRIPT = Path(__file__).with_name("thunderbird.js").read_text("utf-8")
PATIENCE = 60
"""Seconds until it must have started, and until it must have ended."""

PREFERENCES: dict[str, str | int | bool] = {
    "marionette.port": 0,
    # Nothing leaves this machine.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    # A server that a test has started can end with the test.
    "network.http.keep-alive.timeout": 1,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.shell.checkDefaultClient": False,
    # A reader with a mailbox that is never fetched.
    "mail.accountmanager.accounts": "account1",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.account.account1.identities": "id1",
    "mail.account.account1.server": "server1",
    "mail.identity.id1.useremail": READER,
    "mail.identity.id1.fullName": "马兰",
    "mail.identity.id1.smtpServer": "smtp1",
    "mail.identity.id1.valid": True,
    "mail.server.server1.type": "pop3",
    "mail.server.server1.hostname": "pop.example",
    "mail.server.server1.userName": "ma.lan",
    "mail.server.server1.name": READER,
    "mail.server.server1.login_at_startup": False,
    "mail.server.server1.check_new_mail": False,
    "mail.smtpservers": "smtp1",
    "mail.smtp.defaultserver": "smtp1",
    "mail.smtpserver.smtp1.hostname": "127.0.0.1",
    "mail.smtpserver.smtp1.port": 9,
    "calendar.timezone.useSystemTimezone": False,
    "calendar.timezone.local": "Asia/Shanghai",
}


@dataclass(frozen=True)
class Offer:
    """What the bar above an opened mail offers.

    ``method`` is Thunderbird's word for it, empty where there is nothing left to do; ``deleted_before`` is whether the
    calendar remembers having deleted this event, so that taking it again needs a confirmation.
    """

    subject: str
    method: str
    buttons: list[str]
    details: str
    deleted_before: bool


@dataclass(frozen=True)
class Thunderbird:
    """A running Thunderbird with one mailbox and one calendar."""

    _marionette: Marionette

    def open(self, mail: bytes) -> Offer:
        """Open a mail that has come."""
        return Offer(**self._call("show", mail.decode("ascii")))

    def leave(self) -> None:
        """Close the mail in front, untouched."""
        self._call("leave")

    def press(self, answer: str = "") -> list[dict[str, Any]]:
        """Press the button for this answer, if there is one, and leave the mail; what then stands in the calendar."""
        self._call("press", answer)
        return self.standing()

    def receive(self, mail: bytes) -> list[dict[str, Any]]:
        """Open a mail, accept whatever it offers, and say what then stands in the calendar."""
        offer = self.open(mail)
        return self.press("" if offer.method == "CANCEL" else "ACCEPTED")

    def standing(self) -> list[dict[str, Any]]:
        """What stands in the calendar."""
        events: list[dict[str, Any]] = self._call("standing")
        return events

    def subscribed(self, url: str, number: int) -> list[dict[str, Any]]:
        """What a subscription to this address shows, fetched anew, once it holds so many events."""
        events: list[dict[str, Any]] = self._call("subscribed", url, number)
        return events

    def clear(self) -> None:
        """Take everything out of the calendar, and end the subscriptions."""
        self._call("clear")

    def _call(self, function: str, *arguments: str | int) -> Any:
        return self._marionette.call(SCRIPT, function, *arguments)


def find_thunderbird() -> str | None:
    """The path of Thunderbird."""
    return shutil.which("thunderbird")


@contextmanager
def running_thunderbird(program: str, home: Path) -> Iterator[Thunderbird]:
    """Thunderbird with a fresh profile in ``home``, ended afterwards."""
    profile = home / "profile"
    profile.mkdir()
    (profile / "user.js").write_text(
        "".join(f"user_pref({_said(name)}, {_said(value)});\n" for name, value in PREFERENCES.items()),
        "utf-8",
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "LANG": "C.UTF-8",
        "MOZ_HEADLESS": "1",
        "MOZ_CRASHREPORTER_DISABLE": "1",
    }
    command = [program, "--headless", "--no-remote", "--profile", str(profile)]
    command += ["--marionette", "--remote-allow-system-access"]
    with (home / "thunderbird.log").open("w") as log:
        running = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            with closing(Marionette(_port(profile / "MarionetteActivePort", running))) as marionette:
                thunderbird = Thunderbird(marionette)
                thunderbird._call("setUp")
                yield thunderbird
        finally:
            running.terminate()
            try:
                running.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def _port(told: Path, running: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert running.poll() is None, "Thunderbird has ended before it answered"
        if told.exists() and (port := told.read_text("ascii").strip()):
            return int(port)
        time.sleep(0.05)
    raise AssertionError("Thunderbird never began to answer")


def _said(value: str | int | bool) -> str:
    return json.dumps(value, ensure_ascii=False)
