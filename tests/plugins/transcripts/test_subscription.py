"""`transcriptMessages`: who names the last position that it saw gets every message once, however often it is cut."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from plugins.transcripts.following import FOLLOW, Server
from synthetic import Transaction
from synthetic.testing import RunningServer, copy_template, open_test_store, running_server

pytestmark = pytest.mark.anyio

WHOLE = "id transcriptId seq sourceId role kind text blocks metadata sizeBytes occurredAt usage { inputTokens }"
FOLLOW_WHOLE = FOLLOW.replace("id seq text", WHOLE)
READ_WHOLE = f"query ($id: ID!) {{ transcript(id: $id) {{ messages(first: 1000) {{ nodes {{ {WHOLE} }} }} }} }}"


@pytest.fixture(scope="module")
def directory(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_template(template, tmp_path_factory.mktemp("served") / "store")


@pytest.fixture(scope="module")
def running(directory: Path) -> Iterator[RunningServer]:
    """A server process for all of these tests; each makes a transcript of its own."""
    with running_server(directory, environment={"SYNTHETIC_DATABASE_SYNCHRONOUS": "OFF"}) as server:
        yield server


@pytest.fixture
async def server(running: RunningServer) -> AsyncIterator[Server]:
    server = Server(running)
    async with server.client:
        yield server


async def test_a_client_that_is_cut_off_again_and_again_gets_every_message_once(server: Server) -> None:
    chance = random.Random(7)
    messages = 200
    position = await server.make("cut")
    seqs: list[int] = []
    texts: list[str] = []

    async def write() -> None:
        number = 1
        while number <= messages:
            count = min(chance.randint(1, 5), messages - number + 1)
            await server.append_numbered("cut", range(number, number + count))
            number += count

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        connections = 0
        while len(seqs) < messages:
            connections += 1
            async with server.follow("cut", position) as feed:
                for _ in range(chance.randint(1, 6)):
                    update = await feed.update()
                    numbers = [message["seq"] for message in update["messages"]]
                    assert numbers == list(range(update["firstSeq"], update["lastSeq"] + 1))
                    assert update["transcriptId"] == "cut"
                    seqs += numbers
                    texts += [message["text"] for message in update["messages"]]
                    position = update["position"]
                    if len(seqs) == messages:
                        break

    assert connections > 5
    assert seqs == list(range(1, messages + 1))
    assert texts == [f"message {number}" for number in seqs]


async def test_one_append_is_one_update_also_when_it_is_sealed_and_others_have_followed(server: Server) -> None:
    begin = await server.make("sealed")
    first = await server.append_numbered("sealed", range(1, 301))
    await server.append_numbered("sealed", [301])

    async with server.follow("sealed", begin) as feed:
        update = await feed.update()
        assert (update["firstSeq"], update["lastSeq"], update["position"]) == (1, 300, first)
        assert [message["text"] for message in update["messages"]] == [f"message {number}" for number in range(1, 301)]
        assert (await feed.update())["firstSeq"] == 301


async def test_messages_come_as_the_transcript_has_them(server: Server) -> None:
    begin = await server.make("whole")
    block = [{"type": "text", "text": "See."}, {"type": "tool_use", "input": {"z": 1, "a": [None]}}]
    await server.append(
        "whole",
        {"sourceId": "a", "text": "Hello.", "occurredAt": "2026-01-01T00:00:00Z", "metadata": {"b": 1, "a": 2}},
        {"sourceId": "b", "role": "ASSISTANT", "kind": "TOOL_CALL", "blocks": block, "usage": {"inputTokens": 5}},
        {"sourceId": "c", "text": "x" * 100_000},
        {"sourceId": "d"},
    )
    stored = await server.ask(READ_WHOLE, id="whole")

    async with server.follow("whole", begin, FOLLOW_WHOLE) as feed:
        update = await feed.update()

    assert update["messages"] == stored["data"]["transcript"]["messages"]["nodes"]
    assert len(update["messages"]) == 4


async def test_without_a_position_it_begins_with_what_comes_next(server: Server) -> None:
    await server.make("next")
    await server.append_numbered("next", [1])

    async with server.follow("next", None) as feed, asyncio.TaskGroup() as tasks:
        # When it has begun cannot be seen from outside, so messages are appended until one comes.
        seen = tasks.create_task(feed.update())
        number = 1
        while not seen.done():
            number += 1
            await server.append_numbered("next", [number])
        assert 2 <= seen.result()["firstSeq"] <= number
        if seen.result()["firstSeq"] < number:
            assert (await feed.update())["firstSeq"] == seen.result()["firstSeq"] + 1


async def test_messages_of_other_transcripts_are_not_delivered(server: Server) -> None:
    begin = await server.make("mine")
    await server.make("yours")
    await server.append_numbered("yours", [1])
    await server.append_numbered("mine", [1])

    async with server.follow("mine", begin) as feed:
        assert (await feed.update())["transcriptId"] == "mine"


async def test_a_transcript_that_is_not_there_is_not_found(server: Server) -> None:
    async with server.follow("nowhere", None) as feed:
        message = await feed.hear()

    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "NOT_FOUND")


async def test_it_completes_when_the_transcript_is_deleted(server: Server) -> None:
    begin = await server.make("gone")
    await server.append_numbered("gone", [1])

    async with server.follow("gone", begin) as feed:
        assert (await feed.update())["lastSeq"] == 1
        await server.delete("gone")
        assert await feed.hear() == {"id": "1", "type": "complete"}


async def test_messages_that_are_gone_meanwhile_are_passed_over(server: Server) -> None:
    begin = await server.make("anew")
    await server.append_numbered("anew", [1, 2, 3])
    deleted = await server.delete("anew")
    await server.make("anew")
    await server.append_numbered("anew", [1])

    async with server.follow("anew", begin) as feed:
        assert await feed.hear() == {"id": "1", "type": "complete"}
    async with server.follow("anew", deleted) as feed:
        update = await feed.update()
        assert [message["text"] for message in update["messages"]] == ["message 1"]


async def test_messages_that_cannot_be_read_are_an_error_of_their_update_alone(server: Server, directory: Path) -> None:
    begin = await server.make("torn")
    position = await server.append_numbered("torn", range(1, 129))
    with open_test_store(directory) as store:
        key = "(SELECT key FROM transcripts WHERE id = 'torn')"
        # The new id is for the server's cache: what reads in the background may have kept the stretch there.
        sql = f"UPDATE transcript_stretches SET id = id + 1000, frame = x'00' WHERE transcript_key = {key}"
        assert store.write(Transaction.execute, sql) == 1
    await server.append_numbered("torn", [129])

    async with server.follow("torn", begin) as feed:
        answer = await feed.answer()
        assert answer["errors"][0]["extensions"]["code"] == "TRANSCRIPT_DAMAGED"
        assert answer["data"]["transcriptMessages"] == {
            "position": position,
            "transcriptId": "torn",
            "firstSeq": 1,
            "lastSeq": 128,
            "messages": None,
        }
        assert [message["seq"] for message in (await feed.update())["messages"]] == [129]


async def test_a_position_of_another_history_must_be_begun_anew(server: Server) -> None:
    begin = await server.make("far")
    epoch, number = begin.split(":")

    for position, reason in ((f"0000000000:{number}", "EPOCH"), (f"{epoch}:{2**40}", "AHEAD")):
        async with server.follow("far", position) as feed:
            message = await feed.hear()
        error = message["payload"][0]["extensions"]
        assert (error["code"], error["details"]["reason"]) == ("RESYNC_REQUIRED", reason)
