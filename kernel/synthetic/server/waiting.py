"""What a WebSocket connection waits with: with those of asyncio each would hold 4 KiB for waiters that it has not."""

from __future__ import annotations

import asyncio
from typing import Any


class OneReaderQueue:
    """What uvicorn needs of `asyncio.Queue`, for one task that reads."""

    __slots__ = ("_messages", "_waiter")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None

    def put_nowait(self, message: Any) -> None:
        """Add a message."""
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def empty(self) -> bool:
        """Whether there is no message."""
        return not self._messages

    async def get(self) -> Any:
        """The next message; waits for it."""
        while not self._messages:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        # There are hardly ever two: a connection is not read from while a message waits.
        return self._messages.pop(0)


class RareEvent:
    """What uvicorn needs of `asyncio.Event`, where it is hardly ever waited for."""

    __slots__ = ("_event", "_is_set")

    def __init__(self) -> None:
        self._is_set = False
        self._event: asyncio.Event | None = None

    def is_set(self) -> bool:
        """Whether nobody has to wait."""
        return self._is_set

    def set(self) -> None:
        """Let all go on."""
        self._is_set = True
        if self._event is not None:
            self._event.set()
            self._event = None

    def clear(self) -> None:
        """Let all wait from now on."""
        self._is_set = False

    async def wait(self) -> None:
        """Wait until it is set."""
        if self._is_set:
            return
        if self._event is None:
            self._event = asyncio.Event()
        await self._event.wait()
