"""State-like subscriptions: while a client is behind, nothing is taken from their source.

Only the network is replaced here, by a connection that takes nothing until it
is told to: buffers of a real one would hide what the server does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from synthetic.app import create_app

from .live_server import PATIENCE_SECONDS, LiveServer

HEADERS = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"accept", b"text/event-stream")]
ENOUGH = 10
QUERY = "subscription { newest }"
FRAGMENTS = "subscription { ... on Subscription { ...Wanted } } fragment Wanted on Subscription { newest }"


class Line:
    """A connection that hands on what the client says, and takes answers only while it is open."""

    def __init__(self, *said: dict[str, Any]) -> None:
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in said:
            self.said.put_nowait(message)
        self.open = asyncio.Event()
        self.waiting = asyncio.Event()
        self.enough = asyncio.Event()
        self.taken: list[int] = []

    async def send(self, message: dict[str, Any]) -> None:
        content: bytes = message.get("text", "").encode() or message.get("body", b"")
        if b'"newest"' not in content:
            return
        self.waiting.set()
        await self.open.wait()
        self.taken.append(int(content.split(b'"newest":')[1].split(b"}")[0]))
        if len(self.taken) == ENOUGH:
            self.enough.set()


def over_socket(query: str) -> tuple[dict[str, Any], Line]:
    texts = ({"type": "connection_init"}, {"id": "1", "type": "subscribe", "payload": {"query": query}})
    said = ({"type": "websocket.receive", "text": orjson.dumps(text).decode()} for text in texts)
    scope = {"type": "websocket", "subprotocols": ["graphql-transport-ws"], "extensions": {}}
    return scope, Line({"type": "websocket.connect"}, *said)


def over_stream(query: str) -> tuple[dict[str, Any], Line]:
    scope = {"type": "http", "method": "POST"}
    return scope, Line({"type": "http.request", "body": orjson.dumps({"query": query})})


@pytest.mark.parametrize("query", [QUERY, FRAGMENTS])
@pytest.mark.parametrize(
    ("connect", "leave"), [(over_socket, "websocket.disconnect"), (over_stream, "http.disconnect")]
)
def test_while_one_message_waits_nothing_more_is_taken_from_the_source(
    live: LiveServer, connect: Callable[[str], tuple[dict[str, Any], Line]], leave: str, query: str
):
    live.lab.taken.clear()

    async def scene() -> None:
        kind, line = connect(query)
        scope = {"path": "/graphql", "query_string": b"", "headers": HEADERS, "client": ("127.0.0.1", 1), **kind}
        app: Callable[..., Awaitable[None]] = create_app(live.kernel, no_auth=True)
        serving = asyncio.ensure_future(app(scope, line.said.get, line.send))
        await line.waiting.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(live.lab.taken) == 1, "what was not taken yet can still become newer"
        line.open.set()
        await line.enough.wait()
        assert line.taken == list(range(1, len(line.taken) + 1))
        line.said.put_nowait({"type": leave})
        await serving

    asyncio.run(asyncio.wait_for(scene(), PATIENCE_SECONDS))
