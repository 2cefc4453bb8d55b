"""What waits to be sent on one connection that stays open: bounded, in order.

As long as the connection takes what it is handed, whoever has a message hands
it over at once. Where it does not, a task hands over the rest, message by
message, and ends when nothing waits any more: so a connection at rest has
none. A slow client makes the operations that write to it wait, and nobody
else. When it has not taken a single message for a while, it is given up.
WebSockets and event streams send what is left here, each in its own form.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from synthetic.graphql.body import ClientGone
from synthetic.graphql.parcels import Lane, Parcel
from synthetic.graphql.stepping import Suspended, begin
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


TellEnd = Callable[[ClientGone | ClientTooSlow], None]


class Outbox:
    """The messages that wait for one client, in order."""

    __slots__ = (
        "_bytes",
        "_changed",
        "_has_ended",
        "_is_quiet",
        "_lanes",
        "_messages_max",
        "_send",
        "_send_now",
        "_sending",
        "_stall_ms",
        "_tell",
        "_waiting",
    )

    def __init__(
        self,
        send: Callable[[Parcel], Coroutine[Any, Any, None]],
        end: TellEnd | None,
        *,
        messages_max: int,
        stall_ms: int,
        send_now: Callable[[bytes], bool] | None = None,
    ) -> None:
        """Make it.

        Args:
            send: Hands a message to the connection; waits while that takes no more.
            end: Called once when the connection has ended or its client takes nothing; what is left later is
                dropped. None: there is no connection before `release`, so that everything waits.
            messages_max: How many messages may wait, beside the one that is on its way.
            stall_ms: How long one message may take to be handed to the connection.
            send_now: Hands a message to the connection if that takes it at once, and says whether it did; None where
                there is no such short way.
        """
        self._send = send
        self._send_now = send_now
        self._tell = end
        self._messages_max = messages_max
        self._stall_ms = stall_ms
        self._waiting: deque[Parcel] | None = None
        self._lanes: list[Lane] = []
        self._bytes = 0
        self._sending: asyncio.Task[None] | None = None
        self._changed: asyncio.Event | None = None
        self._has_ended = False
        self._is_quiet = False

    def release(self, end: TellEnd) -> None:
        """There is a connection now; `end` is called when that has ended."""
        self._tell = end
        if self._waiting and self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._drain(None, None))

    def fill(self, filler: bytes) -> None:
        """Send a message that says nothing, where none was left here since the last time that this was called."""
        if self._is_quiet and self._sending is None and self._tell is not None:
            self.offer(filler)
        self._is_quiet = True

    def open_lane(self, id: str, sent: Position | None = None) -> Lane:
        """Begin an operation.

        Args:
            id: The operation's.
            sent: Where it goes on from, if the connection is to tell that to a client that is cut off.
        """
        lane = Lane(id, sent)
        self._lanes.append(lane)
        return lane

    def close_lane(self, lane: Lane) -> None:
        """Nobody wants an operation's messages any more: those that wait are not sent."""
        self._forget(lane)
        if not lane.waiting:
            return
        waiting = self._waiting or ()
        self._bytes -= sum(len(parcel.message) for parcel in waiting if parcel.lane is lane)
        self._waiting = deque(parcel for parcel in waiting if parcel.lane is not lane)
        lane.waiting = 0
        self._note_change()

    def positions(self) -> dict[str, Position]:
        """By operation, how far what it has sent has come."""
        return {lane.id: lane.sent for lane in self._lanes if lane.sent is not None}

    def offer(
        self, message: bytes, lane: Lane | None = None, position: Position | None = None, *, is_last: bool = False
    ) -> bool:
        """Leave a message to be sent if there is room now; whether there was. See `Parcel` for what it is given."""
        if lane is not None and position is not None:
            lane.has_begun = True
        self._is_quiet = False
        if self._sending is None and self._tell is not None:
            if self._send_now is None or self._has_ended or not self._send_now(message):
                self._hand_over(Parcel(message, lane, position, is_last))
            else:
                self._note(lane, position, is_last)
            return True
        if not self._has_room(message):
            return False
        if self._waiting is None:
            self._waiting = deque()
        if lane is not None:
            lane.waiting += 1
        self._waiting.append(Parcel(message, lane, position, is_last))
        self._bytes += len(message)
        return True

    async def put(
        self, message: bytes, lane: Lane | None = None, position: Position | None = None, *, is_last: bool = False
    ) -> None:
        """Leave a message to be sent; waits while there is no room."""
        while not self.offer(message, lane, position, is_last=is_last):
            await self.has_changed()

    async def has_changed(self) -> None:
        """Wait until the connection has taken a message, or the messages of an operation are dropped."""
        if self._changed is None:
            self._changed = asyncio.Event()
        await self._changed.wait()

    async def emptied(self) -> None:
        """Wait until the connection has taken all that was left here."""
        while self._sending is not None or self._waiting:
            await self.has_changed()

    async def handed_over(self, lane: Lane) -> None:
        """Wait until the connection has taken all that an operation has left here."""
        while lane.waiting:
            await self.has_changed()

    async def close(self) -> None:
        """Send no more; waits until nothing is on its way to the connection."""
        self._has_ended = True
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])

    def _has_room(self, message: bytes) -> bool:
        if not self._waiting:
            return True
        return len(self._waiting) < self._messages_max and self._bytes + len(message) <= BYTES_WAITING_MAX

    def _hand_over(self, parcel: Parcel) -> None:
        """Hand a message to the connection, as long as it takes it; begin a task where it does not."""
        if self._has_ended:
            return
        try:
            suspended = begin(self._send(parcel))
        except (OSError, RuntimeError):
            # Servers say in one of these ways that the connection has ended under the sender's hands.
            self._end(ClientGone())
            return
        if suspended is None:
            self._note(parcel.lane, parcel.position, parcel.is_last)
            return
        if parcel.lane is not None:
            parcel.lane.waiting += 1
        self._sending = asyncio.get_running_loop().create_task(self._drain(suspended, parcel))

    async def _drain(self, suspended: Suspended | None, parcel: Parcel | None) -> None:
        """Hand over what waits, the rest of a message that is on its way first, until nothing waits."""
        try:
            while True:
                if parcel is not None:
                    async with asyncio.timeout(self._stall_ms / 1000):
                        while suspended is not None and not suspended.is_over:
                            await suspended
                    if parcel.lane is not None:
                        # A lane that was closed while this one was on its way has none left.
                        parcel.lane.waiting = max(0, parcel.lane.waiting - 1)
                    self._note(parcel.lane, parcel.position, parcel.is_last)
                if not self._waiting:
                    self._waiting = None
                    break
                parcel = self._waiting.popleft()
                self._bytes -= len(parcel.message)
                self._note_change()
                suspended = begin(self._send(parcel))
        except TimeoutError:
            self._end(ClientTooSlow(self._resume()))
        except (OSError, RuntimeError):
            self._end(ClientGone())
        finally:
            self._sending = None
            self._note_change()

    def _resume(self) -> Position | None:
        if any(lane.has_begun and lane.sent is None for lane in self._lanes):
            return None
        return min(self.positions().values(), key=lambda position: position.number, default=None)

    def _note(self, lane: Lane | None, position: Position | None, is_last: bool) -> None:
        """The connection has taken a message."""
        if lane is not None:
            if position is not None:
                lane.sent = position
            if is_last:
                self._forget(lane)
        if self._changed is not None:
            self._note_change()

    def _forget(self, lane: Lane) -> None:
        if lane in self._lanes:
            self._lanes.remove(lane)

    def _note_change(self) -> None:
        """Wake those who wait; each looks for itself whether it is what it waits for."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def _end(self, error: ClientGone | ClientTooSlow) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._waiting = None
            for lane in self._lanes:
                lane.waiting = 0
            if self._tell is not None:
                self._tell(error)
