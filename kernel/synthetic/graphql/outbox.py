"""What waits to be sent on one connection that stays open: bounded, and emptied by one task.

A slow client makes the operations that write to it wait, and nobody else.
When it has not taken a single message for a while, it is given up. WebSockets
and event streams send what is left here, each in its own form.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from synthetic.graphql.body import ClientGone
from synthetic.log.positions import Position

BYTES_WAITING_MAX = 8 * 1024 * 1024
"""Bytes that wait for one client, beside the count of messages. One message alone may be larger."""


class ClientTooSlow(Exception):  # noqa: N818 - the end of a connection, which is no failure of ours
    """The client has taken nothing for too long.

    Attributes:
        resume: The position that none of its operations is behind; None where none has sent any, and where the
            first message of one still waits: where that goes on from, only the client knows.
    """

    def __init__(self, resume: Position | None) -> None:
        self.resume = resume
        super().__init__(resume)


class Lane:
    """What one operation leaves to be sent.

    Attributes:
        id: The operation's.
        sent: The position of the last message that was handed to the
            connection; before the first, where the operation itself goes on from.
        has_begun: Whether it has had anything to send that has a position.
    """

    __slots__ = ("has_begun", "id", "idle", "sent", "waiting")

    def __init__(self, id: str, sent: Position | None = None) -> None:
        self.id = id
        self.sent = sent
        self.has_begun = False
        self.waiting = 0
        self.idle = asyncio.Event()
        self.idle.set()


class Parcel(NamedTuple):
    """A message that waits.

    Attributes:
        message: Its bytes.
        lane: Of which operation; None: of none.
        position: Where a client goes on that has received it.
        is_last: Nothing of its operation follows.
    """

    message: bytes
    lane: Lane | None = None
    position: Position | None = None
    is_last: bool = False


class Outbox:
    """The messages that wait for one client, in order."""

    def __init__(
        self,
        send: Callable[[Parcel], Awaitable[None]],
        *,
        messages_max: int,
        stall_ms: int,
        pause_ms: int | None = None,
        filler: bytes = b"",
    ) -> None:
        """Make it.

        Args:
            send: Hands a message to the connection; waits while that takes no more.
            messages_max: How many messages may wait.
            stall_ms: How long one message may take to be handed to the connection.
            pause_ms: After so long without a message, `filler` is sent; None: never.
            filler: A message that says nothing.
        """
        self._send = send
        self._messages_max = messages_max
        self._stall_ms = stall_ms
        self._pause_seconds = None if pause_ms is None else pause_ms / 1000
        self._filler = Parcel(filler)
        self._waiting: deque[Parcel] = deque()
        self._lanes: set[Lane] = set()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def open_lane(self, id: str, sent: Position | None = None) -> Lane:
        """Begin an operation.

        Args:
            id: The operation's.
            sent: Where it goes on from, if the connection is to tell that to a client that is cut off.
        """
        lane = Lane(id, sent)
        self._lanes.add(lane)
        return lane

    def close_lane(self, lane: Lane) -> None:
        """Nobody wants an operation's messages any more: those that wait are not sent."""
        self._lanes.discard(lane)
        if not lane.waiting:
            return
        kept = deque(parcel for parcel in self._waiting if parcel.lane is not lane)
        self._bytes -= sum(len(parcel.message) for parcel in self._waiting if parcel.lane is lane)
        self._waiting = kept
        lane.waiting = 0
        lane.idle.set()
        self._room.set()

    def positions(self) -> dict[str, Position]:
        """By operation, how far what it has sent has come."""
        return {lane.id: lane.sent for lane in self._lanes if lane.sent is not None}

    def _resume(self) -> Position | None:
        if any(lane.has_begun and lane.sent is None for lane in self._lanes):
            return None
        return min(self.positions().values(), key=lambda position: position.number, default=None)

    async def put(
        self, message: bytes, lane: Lane | None = None, position: Position | None = None, *, is_last: bool = False
    ) -> None:
        """Leave a message to be sent; waits while there is no room. See `Parcel` for what it is given."""
        if lane is not None and position is not None:
            lane.has_begun = True
        while not self._has_room(message):
            self._room.clear()
            await self._room.wait()
        if lane is not None:
            lane.waiting += 1
            lane.idle.clear()
        self._leave(Parcel(message, lane, position, is_last))

    def offer(self, message: bytes) -> bool:
        """Leave a message of no operation if there is room now; whether there was."""
        if not self._has_room(message):
            return False
        self._leave(Parcel(message))
        return True

    def _has_room(self, message: bytes) -> bool:
        is_within = len(self._waiting) < self._messages_max and self._bytes + len(message) <= BYTES_WAITING_MAX
        return is_within or not self._waiting

    def _leave(self, parcel: Parcel) -> None:
        self._waiting.append(parcel)
        self._bytes += len(parcel.message)
        self._empty.clear()
        self._filled.set()

    async def emptied(self) -> None:
        """Wait until the connection has taken all that was left here."""
        await self._empty.wait()

    async def handed_over(self, lane: Lane) -> None:
        """Wait until the connection has taken all that an operation has left here."""
        await lane.idle.wait()

    async def drain(self) -> None:
        """Send what is left here, until cancelled.

        Raises:
            ClientGone: The connection has ended.
            ClientTooSlow: The client takes nothing.
        """
        while True:
            parcel = await self._next()
            try:
                async with asyncio.timeout(self._stall_ms / 1000):
                    await self._send(parcel)
            except TimeoutError:
                raise ClientTooSlow(self._resume()) from None
            except (OSError, RuntimeError):
                # Servers say in one of these ways that the connection has ended under the sender's hands.
                raise ClientGone from None
            if parcel.lane is not None:
                self._note(parcel.lane, parcel)
            if not self._waiting:
                self._empty.set()

    async def _next(self) -> Parcel:
        """The next message; the filler when none comes for long enough."""
        while not self._waiting:
            self._filled.clear()
            if self._pause_seconds is None:
                await self._filled.wait()
                continue
            try:
                async with asyncio.timeout(self._pause_seconds):
                    await self._filled.wait()
            except TimeoutError:
                return self._filler
        parcel = self._waiting.popleft()
        self._bytes -= len(parcel.message)
        self._room.set()
        return parcel

    def _note(self, lane: Lane, parcel: Parcel) -> None:
        """The connection has taken a message."""
        if parcel.position is not None:
            lane.sent = parcel.position
        if parcel.is_last:
            self._lanes.discard(lane)
        # A lane that was closed while this one was on its way has none left.
        lane.waiting = max(0, lane.waiting - 1)
        if not lane.waiting:
            lane.idle.set()
