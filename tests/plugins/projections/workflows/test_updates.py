"""The subscription `workflows`: what happens to workflows, each update once and in order, from where one left off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.projections.workflows.documents import DELETE, RECORD, SAVE_CONSTRUCT
from plugins.transcripts.following import Feed, Server
from synthetic.testing import RunningServer, copy_template, running_server

pytestmark = pytest.mark.anyio

FOLLOW = """
subscription ($after: Position) {
  workflows(after: $after%s) {
    position workflowId type from to status isLate transition { reason }
  }
}
"""


@pytest.fixture(scope="module")
def running(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server process for all of these tests."""
    directory = copy_template(template, tmp_path_factory.mktemp("served") / "store")
    with running_server(directory, environment={"SYNTHETIC_DATABASE_SYNCHRONOUS": "OFF"}) as server:
        yield server


@pytest.fixture
async def server(running: RunningServer) -> AsyncIterator[Server]:
    server = Server(running)
    async with server.client:
        yield server


async def updates(feed: Feed, count: int) -> list[dict[str, Any]]:
    answers = [await feed.answer() for _ in range(count)]
    assert not any("errors" in answer for answer in answers), answers
    return [answer["data"]["workflows"] for answer in answers]


async def test_who_names_the_last_position_that_it_saw_misses_nothing(server: Server) -> None:
    begin = (await server.ask("{ health { version } }"))["extensions"]["position"]
    for fields in (
        {"workflowId": "w", "to": "A", "storyId": "s", "reason": "It begins.", "occurredAt": "2026-01-02T00:00:00Z"},
        {"workflowId": "v", "to": "A"},
        {"workflowId": "w", "to": "B", "occurredAt": "2026-01-01T00:00:00Z"},
        {"workflowId": "w", "to": "C"},
    ):
        await server.ask(RECORD, input=fields)
    await server.ask(DELETE, id="v")
    async with server.follow("", begin, FOLLOW % "") as feed:
        seen = await updates(feed, 2)
    async with server.follow("", seen[-1]["position"], FOLLOW % "") as feed:
        seen += await updates(feed, 3)
    told = [(each["workflowId"], each["type"], each["from"], each["to"], each["isLate"]) for each in seen]
    assert told == [
        ("w", "TRANSITIONED", None, "A", False),
        ("v", "TRANSITIONED", None, "A", False),
        ("w", "TRANSITIONED", None, "B", True),
        ("w", "TRANSITIONED", "A", "C", False),
        ("v", "DELETED", None, None, False),
    ]
    assert [each["transition"] and each["transition"]["reason"] for each in seen] == [
        "It begins.", None, None, None, None,
    ]  # fmt: skip
    async with server.follow("", begin, FOLLOW % ', filter: {storyId: "s", to: ["A", "C"]}') as feed:
        found = await updates(feed, 3)
    assert [(each["workflowId"], each["to"]) for each in found] == [("w", "A"), ("w", "C"), ("v", None)]


async def test_who_follows_a_construct_is_told_of_what_leaves_it(server: Server) -> None:
    for id in ("old", "new"):
        await server.ask(SAVE_CONSTRUCT, id=id)
    begin = (await server.ask("{ health { version } }"))["extensions"]["position"]
    for to, construct in (("A", "old"), ("B", "new"), ("C", "new")):
        await server.ask(RECORD, input={"workflowId": "moved", "to": to, "constructId": construct})
    await server.ask(RECORD, input={"workflowId": "end", "to": "Z", "constructId": "old"})
    await server.ask(RECORD, input={"workflowId": "end", "to": "Z", "constructId": "new"})
    for id, told in (("old", ["A", "B", "Z", "Z"]), ("new", ["B", "C", "Z"])):
        async with server.follow("", begin, FOLLOW % f', filter: {{constructId: "{id}"}}') as feed:
            assert [each["to"] for each in await updates(feed, len(told))] == told
