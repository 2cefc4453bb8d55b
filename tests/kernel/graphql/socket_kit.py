"""Short ways to talk graphql-transport-ws with a live server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from .live_server import PATIENCE_SECONDS, LiveServer, hear, say

Conversation = Callable[[ClientConnection], Awaitable[None]]


@contextlib.asynccontextmanager
async def opened(live: LiveServer, **options: Any) -> AsyncIterator[ClientConnection]:
    """A socket that was acknowledged."""
    async with live.connect(**options) as connection:
        await say(connection, type="connection_init", payload={"authorization": f"Bearer {live.token}"})
        assert await hear(connection) == {"type": "connection_ack"}
        yield connection


def talk(live: LiveServer, conversation: Conversation) -> None:
    """Hold a conversation on an acknowledged socket."""

    async def hold() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), opened(live) as connection:
            await conversation(connection)

    asyncio.run(hold())


def ending(live: LiveServer, *messages: str | bytes, acknowledged: bool = False, **options: Any) -> tuple[int, str]:
    """With which code and reason the server closes the socket after these messages."""

    async def hold() -> tuple[int, str]:
        async with asyncio.timeout(PATIENCE_SECONDS), live.connect(**options) as connection:
            if acknowledged:
                await say(connection, type="connection_init", payload={"authorization": f"Bearer {live.token}"})
            for message in messages:
                await connection.send(message)
            return await closing(connection)

    return asyncio.run(hold())


async def closing(connection: ClientConnection) -> tuple[int, str]:
    """Read, and answer pings, until the server closes; then with which code and reason it did."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            if await connection.recv() == '{"type":"ping"}':
                await say(connection, type="pong")
    assert connection.close_code is not None
    return connection.close_code, connection.close_reason or ""


async def subscribe(connection: ClientConnection, id: str, query: str, **variables: Any) -> None:
    await say(connection, id=id, type="subscribe", payload={"query": query, "variables": variables})
