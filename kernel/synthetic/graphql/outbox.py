"""What waits to be sent on one socket: bounded, and emptied by one task.

A slow client makes the operations that write to it wait, and nobody else.
When it has not taken a single message for a while, it is given up.
"""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import Send

from synthetic.graphql.socket_messages import CloseCode, SocketEnd

BYTES_WAITING_MAX = 8 * 1024 * 1024
"""Bytes that wait for one client, beside the count of messages. One message alone may be larger."""


class Outbox:
    """The messages that wait for one client, in order."""

    def __init__(self, send: Send, *, messages_max: int, stall_ms: int) -> None:
        """Make it.

        Args:
            send: ASGI's channel. It waits when the connection takes no more.
            messages_max: How many messages may wait.
            stall_ms: How long one message may take to be handed to the connection.
        """
        self._send = send
        self._messages_max = messages_max
        self._stall_ms = stall_ms
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, message: bytes) -> None:
        """Leave a message to be sent; waits while there is no room."""
        while self._waiting and (
            len(self._waiting) >= self._messages_max or self._bytes + len(message) > BYTES_WAITING_MAX
        ):
            self._room.clear()
            await self._room.wait()
        self._waiting.append(message)
        self._bytes += len(message)
        self._filled.set()

    async def drain(self) -> None:
        """Send what is left here, until cancelled.

        Raises:
            SocketEnd: The client is gone, or takes nothing.
        """
        while True:
            while not self._waiting:
                self._filled.clear()
                await self._filled.wait()
            message = self._waiting.popleft()
            self._bytes -= len(message)
            self._room.set()
            try:
                async with asyncio.timeout(self._stall_ms / 1000):
                    await self._send({"type": "websocket.send", "text": message.decode()})
            except TimeoutError:
                raise SocketEnd(CloseCode.TOO_SLOW, "Messages are not read fast enough") from None
            except (OSError, RuntimeError):
                # Servers say in one of these ways that the connection has ended under the sender's hands.
                raise SocketEnd from None
