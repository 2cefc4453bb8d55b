"""A server: costs as they come in, and budgets that tell by themselves."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.transcripts.following import Server
from synthetic.testing import RunningServer, copy_template, open_test_store, running_server

pytestmark = pytest.mark.anyio

RECORD = """
mutation ($input: RecordCostInput!) { recordCost(input: $input) { created } }
"""
REBUILD = 'mutation { requestResync(input: {module: "projections.costs", action: REBUILD}) { status { status } } }'
SUBSCRIBE = """
subscription ($id: ID!, $after: Position) {
  costs(groupBy: [CONSTRUCT], filter: {constructIds: [$id]}, after: $after) {
    position rows { key costMicros currency }
  }
}
"""
EXCEEDED = """
subscription ($id: ID!, $after: Position) {
  events(filter: {types: ["budget.exceeded"], constructId: $id}, after: $after) { entityId payload }
}
"""


@pytest.fixture(scope="module")
def directory(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_template(template, tmp_path_factory.mktemp("served") / "store")


@pytest.fixture(scope="module")
def running(directory: Path) -> Iterator[RunningServer]:
    with running_server(directory, environment={"SYNTHETIC_DATABASE_SYNCHRONOUS": "OFF"}) as server:
        yield server


class Spender(Server):
    """What these tests ask of the server."""

    async def spend(self, construct: str, micros: int) -> str:
        """Record a cost; the position after it."""
        given = {"kind": "tool", "constructId": construct, "costMicros": micros, "currency": "USD"}
        return (await self.ask(RECORD, input=given))["extensions"]["position"]


@pytest.fixture
async def server(running: RunningServer) -> AsyncIterator[Spender]:
    spender = Spender(running)
    async with spender.client:
        yield spender


async def until(feed: Any, micros: int) -> str:
    """Wait for an update that shows so much; its position."""
    while True:
        answer = await feed.answer()
        assert "errors" not in answer, answer["errors"]
        update = answer["data"]["costs"]
        if [row["costMicros"] for row in update["rows"]] == [micros]:
            return update["position"]


def number_of(position: str) -> int:
    return int(position.partition(":")[2])


async def test_costs_are_delivered_as_they_come_in_and_after_a_cut(server):
    await server.make("live")
    await server.spend("live", 5)
    async with server.follow("live", None, SUBSCRIBE) as feed:
        await until(feed, 5)
        await server.spend("live", 7)
        position = await until(feed, 12)
    await server.spend("live", 1)
    async with server.follow("live", position, SUBSCRIBE) as feed:
        assert number_of(await until(feed, 13)) > number_of(position)
        await server.spend("live", -13)
        await server.spend("live", 100)
        await until(feed, 100)


async def test_sums_that_are_made_anew_are_delivered_though_nothing_happens(server, directory):
    await server.make("mended")
    await server.spend("mended", 5)
    async with server.follow("mended", None, SUBSCRIBE) as feed:
        await until(feed, 5)
    with open_test_store(directory) as store:
        store.write(lambda tx: tx.execute("UPDATE cost_rollups SET cost_micros = 77 WHERE key = 'mended'"))
    async with contextlib.AsyncExitStack() as stack:
        feed = await stack.enter_async_context(server.follow("mended", None, SUBSCRIBE))
        position = await until(feed, 77)
        await server.ask(REBUILD)
        mended = await until(feed, 5)
        assert number_of(mended) > number_of(position)
        back = await stack.enter_async_context(server.follow("mended", position, SUBSCRIBE))
        await until(back, 5)


async def test_a_budget_that_is_exceeded_is_told_live(server):
    await server.make("tight")
    await server.ask(
        'mutation { saveBudget(input: {id: "tight", name: "T", constructId: "tight", limitMicros: 10,'
        ' currency: "USD"}) { created } }'
    )
    async with contextlib.AsyncExitStack() as stack:
        start = await server.spend("tight", 10)
        feed = await stack.enter_async_context(server.follow("tight", start, EXCEEDED))
        await server.spend("tight", 1)
        told = (await feed.answer())["data"]["events"]
    assert (told["entityId"], told["payload"]["spentMicros"]) == ("tight", 11)
    state = await server.ask('{ budget(id: "tight") { state { level } } }')
    assert state["data"]["budget"]["state"]["level"] == "EXCEEDED"
    text = (await server.client.get(server.running.url.replace("/graphql", "/metrics"))).text
    assert 'synthetic_cost_budgets{level="EXCEEDED"}' in text
    assert "synthetic_cost_unpriced_tokens" in text
