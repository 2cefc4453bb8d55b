from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from synthetic.testing import RunningServer, copy_template, running_server


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the settings of the box, shared by the tests of a module."""
    directory = copy_template(template, tmp_path_factory.mktemp("served") / "store")
    with running_server(directory) as running:
        yield running


def origin_of(server: RunningServer) -> str:
    """`http://host:port` of a server."""
    parts = urlsplit(server.url)
    return f"{parts.scheme}://{parts.netloc}"


@contextlib.contextmanager
def connection_to(server: RunningServer, *, receive_bytes: int | None = None) -> Iterator[socket.socket]:
    """A TCP connection, for what no HTTP client would send."""
    parts = urlsplit(server.url)
    family = socket.AF_INET6 if ":" in str(parts.hostname) else socket.AF_INET
    with socket.socket(family) as connection:
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.connect((parts.hostname, parts.port))
        yield connection


def read_to_end(connection: socket.socket) -> bytes:
    """All that the server sends until it closes the connection."""
    parts: list[bytes] = []
    while True:
        try:
            part = connection.recv(65_536)
        except ConnectionResetError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def read_answer(connection: socket.socket) -> bytes:
    """One whole answer, on a connection that stays open."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
    while len(body) < length:
        part = connection.recv(65_536)
        body += part
        received += part
    return received
