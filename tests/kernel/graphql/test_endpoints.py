"""The endpoints as ASGI applications, for what a client on the network cannot bring about."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from synthetic.errors import DatabaseBusyError, StorageFailedError, UnauthenticatedError
from synthetic.graphql import token_watch
from synthetic.graphql.http import GraphQLEndpoint
from synthetic.graphql.socket_messages import SUBPROTOCOL
from synthetic.graphql.sse import StreamEndpoint
from synthetic.graphql.websocket import SocketEndpoint
from synthetic.kernel import Kernel
from synthetic.kernel_settings import LimitSettings
from synthetic.security.gate import Caller, Gate
from synthetic.store import Store

SOCKET = {
    "type": "websocket",
    "headers": [],
    "subprotocols": [SUBPROTOCOL],
    "client": ("127.0.0.1", 1),
    "extensions": {},
}
REQUEST = {
    "type": "http",
    "method": "POST",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json")],
    "client": ("127.0.0.1", 1),
}


@pytest.fixture
def kernel(store: Store) -> Kernel:
    return store.kernel


@pytest.fixture
def gate(kernel: Kernel) -> Gate:
    return Gate(kernel.database, kernel.settings, no_auth=True)


class Channel:
    """Both ends of an ASGI connection."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in messages:
            self.incoming.put_nowait(message)

    def say(self, **message: Any) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "text": orjson.dumps(message).decode()})

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(30):
            message = await self.outgoing.get()
        return orjson.loads(message["text"]) if message["type"] == "websocket.send" else message

    async def greet(self) -> None:
        self.incoming.put_nowait({"type": "websocket.connect"})
        self.say(type="connection_init")
        assert (await self.hear())["type"] == "websocket.accept"
        assert await self.hear() == {"type": "connection_ack"}


def sockets(kernel: Kernel, gate: Gate, **limits: int) -> SocketEndpoint:
    return SocketEndpoint(kernel.engine, gate, LimitSettings(**limits), metrics=kernel.metrics)


def posts(kernel: Kernel, gate: Gate) -> GraphQLEndpoint:
    limits = LimitSettings()
    streams = StreamEndpoint(kernel.engine, gate, limits, metrics=kernel.metrics, has_one_process=True)
    return GraphQLEndpoint(kernel.engine, gate, limits, streams, metrics=kernel.metrics, read_timeout_ms=30_000)


def a_request() -> Channel:
    return Channel({"type": "http.request", "body": b'{"query": "{ __typename }"}', "more_body": False})


def test_a_stop_ends_every_conversation(kernel: Kernel, gate: Gate):
    async def scene() -> None:
        endpoint = sockets(kernel, gate)
        channels = [Channel() for _ in range(3)]
        serving = [asyncio.create_task(endpoint(SOCKET, one.incoming.get, one.outgoing.put)) for one in channels]
        for channel in channels:
            await channel.greet()
        assert endpoint.open_count == 3
        await endpoint.close()
        assert endpoint.open_count == 0
        for channel, task in zip(channels, serving, strict=True):
            await task
            assert await channel.hear() == {"type": "websocket.close", "code": 1012, "reason": "The server stops"}
        await endpoint.close()

    asyncio.run(scene())


def test_a_server_that_cannot_answer_handshakes_closes_them_when_there_are_too_many(kernel: Kernel, gate: Gate):
    async def scene() -> None:
        endpoint = sockets(kernel, gate, sockets=1)
        first, second = Channel(), Channel({"type": "websocket.connect"})
        serving = asyncio.create_task(endpoint(SOCKET, first.incoming.get, first.outgoing.put))
        await first.greet()
        await endpoint(SOCKET, second.incoming.get, second.outgoing.put)
        assert (await second.hear())["code"] == 1013
        first.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await serving
        assert first.outgoing.empty(), "nobody is left to be told"
        assert endpoint.open_count == 0

    asyncio.run(scene())


def test_a_socket_that_is_gone_before_it_connects_is_nothing(kernel: Kernel, gate: Gate):
    channel = Channel({"type": "websocket.disconnect", "code": 1006})
    asyncio.run(sockets(kernel, gate)(SOCKET, channel.incoming.get, channel.outgoing.put))
    assert channel.outgoing.empty()


def test_a_binary_message_and_one_that_is_no_unicode_are_refused(kernel: Kernel, gate: Gate):
    async def scene(message: dict[str, Any]) -> int:
        channel = Channel({"type": "websocket.connect"}, {"type": "websocket.receive", **message})
        await sockets(kernel, gate)(SOCKET, channel.incoming.get, channel.outgoing.put)
        await channel.hear()
        return (await channel.hear())["code"]

    assert asyncio.run(scene({"bytes": b"{}"})) == 4400
    assert asyncio.run(scene({"bytes": b"{}", "text": None})) == 4400
    assert asyncio.run(scene({"text": '"\ud800"'})) == 4400


@pytest.mark.parametrize(
    ("failure", "code"), [(StorageFailedError(), 1011), (ValueError("secret"), 1011), (UnauthenticatedError(), 4403)]
)
def test_a_store_that_fails_while_the_token_is_checked_closes_the_socket(
    kernel: Kernel, gate: Gate, monkeypatch: pytest.MonkeyPatch, failure: Exception, code: int
):
    async def fail(*_given: Any) -> Any:
        raise failure

    monkeypatch.setattr(gate, "still_valid", fail)
    monkeypatch.setattr(token_watch, "WATCH_SECONDS", 0.01)

    async def scene() -> dict[str, Any]:
        channel = Channel()
        endpoint = sockets(kernel, gate)
        serving = asyncio.create_task(endpoint(SOCKET, channel.incoming.get, channel.outgoing.put))
        await channel.greet()
        await serving
        return await channel.hear()

    closed = asyncio.run(scene())
    assert closed["code"] == code
    assert "secret" not in closed["reason"]


def test_a_store_that_fails_while_the_token_is_checked_ends_the_stream(
    kernel: Kernel, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    async def fail(*_given: Any) -> Any:
        raise StorageFailedError

    monkeypatch.setattr(gate, "still_valid", fail)
    monkeypatch.setattr(token_watch, "WATCH_SECONDS", 0.01)

    async def scene() -> list[dict[str, Any]]:
        body = b'{"query": "subscription { events { position } }"}'
        channel = Channel({"type": "http.request", "body": body, "more_body": False})
        request = {**REQUEST, "headers": [*REQUEST["headers"], (b"accept", b"text/event-stream")]}
        async with asyncio.timeout(30):
            await posts(kernel, gate)(request, channel.incoming.get, channel.outgoing.put)
        return [channel.outgoing.get_nowait() for _ in range(channel.outgoing.qsize())]

    start, *_, end = asyncio.run(scene())
    assert start["status"] == 200
    assert end == {"type": "http.response.body", "body": b"", "more_body": False}


def test_the_token_of_many_sockets_is_asked_for_once_a_round_and_not_at_all_when_they_are_gone(
    kernel: Kernel, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    async def scene() -> None:
        """Twenty sockets and two rounds; the first finds a store that is busy."""
        asked = 0
        second_round = asyncio.Event()

        async def busy_at_first(_caller: Caller) -> bool:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise DatabaseBusyError
            second_round.set()
            return await asyncio.Event().wait()

        monkeypatch.setattr(gate, "still_valid", busy_at_first)
        monkeypatch.setattr(token_watch, "WATCH_SECONDS", 0.01)
        endpoint = sockets(kernel, gate)
        channels = [Channel() for _ in range(20)]
        serving = [
            asyncio.create_task(endpoint(SOCKET, channel.incoming.get, channel.outgoing.put)) for channel in channels
        ]
        for channel in channels:
            await channel.greet()
        async with asyncio.timeout(30):
            await second_round.wait()
        assert asked == 2
        assert endpoint.open_count == 20, "a store that is busy for a moment closes nobody"
        for channel in channels:
            channel.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.gather(*serving)
        watching = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        async with asyncio.timeout(30):
            await asyncio.gather(*watching, return_exceptions=True)

    asyncio.run(scene())


def test_an_operation_that_fails_without_a_reason_is_internal_and_the_socket_goes_on(
    kernel: Kernel, gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def fail(*_given: Any) -> Any:
        raise ValueError("secret")

    async def scene() -> None:
        channel = Channel()
        endpoint = sockets(kernel, gate)
        serving = asyncio.create_task(endpoint(SOCKET, channel.incoming.get, channel.outgoing.put))
        await channel.greet()
        with monkeypatch.context() as patch:
            patch.setattr(kernel.engine, "subscribe", fail)
            channel.say(id="1", type="subscribe", payload={"query": "{ __typename }"})
            message = await channel.hear()
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in orjson.dumps(message).decode()
        channel.say(id="1", type="subscribe", payload={"query": "{ __typename }"})
        assert (await channel.hear())["type"] == "next"
        await endpoint.close()
        await serving

    asyncio.run(scene())
    assert "secret" in caplog.text, "the log has what the client is not told"


def test_a_socket_that_breaks_while_it_is_closed_is_no_failure(
    kernel: Kernel, gate: Gate, caplog: pytest.LogCaptureFixture
):
    async def scene() -> None:
        channel = Channel({"type": "websocket.connect"}, {"type": "websocket.receive", "text": "rubbish"})

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.close":
                raise ConnectionResetError

        await sockets(kernel, gate)(SOCKET, channel.incoming.get, send)

    asyncio.run(scene())
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_request_that_fails_without_a_reason_is_internal(
    kernel: Kernel, gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def fail(*_given: Any, **_options: Any) -> Any:
        raise ValueError("secret")

    monkeypatch.setattr(kernel.engine, "run", fail)
    channel = a_request()
    asyncio.run(posts(kernel, gate)(REQUEST, channel.incoming.get, channel.outgoing.put))
    assert channel.outgoing.get_nowait()["status"] == 500
    body = orjson.loads(channel.outgoing.get_nowait()["body"])
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(body)
    assert "secret" in caplog.text, "the log has what the client is not told"


class Hanging:
    """Operations that end by cancellation alone, and what became of them."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def run(self, *_given: Any, **_options: Any) -> Any:
        self.started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@pytest.fixture
def hanging(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Hanging:
    operations = Hanging()
    monkeypatch.setattr(kernel.engine, "run", operations.run)
    return operations


def test_a_client_that_leaves_cancels_its_request_and_nobody_else(kernel: Kernel, gate: Gate, hanging: Hanging):
    async def scene() -> None:
        channel = a_request()
        serving = asyncio.create_task(posts(kernel, gate)(REQUEST, channel.incoming.get, channel.outgoing.put))
        await hanging.started.wait()
        channel.incoming.put_nowait({"type": "http.request", "body": b"more", "more_body": False})
        channel.incoming.put_nowait({"type": "http.disconnect"})
        await serving
        assert serving.cancelling() == 0
        assert channel.outgoing.empty()

    asyncio.run(scene())
    assert hanging.cancelled.is_set()


def test_a_server_that_stops_cancels_its_requests_and_knows_it(kernel: Kernel, gate: Gate, hanging: Hanging):
    async def scene() -> None:
        channel = a_request()
        serving = asyncio.create_task(posts(kernel, gate)(REQUEST, channel.incoming.get, channel.outgoing.put))
        await hanging.started.wait()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    asyncio.run(scene())
    assert hanging.cancelled.is_set()
