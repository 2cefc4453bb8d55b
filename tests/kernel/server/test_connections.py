"""What a client can do to a connection, on a real server whose patience is short."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.sync.client import connect

from kernel.server.conftest import connection_to, origin_of, read_answer, read_to_end
from synthetic.graphql import graphiql
from synthetic.testing import CONTRACT_KEYS, RunningServer, copy_template, running_server, wait_until

SHORT = (
    "--set",
    "kernel.server.read_timeout_ms=300",
    "--set",
    "kernel.server.keep_alive_ms=600",
)
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    directory = copy_template(template, tmp_path_factory.mktemp("impatient") / "store")
    with running_server(directory, *SHORT) as running:
        yield running


def answered(raw: bytes, status: int, code: str) -> None:
    """A whole answer in the error contract."""
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), raw
    assert b"connection: close" in head
    found = json.loads(body)
    assert set(found) == CONTRACT_KEYS
    assert found["code"] == code


def test_a_half_sent_header_is_not_waited_for(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
        answered(read_to_end(connection), 408, "REQUEST_TIMEOUT")


def test_a_header_that_drips_is_not_waited_for(server: RunningServer):
    with connection_to(server) as connection:
        connection.settimeout(0.02)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        received = b""
        while not received:
            with contextlib.suppress(TimeoutError):
                connection.sendall(b"x")
                received = connection.recv(65_536)
        connection.settimeout(None)
        answered(received + read_to_end(connection), 408, "REQUEST_TIMEOUT")


def test_a_connection_that_says_nothing_is_closed(server: RunningServer):
    with connection_to(server) as connection:
        assert read_to_end(connection) == b""


def test_an_idle_connection_is_closed(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(GET)
        raw = read_to_end(connection)
        assert raw.startswith(b"HTTP/1.1 200 ")
        assert raw.count(b"HTTP/1.1") == 1


def test_a_half_sent_second_request_is_not_waited_for(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(GET)
        assert read_answer(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /heal")
        answered(read_to_end(connection), 408, "REQUEST_TIMEOUT")


def test_empty_lines_between_requests_keep_no_connection_open(server: RunningServer):
    with connection_to(server) as connection:
        connection.settimeout(0.02)
        connection.sendall(GET)
        received = b""
        with contextlib.suppress(ConnectionError):
            while True:
                with contextlib.suppress(TimeoutError):
                    part = connection.recv(65_536)
                    if not part:
                        break
                    received += part
                connection.sendall(b"\r\n")
        assert received.startswith(b"HTTP/1.1 200 ")


def test_a_body_that_stops_half_way_is_answered(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + f"Authorization: Bearer {server.token}\r\n".encode()
            + b'Content-Length: 100\r\n\r\n{"query":'
        )
        raw = read_to_end(connection)
        assert raw.startswith(b"HTTP/1.1 408 "), raw
        assert b"REQUEST_TIMEOUT" in raw


def test_a_body_that_nobody_wants_does_not_hold_its_connection(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx")
        raw = read_to_end(connection)
        assert raw.startswith(b"HTTP/1.1 404 ")


def test_endless_headers_are_refused(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        with contextlib.suppress(ConnectionError):
            for number in range(2_000):
                connection.sendall(f"X-{number}: {'y' * 100}\r\n".encode())
        answered(read_to_end(connection), 431, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "sent",
    [
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_not_http_is_answered_in_the_contract(server: RunningServer, sent: bytes):
    with connection_to(server) as connection:
        connection.sendall(sent)
        answered(read_to_end(connection), 400, "BAD_REQUEST")


def test_pipelined_requests_are_answered_in_order(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(GET + b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n" + GET)
        raw = read_to_end(connection)
        assert [part[:3] for part in raw.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]


def test_a_client_that_does_not_read_is_cut_off(server: RunningServer):
    scripts = Path(graphiql.__file__).with_name("static").rglob("*.js")
    path = f"/graphql/static/{max(scripts, key=lambda file: file.stat().st_size).name}"
    with httpx.Client(base_url=origin_of(server), headers=server.headers) as client:
        size = len(client.get(path).raise_for_status().content)
        with connection_to(server, receive_bytes=4_096) as connection:
            # More than the buffers of both sides take: 64 MiB.
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * (64 * 1024 * 1024 // size))
            while open_connections(client) < 2:
                continue
            # It is still open on our side, and nothing of it was read; the time-out of the test is the limit.
            while open_connections(client) > 1:
                continue


def open_connections(client: httpx.Client) -> float:
    lines = client.get("/metrics").text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("synthetic_open_connections ")))


def test_an_invalid_frame_closes_its_socket_without_a_traceback(server: RunningServer):
    with connection_to(server) as connection:
        connection.sendall(
            b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65_536)
        assert received.startswith(b"HTTP/1.1 101 ")
        assert b"x-correlation-id" in received
        # A masked text frame of one byte, with a mask of zeros, that no UTF-8 begins with.
        connection.sendall(b"\x81\x81\x00\x00\x00\x00\xff")
        closing = received.partition(b"\r\n\r\n")[2] + read_to_end(connection)
        assert closing[-len(b"\x03\xef" + b"invalid UTF-8") :] == b"\x03\xef" + b"invalid UTF-8"
    (line,) = wait_until(lambda: [line for line in server.log if '"event":"socket"' in line], "its line in the log")
    assert '"closed":1007' in line
    assert not any("Traceback" in line or "exception" in line for line in server.log)


def test_a_socket_that_its_client_closes_is_logged_as_closed_by_nobody_here(server: RunningServer):
    headers = {"X-Correlation-Id": "closed-by-its-client"}
    url, protocols = server.url.replace("http:", "ws:"), ["graphql-transport-ws"]
    with connect(url, subprotocols=protocols, additional_headers=headers, proxy=None) as socket_of_a_client:
        socket_of_a_client.close(1001)
    (line,) = wait_until(lambda: [line for line in server.log if "closed-by-its-client" in line], "its line in the log")
    assert '"closed":null' in line


def test_beyond_the_limit_connections_are_turned_away_until_one_has_been_quiet(data_dir: Path):
    arguments = ("--set", "kernel.server.connections=3")
    with running_server(data_dir, *arguments) as server, contextlib.ExitStack() as opened:
        kept = [opened.enter_context(connection_to(server)) for _ in range(3)]
        for connection in kept:
            connection.sendall(GET)
            assert read_answer(connection).startswith(b"HTTP/1.1 200 ")
        with connection_to(server) as refused:
            answered(read_to_end(refused), 503, "OVERLOADED")
        # After a second of quiet the oldest makes room; the time-out of the test is the limit.
        while True:
            with connection_to(server) as late:
                with contextlib.suppress(ConnectionError):
                    late.sendall(GET)
                if late.recv(65_536).startswith(b"HTTP/1.1 200 "):
                    break
        assert read_to_end(kept[0]) == b""


def test_a_flood_of_connections_uses_up_no_file_descriptors(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The server may have 300 files open, and 900 connections come at once and stay."""
    script = tmp_path / "few-files"
    script.write_text(f'#!/bin/sh\nulimit -n 300\nexec {sys.executable} "$@"\n')
    script.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(script))
    with running_server(data_dir) as server, contextlib.ExitStack() as opened:
        parts = urlsplit(server.url)
        flood = [opened.enter_context(socket.socket()) for _ in range(900)]
        waiting = select.poll()
        for connection in flood:
            connection.settimeout(0)
            connection.connect_ex((parts.hostname, parts.port))
            waiting.register(connection, select.POLLIN)
        by_number = {connection.fileno(): connection for connection in flood}
        turned_away = by_number[waiting.poll()[0][0]]
        turned_away.settimeout(None)
        answered(read_to_end(turned_away), 503, "OVERLOADED")
        # The flood is quiet, so it makes room for who asks, and the database can be read.
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{origin_of(server)}/readyz").status_code == 200:
                    break
        assert server.stop() == 0
    log = "".join(server.log)
    assert "Too many open files" not in log
    assert "Traceback" not in log
    assert len(log) < 1_000_000
