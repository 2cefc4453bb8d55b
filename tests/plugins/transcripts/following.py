"""A server process, and clients that follow transcripts on it over graphql-transport-ws."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect

from synthetic.testing import RunningServer

PATIENCE_SECONDS = 60.0
"""How long a test waits for something before it fails."""

FOLLOW = """
subscription ($id: ID!, $after: Position) {
  transcriptMessages(transcriptId: $id, after: $after) {
    position transcriptId firstSeq lastSeq messages { id seq text }
  }
}
"""
APPEND = "mutation ($input: AppendMessagesInput!) { appendMessages(input: $input) { lastSeq } }"


class Server:
    """What tests ask of a server that runs."""

    def __init__(self, running: RunningServer) -> None:
        self.running = running
        self.client = httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False, headers=running.headers)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer to an operation, which must succeed."""
        answer = await self.client.post(self.running.url, json={"query": query, "variables": variables})
        body = answer.json()
        assert "errors" not in body, body["errors"]
        return body

    async def make(self, name: str) -> str:
        """A construct, a session of it and an empty transcript, all called so; the position after that."""
        for document in (
            'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "plan", title: "P"}) { created } }',
            "mutation ($id: ID!) { saveSession(input: {id: $id, constructId: $id}) { created } }",
        ):
            await self.ask(document, id=name)
        return await self.append(name)

    async def append(self, name: str, *messages: dict[str, Any]) -> str:
        """Append messages to a transcript; the position of the commit."""
        batch = [{"role": "USER", "kind": "TEXT", **message} for message in messages]
        body = await self.ask(APPEND, input={"transcriptId": name, "sessionId": name, "messages": batch})
        return body["extensions"]["position"]

    async def append_numbered(self, name: str, numbers: Sequence[int]) -> str:
        """The same with messages whose text says which they are."""
        return await self.append(name, *({"sourceId": str(number), "text": f"message {number}"} for number in numbers))

    async def delete(self, name: str) -> str:
        """Delete the construct, and what belongs to it; the position after that."""
        body = await self.ask("mutation ($id: ID!) { deleteConstruct(input: {id: $id}) { rows } }", id=name)
        return body["extensions"]["position"]

    @contextlib.asynccontextmanager
    async def follow(self, name: str, after: str | None, query: str = FOLLOW) -> AsyncIterator[Feed]:
        """A subscription on a socket of its own; the socket is cut off at the end, without a word."""
        url = self.running.url.replace("http://", "ws://")
        protocols: Any = ["graphql-transport-ws"]
        async with connect(url, subprotocols=protocols, ping_interval=None, compression=None, proxy=None) as socket:
            feed = Feed(socket)
            await feed.say(type="connection_init", payload={"authorization": f"Bearer {self.running.token}"})
            assert await feed.hear() == {"type": "connection_ack"}
            payload = {"query": query, "variables": {"id": name, "after": after}}
            await feed.say(id="1", type="subscribe", payload=payload)
            yield feed
            socket.transport.abort()


class Feed:
    """What comes in on one socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def say(self, **message: Any) -> None:
        """Send a message of the protocol."""
        await self._socket.send(orjson.dumps(message).decode())

    async def hear(self) -> dict[str, Any]:
        """The next message that is no ping."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message: dict[str, Any] = orjson.loads(await self._socket.recv())
                if message != {"type": "ping"}:
                    return message
                await self.say(type="pong")

    async def answer(self) -> dict[str, Any]:
        """The next answer of the subscription, whole."""
        message = await self.hear()
        assert message["type"] == "next", message
        return message["payload"]

    async def update(self) -> dict[str, Any]:
        """The next update, which must come without errors."""
        answer = await self.answer()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]["transcriptMessages"]
