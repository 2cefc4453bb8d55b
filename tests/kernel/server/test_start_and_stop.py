"""Starting and stopping `synthetic serve`, as a process."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import socket
import stat
from pathlib import Path

import httpx
import pytest

from kernel.server.conftest import connection_to, origin_of, read_answer, read_to_end
from synthetic.errors import SyntheticError
from synthetic.security.tokens import generate_secret
from synthetic.server import serve
from synthetic.testing import FAST_SETTINGS, running_server
from synthetic.testing_commands import run_command, start_command

HEALTH = json.dumps({"query": "{ health { version } }"}).encode()


def start_that_fails(directory: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and words of a start, which must print neither a traceback nor that it is ready."""
    ended = run_command(
        ["serve", "--data", str(directory), *arguments],
        environment={**os.environ, "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"},
        timeout=60,
    )
    assert "Traceback" not in ended.stdout + ended.stderr, ended.stderr
    assert "ready" not in ended.stdout
    return ended.returncode, " ".join((ended.stdout + ended.stderr).split())


def start_in_words(directory: Path, *arguments: str, environment: dict[str, str] | None = None) -> list[str]:
    """What a start prints before it is ready."""
    process = start_command(
        ["serve", "--data", str(directory), "--port", "0", *arguments],
        environment={**os.environ, "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0", **(environment or {})},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines: list[str] = []
    with process.stdout, process.stderr:
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("ready "):
                break
        process.terminate()
        assert process.wait(60) == 0
    return lines


def test_the_first_start_shows_a_link_and_later_ones_where_the_token_is(tmp_path: Path):
    directory = tmp_path / "new"
    first = start_in_words(directory)
    token = (directory / "token").read_text().strip()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "token").stat().st_mode) == 0o600
    url = first[-1].removeprefix("ready ").replace("/graphql", "/dashboard")
    assert any(line.endswith(f" {url}#token={token}") for line in first)
    second = start_in_words(directory)
    assert not any(token in line for line in second)
    assert any(str(directory / "token") in line for line in second)
    assert any(line.split() == ["Browser", second[-1].split()[1].replace("/graphql", "/dashboard")] for line in second)


def test_the_token_that_the_environment_brings_is_not_shown(data_dir: Path):
    secret = generate_secret()
    lines = start_in_words(data_dir, environment={"SYNTHETIC_TOKEN": secret})
    assert not any(secret in line for line in lines)
    assert any("SYNTHETIC_TOKEN" in line for line in lines)
    with running_server(data_dir) as server:
        assert (
            httpx.get(f"{origin_of(server)}/metrics", headers={"authorization": f"Bearer {secret}"}).status_code == 200
        )


def test_a_port_in_use_is_an_error_with_a_way_out(data_dir: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, error = start_that_fails(data_dir, "--port", str(taken.getsockname()[1]))
    assert code == 69
    assert "in use" in error
    assert "--port" in error


def test_without_authentication_only_the_loopback_is_served(data_dir: Path):
    code, error = start_that_fails(data_dir, "--no-auth", "--host", "0.0.0.0", "--port", "0")
    assert code == 78
    assert "loopback" in error


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"server.host": "no.such.host.invalid"}, "SETTINGS_INVALID", "no host"),
        ({"server.host": "203.0.113.7"}, "ADDRESS_UNAVAILABLE", "cannot listen on 203.0.113.7"),
        ({"server.host": "::"}, "SETTINGS_INVALID", "loopback alone"),
        ({"security.hosts": "a b"}, "SETTINGS_INVALID", "kernel.security.hosts"),
        ({"security.origins": "nonsense"}, "SETTINGS_INVALID", "kernel.security.origins"),
    ],
)
def test_a_start_that_cannot_work_says_why(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], code: str, words: str
):
    monkeypatch.setattr(importlib.import_module("synthetic.server.serve"), "configure_logs", lambda _: None)
    overrides = {"kernel.server.port": "0", **{f"kernel.{name}": value for name, value in settings.items()}}
    no_auth = settings.get("server.host") != "203.0.113.7"  # whose address would be refused for another reason
    with pytest.raises(SyntheticError, match=re.escape(words)) as caught:
        serve(data_dir, overrides={**FAST_SETTINGS, **overrides}, no_auth=no_auth)
    assert caught.value.code == code
    assert caught.value.suggested_action
    assert not (data_dir / "token").exists()


def test_without_authentication_the_loopback_lets_everybody_in(data_dir: Path):
    with running_server(data_dir, "--no-auth") as server:
        assert httpx.post(server.url, json={"query": "{ health { version } }"}).json()["data"]
        assert httpx.get(f"{origin_of(server)}/metrics").status_code == 200
        foreign = httpx.post(server.url, json={"query": "{ health { version } }"}, headers={"host": "evil.example"})
        assert foreign.status_code == 403
    assert not (data_dir / "token").exists()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_ipv6_is_served(data_dir: Path):
    with running_server(data_dir, "--host", "::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert httpx.get(f"{origin_of(server)}/readyz").status_code == 200


def test_localhost_is_served_on_all_its_addresses(data_dir: Path):
    with running_server(data_dir, "--host", "localhost") as server:
        port = int(origin_of(server).rpartition(":")[2])
        addresses = {found[4][0] for found in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}
        served = [address for address in addresses if is_open(str(address), port)]
        assert served
        for address in served:
            shown = f"[{address}]" if ":" in address else address
            assert httpx.get(f"http://{shown}:{port}/healthz").status_code == 200


def is_open(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port)).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_waits_for_the_request_that_runs(data_dir: Path, number: signal.Signals):
    with running_server(data_dir) as server, connection_to(server) as running, connection_to(server) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_answer(idle).startswith(b"HTTP/1.1 200 ")
        running.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
            + f"Authorization: Bearer {server.token}\r\nContent-Length: {len(HEALTH)}\r\n\r\n".encode()
        )
        assert running.recv(65_536).startswith(b"HTTP/1.1 100 ")  # its request is being served
        server.process.send_signal(number)
        assert read_to_end(idle) == b""  # the stop has begun
        running.sendall(HEALTH)
        raw = read_to_end(running)
        assert raw.startswith(b"HTTP/1.1 200 "), raw
        assert b'"health"' in raw
        assert server.process.wait(60) == 0
    assert not any("Traceback" in line for line in server.log)


def test_a_stop_does_not_wait_for_ever(data_dir: Path):
    arguments = ("--set", "kernel.server.shutdown_ms=1", "--set", "kernel.server.read_timeout_ms=600000")
    with running_server(data_dir, *arguments) as server, connection_to(server) as running:
        running.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
            + f"Authorization: Bearer {server.token}\r\nContent-Length: {len(HEALTH)}\r\n\r\n".encode()
        )
        assert running.recv(65_536).startswith(b"HTTP/1.1 100 ")
        assert server.stop() == 0
        raw = read_to_end(running)
        assert raw.startswith(b"HTTP/1.1 503 "), raw
        assert b"OVERLOADED" in raw
    assert not any("Traceback" in line for line in server.log)


def test_a_stop_closes_sockets(data_dir: Path):
    with running_server(data_dir) as server, connection_to(server) as connection:
        connection.sendall(
            b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65_536)
        server.process.send_signal(signal.SIGTERM)
        assert b"\x88\x02\x03\xf4" in received + read_to_end(connection)  # close, 1012: service restart
        assert server.process.wait(60) == 0
    assert not any("Traceback" in line for line in server.log)
    (line,) = [line for line in server.log if '"event":"socket"' in line]
    assert '"closed":1012' in line
