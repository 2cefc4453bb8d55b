"""Clients that do not read: what it costs the server, and the others, and how they go on when they read after all."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from synthetic.contributions import EventType
from synthetic.database.transaction import Transaction
from synthetic.testing import RunningServer, running_server, wait_until

from .live_server import PATIENCE_SECONDS, SUBPROTOCOL, LiveServer, hear, say, serve_lab
from .socket_kit import opened, subscribe
from .sse_kit import EMITTED, STREAM, head, metric

FOLLOW = "subscription ($after: Position) { events(after: $after) { position payload } }"
NOTE = EventType(name="note.made", entity="note", purpose="For tests.")
PAYLOAD_BYTES = 8_000
MEBIBYTE = 1024 * 1024
GROWTH_BYTES_MAX = 64 * MEBIBYTE
"""For the window of the log, shared answers and what allocators keep; without bounds it would be several times that."""

LONG_PAYLOAD_BYTES = 15_000
EVENTS = 1_500
"""Of these, buffers of the system hold a part: what is left over waits in the server."""

LAZY = 8
BATCH = 20


def fill_log(live: LiveServer, count: int) -> None:
    """Append events with long payloads."""

    def write(tx: Transaction) -> None:
        for number in range(count):
            tx.emit_as("external", NOTE, f"note-{number}", payload={"text": "x" * LONG_PAYLOAD_BYTES})

    live.kernel.database.write_blocking(write)


def test_a_socket_that_was_given_up_says_from_where_to_resume(tmp_path: Path):
    """Whoever reads in the end gets all that was sent, and a close frame that knows the last of it."""
    with serve_lab(tmp_path, limits__socket_ping_ms="1000", events__external_types=EMITTED) as server:
        start = head(server)
        fill_log(server, EVENTS)

        async def hold() -> tuple[list[str], int, str]:
            positions: list[str] = []
            async with asyncio.timeout(PATIENCE_SECONDS):
                async with opened(server, max_queue=1) as lazy:
                    await subscribe(lazy, "1", FOLLOW, after=start)
                    alive = asyncio.create_task(show_life(lazy))
                    await asyncio.to_thread(
                        wait_until, lambda: metric(server, "synthetic_subscribers_dropped_total") == 1, "it is given up"
                    )
                    alive.cancel()
                    with contextlib.suppress(ConnectionClosed):
                        while True:
                            positions.append(position_in(await hear(lazy)))
                assert lazy.close_code is not None
                # It leaves behind most of what it is sent, so that its farewell is not answered before that is read.
                async with opened(server, close_timeout=0.1) as again:
                    await subscribe(again, "1", FOLLOW, after=positions[-1])
                    positions.append(position_in(await hear(again)))
            return positions, lazy.close_code, lazy.close_reason or ""

        positions, code, reason = asyncio.run(hold())
        assert (code, reason) == (4508, f"Messages are not read fast enough; resume after {positions[-2]}")
        epoch, _, first = start.partition(":")
        assert positions == [f"{epoch}:{int(first) + number}" for number in range(1, len(positions) + 1)]
        assert len(positions) < EVENTS


async def show_life(connection: ClientConnection) -> None:
    """Say something now and then: only that it does not read is held against this client."""
    while True:
        await say(connection, type="pong")
        await asyncio.sleep(0.1)


def position_in(message: dict[str, Any]) -> str:
    return message["payload"]["data"]["events"]["position"]


def resident_bytes(server: RunningServer) -> int:
    """Memory that the server's process holds now."""
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


@contextlib.asynccontextmanager
async def subscribed(server: RunningServer, after: str, **options: Any) -> AsyncIterator[ClientConnection]:
    """A socket that follows the log."""
    url = server.url.replace("http://", "ws://")
    protocols: Any = [SUBPROTOCOL]
    async with connect(
        url, subprotocols=protocols, ping_interval=None, compression=None, proxy=None, **options
    ) as connection:
        await say(connection, type="connection_init", payload={"authorization": f"Bearer {server.token}"})
        assert await hear(connection) == {"type": "connection_ack"}
        await subscribe(connection, "1", FOLLOW, after=after)
        yield connection


def silent_stream(server: RunningServer, after: str) -> socket.socket:
    """A connection that asks for an event stream and never reads it."""
    url = httpx.URL(server.url)
    body = orjson.dumps({"query": FOLLOW, "variables": {"after": after}})
    lines = [
        "POST /graphql HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {server.token}",
        f"Accept: {STREAM}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    connection = socket.create_connection((url.host, url.port or 80), PATIENCE_SECONDS)
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    return connection


async def write_events(client: httpx.AsyncClient, server: RunningServer, count: int) -> None:
    """Append events over HTTP, some in each request, always with the same document: documents are kept."""
    fields = "".join(
        f'e{number}: emitEvent(input: {{ type: "note.made", entityId: "e", payload: $payload }}) {{ created }}'
        for number in range(BATCH)
    )
    variables = {"payload": {"text": "x" * PAYLOAD_BYTES}}
    content = {"query": f"mutation ($payload: JSON!) {{ {fields} }}", "variables": variables}
    for _ in range(count // BATCH):
        answer = await client.post(server.url, json=content, headers=server.headers)
        assert "errors" not in answer.json(), answer.text


async def load(server: RunningServer, after: str, *, events: int, seconds: float) -> tuple[int, int]:
    """Follow the log with clients that never read, and with one that does, while it is written.

    Args:
        server: The server.
        after: Where the clients begin.
        events: How many are written at least.
        seconds: How long at least.

    Returns:
        How many events were written, and how many bytes the server has grown by.
    """
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False))
        lively = await stack.enter_async_context(subscribed(server, after, max_size=None))
        for _ in range(LAZY):
            socket_ = await stack.enter_async_context(subscribed(server, after, max_queue=1, close_timeout=0))
            stack.callback(socket_.transport.abort)
            stack.callback(silent_stream(server, after).close)
        grown = before = written = 0
        deadline = time.monotonic() + seconds
        expected = int(after.partition(":")[2])
        while written < events or time.monotonic() < deadline:
            await write_events(client, server, BATCH * 10)
            for _ in range(BATCH * 10):
                expected += 1
                message = await hear(lively)
                assert position_in(message) == f"{after.partition(':')[0]}:{expected}"
            written += BATCH * 10
            # The first of them fill the caches that a server has anyway.
            if written <= 600:
                before = resident_bytes(server)
            grown = max(grown, resident_bytes(server) - before)
        return written, grown


def follow_under_load(data_dir: Path, *, events: int, seconds: float) -> tuple[int, int]:
    settings = (
        "--set", f"kernel.events.external_types={EMITTED}",
        # They are not given up here: so their memory must be bounded for as long as they stay.
        "--set", "kernel.limits.socket_ping_ms=3600000",
        "--set", "kernel.limits.stream_ping_ms=3600000",
        "--set", "kernel.limits.requests_per_second=1000000",
        # SQLite's page caches grow up to this for each connection, whoever reads or does not.
        "--set", "kernel.database.cache_bytes=1048576",
    )  # fmt: skip
    with running_server(data_dir, *settings) as server:
        answer = httpx.post(server.url, json={"query": "{ __typename }"}, headers=server.headers, trust_env=False)
        after = answer.json()["extensions"]["position"]
        return asyncio.run(load(server, after, events=events, seconds=seconds))


def test_clients_that_never_read_hold_up_nobody_and_cost_bounded_memory(data_dir: Path):
    written, grown = follow_under_load(data_dir, events=1_600, seconds=0)
    assert written == 1_600
    assert grown < GROWTH_BYTES_MAX, f"{grown / MEBIBYTE:.0f} MiB"


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_minute_of_load_costs_no_more_memory_than_a_moment(data_dir: Path, capsys: pytest.CaptureFixture[str]):
    written, grown = follow_under_load(data_dir, events=3_000, seconds=60)
    with capsys.disabled():
        sys.stdout.write(f"\n{written} events, {2 * LAZY} clients that never read: {grown / MEBIBYTE:.1f} MiB\n")
    # Each of the threads that follow the log has memory of its own, which fills up in that time.
    assert grown < 2 * GROWTH_BYTES_MAX
