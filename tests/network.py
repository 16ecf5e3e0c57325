"""Keep the tests on this machine: a connection to anywhere else is refused before it is tried."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest


class OutsideWorldError(Exception):
    """A test tried to reach something beyond this machine."""


def stays_here(family: int, address: object) -> bool:
    """Whether an address as given to `socket.connect` lies on this machine."""
    if family == socket.AF_UNIX:
        return True
    if not isinstance(address, tuple):
        return False
    host = address[0]
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shut_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections and name look-ups that would leave this machine."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_unless(stays_here(self.family, address), address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_unless(stays_here(self.family, address), address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        _refuse_unless(name is None or stays_here(socket.AF_INET, (name,)), host)
        return getaddrinfo(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)


def _refuse_unless(here: bool, address: object) -> None:
    if not here:
        raise OutsideWorldError(f"tests stay on this machine; {address!r} lies outside it")
