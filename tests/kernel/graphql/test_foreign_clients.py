"""Clients of other projects follow the log while it is written, are cut off at random, and miss nothing.

What they are compared with is the log itself, read from the store after all
servers have ended.
"""

from __future__ import annotations

import contextlib
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import httpx
import pytest

from synthetic.clock import new_id
from synthetic.testing import RunningServer, running_server
from synthetic.testing_commands import start_command
from tests.plugins.ingest.samples import fill_folder, identifier, long_session, write

from .cut_connections import Follower, Proxy, following
from .live_server import PATIENCE_SECONDS

TRANSPORTS = ("graphql-ws", "graphql-sse", "graphql-sse-single")
SETTINGS = (
    "--set", 'kernel.events.external_types=["note.made"]',
    "--set", "kernel.limits.requests_per_second=1000000",
)  # fmt: skip
EMIT = """mutation ($id: ID!, $entity: ID!) {
    emitEvent(input: { id: $id, type: "note.made", entityId: $entity }) { created }
}"""
END = "the-end"
FINISH_SECONDS = 120.0
FULL_SECONDS = 600.0
"""Patience with all that goes on in the long test, on a machine that has other things to do."""

WRITES = 10_000
WRITERS = 4
KILLS = 20
CUTS = 100


def post(client: httpx.Client, server: RunningServer, entity: str, id: str) -> None:
    """Append an event, unless it is there already."""
    content = {"query": EMIT, "variables": {"id": id, "entity": entity}}
    answer = client.post(server.url, json=content, headers=server.headers)
    assert "errors" not in answer.json(), answer.text


def head_of(server: RunningServer) -> str:
    answer = httpx.post(server.url, json={"query": "{ __typename }"}, headers=server.headers, trust_env=False)
    return answer.json()["extensions"]["position"]


def log_after(data_dir: Path, position: str) -> list[str]:
    """All positions after one up to the end, as a store that no process has open knows them.

    The store may have events behind that: it notes by itself how consumers fare.
    """
    epoch, number = position.split(":")
    with contextlib.closing(apsw.Connection(str(data_dir / "synthetic.db"))) as connection:
        found = connection.execute(
            "SELECT position FROM domain_events WHERE position > ? AND position <="
            " (SELECT position FROM domain_events WHERE entity_id = ?) ORDER BY position",
            (int(number), END),
        )
        return [f"{epoch}:{position}" for (position,) in found]


@contextlib.contextmanager
def all_following(proxies: list[Proxy], token: str, after: str) -> Iterator[list[Follower]]:
    """One follower by each transport, over one proxy after the other."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(following(transport, proxies[number % len(proxies)], token, after, END))
            for number, transport in enumerate(TRANSPORTS)
        ]


def cut_while(proxies: list[Proxy], going_on: threading.Event, at_least: int, seconds: float) -> None:
    """Cut connections at random moments while something goes on, and so many in all.

    Args:
        proxies: Whose connections.
        going_on: Set when it has ended.
        at_least: Connections to cut.
        seconds: Longest pause between two cuts.
    """
    deadline = time.monotonic() + FULL_SECONDS
    while not going_on.wait(random.uniform(0, seconds)) or sum(proxy.cuts for proxy in proxies) < at_least:
        random.choice(proxies).cut()
        assert time.monotonic() < deadline, "what the clients follow does not come to an end"


def test_events_of_an_ingest_reach_clients_that_are_cut_off_each_once_and_in_order(data_dir: Path, tmp_path: Path):
    """The ingest is a process of its own, which knows nothing of the server."""
    folder = fill_folder(tmp_path / "files")
    for number in range(40):
        write(folder / f"{identifier(str(number))}.jsonl", long_session(4, identifier(str(number))).bytes())
    with running_server(data_dir, *SETTINGS) as server, Proxy(server.url) as proxy:
        after = head_of(server)
        with all_following([proxy], server.token, after) as followers:
            wait_for_connections(proxy, len(followers))
            words = ["ingest", str(folder), "--data", str(data_dir), "--json"]
            ingesting = start_command([*words, "--set", "kernel.database.free_disk_bytes=0"])
            ended = threading.Event()
            waiting = threading.Thread(target=lambda: (ingesting.communicate(), ended.set()))
            waiting.start()
            cut_while([proxy], ended, 20, 0.2)
            waiting.join()
            assert ingesting.returncode == 0
            with httpx.Client(trust_env=False) as client:
                post(client, server, END, new_id())
            connections = [follower.finish(FINISH_SECONDS) for follower in followers]
    expected = log_after(data_dir, after)
    assert len(expected) > 100
    for follower in followers:
        assert follower.positions == expected, follower.transport
    assert proxy.cuts >= 20
    assert all(count > 1 for count in connections), "each was cut off"


def wait_for_connections(proxy: Proxy, count: int) -> None:
    """Until so many clients are connected."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while proxy.count() < count:
        assert time.monotonic() < deadline, "the clients do not connect"
        threading.Event().wait(0.02)


class Fleet:
    """Two server processes on one store; each can be killed, and comes back on another port behind its proxy."""

    def __init__(self, data_dir: Path, stack: contextlib.ExitStack) -> None:
        self._data_dir = data_dir
        self._stack = stack
        self.servers = [self._start() for _ in range(2)]
        self.proxies = [stack.enter_context(Proxy(server.url)) for server in self.servers]
        self.kills = 0

    def kill(self, number: int) -> None:
        """kill -9, and another process in its place."""
        killed = self.servers[number]
        killed.process.kill()
        killed.process.wait()
        self.kills += 1
        self.servers[number] = self._start()
        self.proxies[number].aim(self.servers[number].url)

    def _start(self) -> RunningServer:
        return self._stack.enter_context(running_server(self._data_dir, *SETTINGS))


def write_events(fleet: Fleet, writer: int, acknowledged: list[str], failures: list[BaseException]) -> None:
    """Append a part of all events, by one server or the other, each until it is acknowledged."""
    with httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        for number in range(writer, WRITES, WRITERS):
            id = new_id()
            deadline = time.monotonic() + FULL_SECONDS
            while True:
                try:
                    post(client, fleet.servers[writer % 2], f"entity-{number}", id)
                except (httpx.HTTPError, ValueError) as error:
                    if time.monotonic() > deadline:
                        failures.append(error)
                        return
                    threading.Event().wait(0.02)
                except AssertionError as error:
                    failures.append(error)
                    return
                else:
                    acknowledged.append(id)
                    break


@pytest.mark.full
@pytest.mark.timeout(900)
def test_ten_thousand_writes_twenty_kills_and_a_hundred_cuts_lose_and_repeat_nothing(data_dir: Path, capsys):
    acknowledged: list[str] = []
    failures: list[BaseException] = []
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        fleet = Fleet(data_dir, stack)
        after = head_of(fleet.servers[0])
        followers = stack.enter_context(all_following(fleet.proxies, fleet.servers[0].token, after))
        writers = [
            threading.Thread(target=write_events, args=(fleet, number, acknowledged, failures))
            for number in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        ended = threading.Event()
        cutting = threading.Thread(target=cut_while, args=(fleet.proxies, ended, CUTS, 0.4))
        cutting.start()
        for number in range(KILLS):
            share = WRITES * (number + 1) // (KILLS + 1)
            while len(acknowledged) < share and not failures:
                threading.Event().wait(0.01)
            fleet.kill(number % 2)
        for writer in writers:
            writer.join(FULL_SECONDS)
        ended.set()
        cutting.join(FINISH_SECONDS)
        assert failures == []
        with httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False) as client:
            post(client, fleet.servers[0], END, new_id())
        connections = {follower.transport: follower.finish(FINISH_SECONDS) for follower in followers}
    expected = log_after(data_dir, after)
    figures = {
        follower.transport: {
            "connections": connections[follower.transport],
            "gaps": len(set(expected) - set(follower.positions)),
            "doubles": len(follower.positions) - len(set(follower.positions)),
        }
        for follower in followers
    }
    cuts = sum(proxy.cuts for proxy in fleet.proxies)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(acknowledged)} writes, {fleet.kills} kills, {cuts} cuts, {len(expected)} events,"
            f" {time.monotonic() - started:.0f} s: {figures}\n"
        )
    with contextlib.closing(apsw.Connection(str(data_dir / "synthetic.db"))) as connection:
        stored = {id for (id,) in connection.execute("SELECT id FROM domain_events WHERE type = 'note.made'")}
    assert set(acknowledged) <= stored
    assert len(acknowledged) == WRITES
    assert (fleet.kills, cuts >= CUTS) == (KILLS, True)
    for follower in followers:
        assert follower.positions == expected, follower.transport
