"""Talk to a Mozilla program by Marionette: JSON over a socket, each message led by its length."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 30
"""Seconds for any one command."""


@dataclass
class Marionette:
    """One session inside the program itself, not inside a page."""

    port: int
    _number: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        self._incoming = self._socket.makefile("rb")
        self._read()  # the greeting
        self.command("WebDriver:NewSession", capabilities={})
        self.command("Marionette:SetContext", value="chrome")
        self.command("WebDriver:SetTimeouts", script=PATIENCE * 1000)

    def command(self, name: str, **parameters: Any) -> Any:
        """Do it, and give the answer; a refusal is an :class:`AssertionError`."""
        self._number += 1
        octets = json.dumps([0, self._number, name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(octets), octets))
        _, _, error, result = self._read()
        assert error is None, f"{name}: {error['error']}: {error['message']}"
        return result

    def call(self, script: str, function: str, *arguments: Any) -> Any:
        """What the function of this script answers, once it has."""
        waiting = f"""
            const done = arguments[arguments.length - 1];
            const given = Array.from(arguments).slice(0, -1);
            (async () => {{ {script}
              return await {function}(...given);
            }})().then(
              (value) => done({{ value: value ?? null }}),
              (error) => done({{ error: `${{error}} ${{error.stack}}` }}),
            );"""
        answer = self.command(
            "WebDriver:ExecuteAsyncScript",
            script=waiting,
            args=list(arguments),
            newSandbox=True,
            sandbox="system",
        )["value"]
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def close(self) -> None:
        """Hang up."""
        self._incoming.close()
        self._socket.close()

    def _read(self) -> Any:
        length = b""
        while (octet := self._incoming.read(1)) != b":":
            assert octet, "the program has hung up"
            length += octet
        return json.loads(self._incoming.read(int(length)))
