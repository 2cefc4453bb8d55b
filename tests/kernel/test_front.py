"""What the application does when something in it is broken, which a sound server cannot be asked for."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import anyio
import httpx
import pytest
from starlette.types import Message

from synthetic.app import create_app
from synthetic.errors import StorageFailedError
from synthetic.graphql.http import GraphQLEndpoint
from synthetic.graphql.websocket import SocketEndpoint
from synthetic.store import Store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(store.kernel, no_auth=True), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
        yield opened


def broken(*_: object) -> None:
    raise RuntimeError("what nobody outside may read")


async def test_an_unexpected_exception_is_masked_and_logged_with_its_id(
    store: Store, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(store.kernel.metrics, "text", broken)
    answer = await client.get("/metrics")
    assert answer.status_code == 500
    assert answer.json()["code"] == "INTERNAL"
    assert "nobody outside" not in answer.text
    record = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.exc_info is not None
    assert "nobody outside" in str(record.exc_info[1])


async def test_an_error_of_the_contract_is_answered_as_it_is(
    store: Store, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    def failing() -> bytes:
        raise StorageFailedError(retry_after_ms=1_500)

    monkeypatch.setattr(store.kernel.metrics, "text", failing)
    answer = await client.get("/metrics")
    assert answer.status_code == 503
    assert answer.json()["code"] == "STORAGE_FAILED"
    assert answer.headers["retry-after"] == "2"


async def test_graphql_clients_get_the_shape_that_they_expect(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    async def failing(*_: object) -> None:
        broken()

    monkeypatch.setattr(GraphQLEndpoint, "__call__", failing)
    answer = await client.post("/graphql", json={"query": "{ health { version } }"})
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert answer.headers["content-length"] == str(len(answer.content))


async def run_socket(store: Store, *, leaves: bool = False) -> list[Message]:
    """What the application sends to a socket that was just opened, and whose client may have left."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        if leaves:
            raise OSError("the client has left")
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "subprotocols": ["graphql-transport-ws"],
        "extensions": {"websocket.http.response": {}},
        "state": {},
    }
    await create_app(store.kernel, no_auth=True)(scope, receive, send)
    return sent


async def test_a_socket_that_breaks_before_it_opens_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch):
    async def failing(*_: object) -> None:
        broken()

    monkeypatch.setattr(SocketEndpoint, "__call__", failing)
    sent = await run_socket(store)
    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert sent[0]["status"] == 500
    assert b"INTERNAL" in sent[1]["body"]


async def test_a_socket_that_breaks_later_is_closed_with_the_code(store: Store, monkeypatch: pytest.MonkeyPatch):
    async def failing(self: SocketEndpoint, scope: object, receive: object, send: object) -> None:
        await send({"type": "websocket.accept"})
        broken()

    monkeypatch.setattr(SocketEndpoint, "__call__", failing)
    sent = await run_socket(store)
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
    assert sent[1] == {"type": "websocket.close", "code": 1011, "reason": "INTERNAL"}


async def test_an_answer_that_breaks_half_way_is_not_passed_off_as_whole(store: Store, monkeypatch: pytest.MonkeyPatch):
    async def failing(self: GraphQLEndpoint, scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        broken()

    monkeypatch.setattr(GraphQLEndpoint, "__call__", failing)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "state": {},
    }
    await create_app(store.kernel, no_auth=True)(scope, anyio.sleep_forever, send)
    assert [message["type"] for message in sent] == ["http.response.start"]


async def test_a_client_that_left_is_no_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def sending(self: SocketEndpoint, scope: object, receive: object, send: object) -> None:
        await send({"type": "websocket.accept"})

    monkeypatch.setattr(SocketEndpoint, "__call__", sending)
    assert await run_socket(store, leaves=True) == []
    assert caplog.records == []


async def test_a_socket_that_is_neither_accepted_nor_refused_is_closed(store: Store, monkeypatch: pytest.MonkeyPatch):
    async def silent(*_: object) -> None:
        return

    monkeypatch.setattr(SocketEndpoint, "__call__", silent)
    assert [message["type"] for message in await run_socket(store)] == ["websocket.close"]
