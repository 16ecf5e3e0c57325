"""Tests cannot reach beyond this machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.network import OutsideWorldError

# 192.0.2.0/24 and 2001:db8::/32 are reserved for documentation: nobody is there.


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, ("192.0.2.1", 80)), (socket.AF_INET6, ("2001:db8::1", 80, 0, 0))],
)
def test_an_address_elsewhere_is_refused_before_it_is_tried(
    family: socket.AddressFamily, address: tuple[str, int]
):
    with socket.socket(family) as outward:
        with pytest.raises(OutsideWorldError):
            outward.connect(address)
        with pytest.raises(OutsideWorldError):
            outward.connect_ex(address)


def test_a_name_elsewhere_is_not_looked_up():
    with pytest.raises(OutsideWorldError):
        socket.getaddrinfo("mail.example.org", 25)


def test_this_machine_may_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_a_socket_file_may_be_reached(tmp_path: Path):
    file = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as visitor:
        server.bind(file)
        server.listen()
        visitor.connect(file)
