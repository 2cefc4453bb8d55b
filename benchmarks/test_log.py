"""What the log costs: appending events, and how soon they are with those who follow.

Delivery is timed from the instant at which the event's transaction began, as
the event itself says, to its arrival in a client's socket: an upper bound that
holds the commit as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import apsw
import httpx
from websockets.asyncio.client import ClientConnection, connect

from synthetic import Transaction, to_json
from synthetic.clock import new_id
from synthetic.store import Store, open_store
from synthetic.testing import RunningServer, running_server
from synthetic_constructs import store as constructs
from synthetic_constructs.events import CONSTRUCT_SAVED

from .promises import Comparison, Promise, at_rate

BATCH = 1_000
SUBSCRIBERS = 100
WRITES = 200
IDLE_SUBSCRIBERS = 1_000
IDLE_SECONDS = 30.0
"""Two pings of each socket fall into it."""
SUBSCRIPTION = "subscription { events { position type entityId payload ingestedAtUtc } }"
PAYLOAD = {"created": True, "version": 1, "status": "PLANNED", "changed": ["title", "status"]}
BY_HAND = (
    "INSERT INTO domain_events (id, type, module, construct_id, entity_type, entity_id, payload, actor, correlation_id,"
    " causation_id, occurred_at_utc, ingested_at_utc, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def test_events_are_appended(compare: Comparison, durable_store: Store, hand: apsw.Connection):
    def append(tx: Transaction) -> None:
        for number in range(BATCH):
            tx.emit(CONSTRUCT_SAVED, f"construct-{number}", construct_id=f"construct-{number}", payload=PAYLOAD)

    def by_hand() -> None:
        now, correlation_id = time.time_ns() // 1_000_000, new_id()
        rows = (
            (new_id(), "construct.saved", "constructs", f"construct-{number}", "construct", f"construct-{number}",
             to_json(PAYLOAD), "program", correlation_id, None, now, now, "0123456789")
            for number in range(BATCH)
        )  # fmt: skip
        hand.execute("BEGIN IMMEDIATE")
        hand.executemany(BY_HAND, rows)
        hand.execute("COMMIT")

    compare(
        f"append events, {BATCH:,} a commit",
        ours=lambda: durable_store.write(append),
        limit=by_hand,
        at_least=0.6,
        shown=at_rate(BATCH, "events"),
    )


@contextlib.asynccontextmanager
async def subscribed(server: RunningServer, count: int) -> AsyncIterator[list[ClientConnection]]:
    """Sockets that follow the log; `open_timeout` is long since they are opened at once."""
    url = server.url.replace("http://", "ws://")
    async with contextlib.AsyncExitStack() as opened:
        sockets: list[ClientConnection] = []
        for _ in range(count):
            socket = await opened.enter_async_context(
                connect(url, subprotocols=["graphql-transport-ws"], compression=None, open_timeout=60)  # pyright: ignore[reportArgumentType]
            )
            await socket.send(json.dumps({"type": "connection_init", "payload": server.headers}))
            await socket.recv()
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": SUBSCRIPTION}}))
            # Subscribing is not acknowledged; a query on the same socket comes after it.
            await socket.send(json.dumps({"id": "2", "type": "subscribe", "payload": {"query": "{ __typename }"}}))
            while json.loads(await socket.recv())["type"] != "complete":
                pass
            sockets.append(socket)
        yield sockets


async def arrivals(socket: ClientConnection, count: int) -> list[float]:
    """How long each of the next events took, in milliseconds."""
    taken: list[float] = []
    while len(taken) < count:
        message = json.loads(await socket.recv())
        if message["type"] == "next":
            at = time.time() * 1000
            taken.append(at - _ms(message["payload"]["data"]["events"]["ingestedAtUtc"]))
        elif message["type"] == "ping":
            await socket.send('{"type":"pong"}')
    return taken


def _ms(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp() * 1000


async def deliver(server: RunningServer, write: Callable[[], object]) -> list[float]:
    """Write one event after the other while others listen; how long each took to each of them."""
    async with subscribed(server, SUBSCRIBERS) as sockets:
        listening = [asyncio.create_task(arrivals(socket, WRITES)) for socket in sockets]
        for _ in range(WRITES):
            await asyncio.to_thread(write)
            await asyncio.sleep(0.02)
        return [ms for taken in await asyncio.gather(*listening) for ms in taken]


def add(promise: Callable[[Promise], None], name: str, times: list[float], p50: float, p99: float | None) -> None:
    cut = statistics.quantiles(times, n=100)
    for label, value, allowed in (("p50", statistics.median(times), p50), ("p99", cut[98], p99)):
        if allowed is not None:
            promise(Promise(f"{name}, {label}", f"{value:.1f} ms", f"{allowed:.0f} ms", value / allowed, at_most=1))


def test_events_arrive_in_the_same_process_and_in_another(promise: Callable[[Promise], None], tmp_path: Path):
    with running_server(tmp_path / "store") as server, httpx.Client(timeout=60, trust_env=False) as client:

        def by_server() -> None:
            query = 'mutation { saveConstruct(input: { type: "task", title: "x" }) { created } }'
            client.post(server.url, json={"query": query}, headers=server.headers).raise_for_status()

        add(promise, f"commit to delivery, {SUBSCRIBERS} subscribers", asyncio.run(deliver(server, by_server)), 5, 50)
        with open_store(tmp_path / "store") as store:
            content = {"type": "task", "title": "x"}
            times = asyncio.run(deliver(server, lambda: store.write(lambda tx: constructs.save_construct(tx, content))))
        add(promise, f"from another process, {SUBSCRIBERS} subscribers", times, 50, None)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_store_at_rest_costs_next_to_nothing(promise: Callable[[Promise], None], tmp_path: Path):
    async def answer_pings(socket: ClientConnection) -> None:
        async for _ in socket:
            await socket.send('{"type":"pong"}')

    async def rest(server: RunningServer) -> float:
        async with subscribed(server, IDLE_SUBSCRIBERS) as sockets, asyncio.TaskGroup() as group:
            answering = [group.create_task(answer_pings(socket)) for socket in sockets]
            await asyncio.sleep(2)
            before = cpu_seconds(server.process.pid)
            await asyncio.sleep(IDLE_SECONDS)
            share = (cpu_seconds(server.process.pid) - before) / IDLE_SECONDS
            for task in answering:
                task.cancel()
            return share

    with running_server(tmp_path / "store", "--set", "kernel.server.connections=2000") as server:
        share = asyncio.run(rest(server))
    name = f"CPU of an idle store, {IDLE_SUBSCRIBERS:,} subscribers"
    promise(Promise(name, f"{share:.2%} of a core", "1 % of a core", share / 0.01, at_most=1))
