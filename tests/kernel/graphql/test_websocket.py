"""graphql-transport-ws with a real client: what well-behaved ones get."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from synthetic.testing import CONTRACT_KEYS

from .live_server import PATIENCE_SECONDS, LiveServer, hear, say, serve_lab
from .socket_kit import closing, ending, subscribe, talk


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_query_and_a_mutation_are_answered_and_completed(live: LiveServer):
    async def conversation(connection: ClientConnection) -> None:
        await subscribe(connection, "1", "query ($text: String!) { echo(text: $text) }", text="grüße 🏃")
        assert (await hear(connection))["payload"]["data"] == {"echo": "grüße 🏃"}
        assert await hear(connection) == {"id": "1", "type": "complete"}
        await subscribe(connection, "1", 'mutation { keep(input: { text: "by socket" }) }')
        assert (await hear(connection))["payload"]["data"]["keep"] > 0
        assert await hear(connection) == {"id": "1", "type": "complete"}

    talk(live, conversation)
    assert "by socket" in live.lab.kept


def test_a_subscription_is_answered_until_it_ends(live: LiveServer):
    async def conversation(connection: ClientConnection) -> None:
        await subscribe(connection, "ä", "subscription { ticks(count: 3) }")
        for number in range(3):
            assert await hear(connection) == {"id": "ä", "type": "next", "payload": {"data": {"ticks": number}}}
        assert await hear(connection) == {"id": "ä", "type": "complete"}

    talk(live, conversation)


def test_operations_of_one_socket_run_side_by_side(live: LiveServer):
    async def conversation(connection: ClientConnection) -> None:
        await subscribe(connection, "quiet", "subscription { silence }")
        assert (await hear(connection))["id"] == "quiet"
        await subscribe(connection, "quick", "{ __typename }")
        assert [(await hear(connection))["id"] for _ in range(2)] == ["quick", "quick"]

    talk(live, conversation)
    assert live.lab.closed.acquire(timeout=PATIENCE_SECONDS), "a socket's end ends its operations"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { a: ticks(count: 1) b: ticks(count: 1) }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int!) { letters(count: $n) }", "BAD_USER_INPUT"),
        ("{ a: __typename" * 100, "QUERY_TOO_COMPLEX"),
    ],
)
def test_an_operation_that_cannot_run_is_an_error_and_ends_there(live: LiveServer, query: str, code: str):
    async def conversation(connection: ClientConnection) -> None:
        await subscribe(connection, "1", query)
        message = await hear(connection)
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"]["code"] == code
        assert set(message["payload"][0]["extensions"]) == CONTRACT_KEYS
        await subscribe(connection, "1", "{ __typename }")
        assert (await hear(connection))["type"] == "next"

    talk(live, conversation)


def test_a_client_may_be_through_with_an_operation_and_use_its_id_again(live: LiveServer):
    async def conversation(connection: ClientConnection) -> None:
        for _ in range(3):
            await subscribe(connection, "1", "subscription { silence }")
            assert (await hear(connection))["type"] == "next"
            await say(connection, id="1", type="complete")
        await say(connection, id="nobody's", type="complete")
        await subscribe(connection, "2", "{ __typename }")
        assert (await hear(connection))["id"] == "2"

    talk(live, conversation)
    for _ in range(3):
        assert live.lab.closed.acquire(timeout=PATIENCE_SECONDS)


def test_complete_interrupts_the_sql(tmp_path: Path):
    with serve_lab(tmp_path, database__readers="1", limits__operation_ms="600000") as server:

        async def conversation(connection: ClientConnection) -> None:
            await subscribe(connection, "1", "{ endless }")
            assert await asyncio.to_thread(server.lab.started.acquire, timeout=PATIENCE_SECONDS)
            await say(connection, id="1", type="complete")
            await subscribe(connection, "2", "{ __typename }")
            assert (await hear(connection))["id"] == "2"

        talk(server, conversation)
        assert server.lab.closed.acquire(timeout=PATIENCE_SECONDS)


def test_pings_are_answered_with_their_payload_at_any_time(live: LiveServer):
    async def hold() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), live.connect() as connection:
            await say(connection, type="ping")
            assert await hear(connection) == {"type": "pong"}
            await say(connection, type="ping", payload={"a": [1]})
            assert await hear(connection) == {"type": "pong", "payload": {"a": [1]}}
            await say(connection, type="pong")
            await say(connection, type="complete", id="1")
            await say(connection, type="connection_init", payload={"authorization": f"Bearer {live.token}"})
            assert await hear(connection) == {"type": "connection_ack"}
            await say(connection, type="ping", payload=None)
            assert await hear(connection) == {"type": "pong"}

    asyncio.run(hold())


@pytest.mark.parametrize("payload", ["absent", None, {}, {"other": 1}])
def test_the_token_may_come_in_the_handshakes_header(live: LiveServer, payload: Any):
    async def hold() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), live.connect(additional_headers=live.headers) as connection:
            message: dict[str, Any] = {"type": "connection_init"}
            await say(connection, **(message if payload == "absent" else {**message, "payload": payload}))
            assert await hear(connection) == {"type": "connection_ack"}

    asyncio.run(hold())


def test_the_name_of_the_payloads_token_may_be_written_in_any_case(live: LiveServer):
    async def hold() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), live.connect() as connection:
            await say(connection, type="connection_init", payload={"Authorization": f"Bearer {live.token}"})
            assert await hear(connection) == {"type": "connection_ack"}

    asyncio.run(hold())


@pytest.mark.parametrize(
    "payload", [None, {}, {"authorization": "Bearer wrong"}, {"authorization": 5}, {"authorization": None}]
)
def test_who_has_no_token_is_shut_out(live: LiveServer, payload: Any):
    code, reason = ending(live, orjson.dumps({"type": "connection_init", "payload": payload}).decode())
    assert code == 4403
    assert "token" in reason


def test_scopes_hold_on_sockets_too(live: LiveServer):
    reader = live.make_token("read")

    async def hold() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), live.connect() as connection:
            await say(connection, type="connection_init", payload={"authorization": f"Bearer {reader}"})
            await hear(connection)
            await subscribe(connection, "1", 'mutation { keep(input: { text: "forbidden" }) }')
            assert (await hear(connection))["payload"][0]["extensions"]["code"] == "FORBIDDEN"

    asyncio.run(hold())
    assert "forbidden" not in live.lab.kept


@pytest.mark.parametrize("subprotocol", [None, "graphql-ws", "chat"])
def test_other_protocols_are_not_spoken(live: LiveServer, subprotocol: str | None):
    async def hold() -> tuple[int, str]:
        async with asyncio.timeout(PATIENCE_SECONDS), live.connect(subprotocol=subprotocol) as connection:
            assert connection.subprotocol is None
            return await closing(connection)

    assert asyncio.run(hold())[0] == 4406


def test_a_page_of_a_foreign_origin_is_refused_at_the_handshake(live: LiveServer):
    async def hold() -> int:
        with pytest.raises(InvalidStatus) as caught:
            async with live.connect(origin="https://evil.example"):
                pass
        return caught.value.response.status_code

    assert asyncio.run(hold()) == 403
