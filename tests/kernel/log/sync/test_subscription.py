"""The subscription `syncStatus`: the newest of each module, in order, unrepeated, right in the end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.subscriptions import Subscription
from synthetic.json_text import from_json, to_json
from synthetic.log.positions import Position
from synthetic.log.sync.monitor import watch_modules
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data

from .conftest import CONSUMER, put_consumer

DOCUMENT = """subscription($after: Position, $modules: [String!]) { syncStatus(after: $after, modules: $modules) {
    module status position staleReasons { reason } cursor } }"""
PATIENCE_SECONDS = 30.0
ERROR = {"code": "X", "message": "x"}


class Listener:
    """A client that takes one update at a time."""

    def __init__(self, subscription: Subscription) -> None:
        assert subscription.is_latest
        self._answers = subscription.answers
        self.positions: list[int] = []

    async def next(self) -> tuple[str, str]:
        """Module and status of the next update."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            update = await self.raw()
        return update["module"], update["status"]

    async def raw(self) -> dict[str, Any]:
        """The next update, whole."""
        answer = from_json(to_json((await anext(self._answers)).body))
        update = expect_data(answer)["syncStatus"]
        self.positions.append(Position.parse(update["position"]).number)
        return update

    async def close(self) -> None:
        await self._answers.aclose()


@contextlib.asynccontextmanager
async def listening(desk, after: str | None = None, modules: list[str] | None = None):
    request = GraphQLRequest(DOCUMENT, {"after": after, "modules": modules})
    subscription = await desk.store.kernel.engine.subscribe(request, ANONYMOUS, "c")
    listener = Listener(subscription)
    try:
        yield listener
    finally:
        await listener.close()


async def report(desk, *args: Any, **fields: Any):
    return await asyncio.to_thread(desk.report, *args, **fields)


def position_of(desk) -> str:
    return str(desk.store.read(lambda snapshot: snapshot.position()))


@pytest.mark.anyio
async def test_the_present_state_comes_first_then_each_change(desk):
    await report(desk, "b")
    await report(desk, "a", "FAILED", error=ERROR)
    async with listening(desk) as listener:
        assert [await listener.next() for _ in range(2)] == [("b", "SYNCED"), ("a", "FAILED")]
        await report(desk, "a", "STARTED")
        assert await listener.next() == ("a", "SYNCING")
        await report(desk, "a")
        assert await listener.next() == ("a", "SYNCED")
        assert listener.positions == sorted(set(listener.positions))


@pytest.mark.anyio
async def test_a_slow_client_gets_only_the_newest_of_each_module(desk):
    for module in ("a", "b"):
        await report(desk, module)
    async with listening(desk, after=position_of(desk)) as listener:
        await report(desk, "a", "STARTED")
        assert await listener.next() == ("a", "SYNCING")
        for _ in range(5):
            await report(desk, "a")
            await report(desk, "a", "STARTED")
        await report(desk, "b", "FAILED", error=ERROR)
        await report(desk, "a", "FAILED", error=ERROR)
        assert [await listener.next() for _ in range(2)] == [("b", "FAILED"), ("a", "FAILED")]
        await report(desk, "b")
        assert await listener.next() == ("b", "SYNCED")
        assert listener.positions == sorted(set(listener.positions))


@pytest.mark.anyio
async def test_what_is_superseded_while_it_waits_is_left_out(desk):
    for module in ("a", "b"):
        await report(desk, module)
    async with listening(desk, after=position_of(desk)) as listener:
        await report(desk, "a", "STARTED")
        await report(desk, "b", "STARTED")
        assert await listener.next() == ("a", "SYNCING")
        await report(desk, "b", "FAILED", error=ERROR)
        assert await listener.next() == ("b", "FAILED")


@pytest.mark.anyio
async def test_a_client_that_goes_on_from_a_position_gets_what_it_has_missed(desk):
    await report(desk, "a")
    await report(desk, "b")
    seen = position_of(desk)
    await report(desk, "b", "STARTED")
    await report(desk, "a", "STARTED")
    await report(desk, "b", "FAILED", error=ERROR)
    async with listening(desk, after=seen) as listener:
        assert [await listener.next() for _ in range(2)] == [("a", "SYNCING"), ("b", "FAILED")]


@pytest.mark.anyio
async def test_a_client_that_is_cut_off_in_the_present_state_gets_the_rest(desk):
    for module in ("a", "b", "c"):
        await report(desk, module)
    async with listening(desk) as listener:
        first = await listener.raw()
        assert first["module"] == "a"
    async with listening(desk, after=first["position"]) as listener:
        assert [await listener.next() for _ in range(2)] == [("b", "SYNCED"), ("c", "SYNCED")]


@pytest.mark.anyio
async def test_only_the_modules_that_are_wanted(desk):
    for module in ("a", "b"):
        await report(desk, module)
    async with listening(desk, modules=["b"]) as listener:
        assert await listener.next() == ("b", "SYNCED")
        await report(desk, "a", "STARTED")
        await report(desk, "b", "STARTED")
        assert await listener.next() == ("b", "SYNCING")


@pytest.mark.anyio
async def test_a_module_that_was_forgotten_is_told_of(desk):
    await report(desk, "a")
    async with listening(desk, after=position_of(desk)) as listener:
        forget = 'mutation { forgetSyncModule(input: {module: "a"}) { module } }'
        expect_data(await asyncio.to_thread(desk.store.graphql, forget))
        update = await listener.raw()
        assert (update["module"], update["staleReasons"]) == ("a", [{"reason": "FORGOTTEN"}])
        await report(desk, "a")
        assert await listener.next() == ("a", "SYNCED")


@pytest.mark.anyio
async def test_what_changes_by_time_comes_when_the_monitor_notices(desk):
    put_consumer(desk.store)
    watch_modules(desk.store)
    await report(desk, "a", expectedIntervalMs=1_000)
    async with listening(desk, modules=[CONSUMER, "a"]) as listener:
        assert [await listener.next() for _ in range(2)] == [(CONSUMER, "SYNCED"), ("a", "SYNCED")]
        desk.clock.advance(1_001)
        await asyncio.to_thread(watch_modules, desk.store)
        assert await listener.next() == ("a", "STALE")


@pytest.mark.anyio
async def test_a_status_that_was_not_published_is_not_shown_before_it_is(desk):
    """A client that was shown it would keep it for ever, were it to pass before the monitor looks."""
    put_consumer(desk.store)
    watch_modules(desk.store)
    put_consumer(desk.store, set_aside=1)
    assert desk.status(CONSUMER).status == "STALE"
    async with listening(desk, modules=[CONSUMER]) as listener:
        assert await listener.next() == (CONSUMER, "SYNCED")
        await asyncio.to_thread(watch_modules, desk.store)
        assert await listener.next() == (CONSUMER, "STALE")
