"""Subscriptions: what a publish costs, how soon the last has it, and what those who wait cost.

The limit is a loop that sends ready bytes to as many sockets, in a server that
does nothing else (`benchmarks.bare_sockets`). A publish of ours begins with a
mutation over HTTP, and holds its commit, the execution, and what consumers of the log make of it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from synthetic.server.banner import READY
from synthetic.testing import running_server

from .promises import Promise, in_time
from .subscribers import Plan, Subscribers, subscribers

ROUNDS = 20
WARM_UP = 2
QUIET_SECONDS = 0.1
"""After a publish, until what it has cost is read: for what follows the delivery."""

REST_SECONDS = 3.0
"""For so long it is measured what a server does while nothing is published: no publish is charged with that."""

STEADY_BYTES = 64 * 1024
STEADY_SECONDS_MAX = 30
"""A server has come to rest after its start when its memory grows by less in a second; so long is waited for that."""

IDLE_BYTES_MAX = 25 * 1024
SUBSCRIPTION = "subscription { events { position type entityId payload ingestedAtUtc } }"
EMIT = 'mutation { emitEvent(input: { type: "note.made", entityId: "note" }) { created } }'
TEXT = (
    '{"id":"1","type":"next","payload":{"data":{"events":{"position":"7d8fe0cd2f:124","type":"note.made",'
    '"entityId":"note","payload":{},"ingestedAtUtc":"2026-01-01T12:00:00.123Z"}},'
    '"extensions":{"position":"7d8fe0cd2f:124"}}}'
)
"""What ours sends for an event."""

FLAGS = (
    "--set", "kernel.server.connections=10000",
    "--set", "kernel.limits.requests_per_second=1000000",
    "--set", 'kernel.events.external_types=["note.made"]',
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is measured.

    Attributes:
        pid: Of its process.
        url: Of its `/graphql`.
        says: What a subscriber sends first.
        until: What the answer to that has in it.
        publish: Sends something to all subscribers.
    """

    pid: int
    url: str
    says: tuple[str, ...]
    until: str
    publish: Callable[[], None]

    def cpu_seconds(self) -> float:
        """What all its threads have used so far, to the nanosecond."""
        # The clock of another process's CPU time: what clock_getcpuclockid gives.
        return time.clock_gettime((~self.pid << 3) | 2)

    def resident_bytes(self) -> int:
        """What it has in memory now."""
        found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text("ascii"), re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """What publishing costs.

    Attributes:
        cpu_seconds: Of a publish, in the server, without what it does at rest: the mean.
        rest: What it does at rest, as a part of one processor.
        last_seconds: From the publish to the last socket that has it: the median.
        longest_seconds: The longest of those.
        idle_bytes: What a subscriber costs that has received nothing yet.
    """

    cpu_seconds: float
    rest: float
    last_seconds: float
    longest_seconds: float
    idle_bytes: float


@contextlib.contextmanager
def posting(url: str, path: str, body: str, headers: dict[str, str]) -> Iterator[Callable[[], None]]:
    """A request that is sent over a connection which stays open."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def post() -> None:
        connection.request("POST", path, body, {"content-type": "application/json", **headers})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        assert b'"errors"' not in text, text

    with contextlib.closing(connection):
        yield post


@contextlib.contextmanager
def ours(directory: Path) -> Iterator[Server]:
    with running_server(directory, *FLAGS) as server:
        says = (
            {"type": "connection_init", "payload": server.headers},
            {"id": "1", "type": "subscribe", "payload": {"query": SUBSCRIPTION}},
            # Subscribing is not acknowledged; a query on the same socket comes after it.
            {"id": "2", "type": "subscribe", "payload": {"query": "{ __typename }"}},
        )
        with posting(server.url, "/graphql", json.dumps({"query": EMIT}), server.headers) as publish:
            yield Server(server.process.pid, server.url, tuple(map(json.dumps, says)), '"complete"', publish)


@contextlib.contextmanager
def limit(_directory: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "benchmarks.bare_sockets", TEXT]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout is not None
            url = next(line.split()[1] for line in process.stdout if line.startswith(f"{READY} "))
            with posting(url, "/publish", "", {}) as publish:
                yield Server(process.pid, url, (), "", publish)
        finally:
            process.terminate()


def come_to_rest(server: Server) -> int:
    """Let a server do what it does at first, a first publish among it; what it has in memory then, in bytes."""
    server.publish()
    now = server.resident_bytes()
    for _ in range(STEADY_SECONDS_MAX):
        time.sleep(1)
        before, now = now, server.resident_bytes()
        if now - before < STEADY_BYTES:
            break
    return now


def measure(server: Server, count: int) -> Measured:
    """Publish to so many subscribers, again and again."""
    address = urlsplit(server.url)
    before = come_to_rest(server)
    with subscribers(Plan(address.hostname or "", address.port or 0, count, server.says, server.until)) as crowd:
        time.sleep(QUIET_SECONDS)
        idle_bytes = (server.resident_bytes() - before) / count
        # What it costs to have subscribed is over then.
        time.sleep(REST_SECONDS)
        rest, _ = load(server, lambda: time.sleep(REST_SECONDS))
        publish(server, crowd, WARM_UP)
        taken: list[float] = []
        used, seconds = load(server, lambda: taken.extend(publish(server, crowd, ROUNDS)))
    cpu_seconds = (used - rest) * seconds / ROUNDS
    return Measured(cpu_seconds, rest, statistics.median(taken), max(taken), idle_bytes)


def load(server: Server, work: Callable[[], object]) -> tuple[float, float]:
    """What a server uses while something is done, as a part of one processor, and how many seconds that takes."""
    cpu, started = server.cpu_seconds(), time.monotonic()
    work()
    seconds = time.monotonic() - started
    return (server.cpu_seconds() - cpu) / seconds, seconds


def publish(server: Server, crowd: Subscribers, times: int) -> list[float]:
    """Publish some times, with a pause after each; from each to the last socket that has it, in seconds."""
    taken: list[float] = []
    for _ in range(times):
        crowd.expect(1)
        started = time.monotonic()
        server.publish()
        taken.append(crowd.last_at() - started)
        time.sleep(QUIET_SECONDS)
    return taken


@pytest.mark.parametrize("count", [1_000, 5_000])
def test_a_publish_costs_about_what_sending_costs(promise: Callable[[Promise], None], tmp_path: Path, count: int):
    with limit(tmp_path) as server:
        theirs = measure(server, count)
    with ours(tmp_path / "store") as server:
        mine = measure(server, count)
    name = f"to {count:,} subscribers"
    for what, one, other in (
        ("CPU of a publish", mine.cpu_seconds, theirs.cpu_seconds),
        ("publish to last delivery", mine.last_seconds, theirs.last_seconds),
    ):
        promise(Promise(f"{what} {name}", in_time(one), in_time(other), one / other, at_most=1.5))
    promise(
        Promise(
            f"longest delivery {name}",
            in_time(mine.longest_seconds),
            in_time(theirs.longest_seconds),
            mine.longest_seconds / theirs.longest_seconds,
        )
    )
    promise(
        Promise(
            f"at rest with {name.removeprefix('to ')}, of a processor",
            f"{mine.rest:.1%}",
            f"{theirs.rest:.1%}",
            mine.rest / theirs.rest,
        )
    )
    promise(
        Promise(
            f"memory of an idle subscriber, {count:,}",
            f"{mine.idle_bytes / 1024:.1f} KiB",
            f"{IDLE_BYTES_MAX / 1024:.0f} KiB",
            mine.idle_bytes / IDLE_BYTES_MAX,
            at_most=1,
        )
    )
