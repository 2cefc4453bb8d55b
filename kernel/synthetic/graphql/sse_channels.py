"""Reserved event streams, each of several operations: the "single connection mode" of GraphQL over SSE.

A client reserves a stream and gets a token. With it, one connection at a time
receives what the operations say that are posted with the same token. A
reservation that no connection uses expires, with its operations; so a browser
that was cut off can come back to it for a while. It lives in the memory of one
process, and belongs to the caller that made it.
"""

from __future__ import annotations

import asyncio
import secrets

from synthetic.errors import ConflictError, NotFoundError, OverloadedError
from synthetic.graphql.delivery import Delivery
from synthetic.graphql.http_exchange import Exchange
from synthetic.graphql.outbox import Outbox
from synthetic.graphql.parcels import Lane, Parcel
from synthetic.graphql.sse_messages import id_of_positions
from synthetic.graphql.sse_stream import EventStream
from synthetic.kernel_settings import LimitSettings
from synthetic.log.positions import Position
from synthetic.metrics import Metrics
from synthetic.security.gate import Caller

TOKEN_BYTES = 32


class Channel:
    """A reserved stream and what runs on it.

    Attributes:
        token: What its client shows.
        caller: Who reserved it.
        resume: Where operations go on from that ran before the client was cut
            off, by their ids, until they are posted again.
        outbox: What is to be sent.
        is_open: Whether a connection receives it.
    """

    def __init__(self, caller: Caller, limits: LimitSettings) -> None:
        """Make it; `limits` has those of its outbox and of its operations."""
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.caller = caller
        self.resume: dict[str, Position] = {}
        self.is_open = False
        self._limits = limits
        self._exchange: Exchange | None = None
        self._operations: dict[str, tuple[Lane, Delivery | None]] = {}
        self.outbox = self._empty_outbox()

    def connect(self, exchange: Exchange, resume: dict[str, Position], metrics: Metrics) -> EventStream:
        """A connection that receives what the operations say from now on.

        Raises:
            ConflictError: There is one already.
        """
        if self.is_open:
            raise ConflictError("The stream is open already.", action="Close the other connection, or reserve anew.")
        self.is_open = True
        self._exchange = exchange
        self.resume = {id: position for id, position in resume.items() if id not in self._operations}
        return EventStream(exchange, self.caller, self.outbox, metrics)

    def disconnect(self) -> None:
        """The connection has ended, and with it what ran for it: a client that comes back posts it again."""
        self.is_open = False
        self._exchange = None
        self.stop_all()
        self.outbox = self._empty_outbox()

    def begin(self, id: str) -> Lane:
        """Make room for an operation.

        Raises:
            ConflictError: One with this id is running.
            OverloadedError: As many as may be are running.
        """
        if id in self._operations:
            raise ConflictError(
                f"An operation with the id {id!r} is running on this stream.", action="Use another operationId."
            )
        if len(self._operations) >= self._limits.stream_operations:
            raise OverloadedError(
                f"{self._limits.stream_operations} operations are running on this stream.",
                action="Wait until one of them completes, or stop one.",
            )
        lane = self.outbox.open_lane(id, self.resume.pop(id, None))
        self._operations[id] = lane, None
        return lane

    def is_running(self, lane: Lane) -> bool:
        """Whether an operation that was begun is still wanted."""
        return lane.id in self._operations and self._operations[lane.id][0] is lane

    def run(self, lane: Lane, delivery: Delivery) -> Delivery:
        """Deliver what an operation answers that was begun, until it is stopped."""
        self._operations[lane.id] = lane, delivery
        return delivery

    def end(self, delivery: Delivery) -> None:
        """An operation has said all that it has to say."""
        self.release(delivery.lane)

    def release(self, lane: Lane) -> None:
        """An operation runs no more, and its id is free."""
        if self.is_running(lane):
            del self._operations[lane.id]

    def stop(self, id: str) -> None:
        """Stop an operation, if it runs; what it has left to be sent is not sent."""
        self.resume.pop(id, None)
        if id in self._operations:
            lane, delivery = self._operations.pop(id)
            self.outbox.close_lane(lane)
            if delivery is not None:
                delivery.stop()

    def stop_all(self) -> None:
        """Stop all operations."""
        for id in tuple(self._operations):
            self.stop(id)

    def _empty_outbox(self) -> Outbox:
        return Outbox(self._write, None, messages_max=self._limits.stream_queue, stall_ms=self._limits.stream_ping_ms)

    async def _write(self, parcel: Parcel) -> None:
        """Send an event, with an id that says how far each operation has come with it."""
        if self._exchange is None:
            raise OSError("the connection has ended")
        body = parcel.message
        if parcel.lane is not None:
            positions = {**self.resume, **self.outbox.positions()}
            if parcel.is_last:
                positions.pop(parcel.lane.id, None)
            elif parcel.position is not None:
                positions[parcel.lane.id] = parcel.position
            body = b"id: " + id_of_positions(positions).encode() + b"\n" + body
        await self._exchange.send({"type": "http.response.body", "body": body, "more_body": True})


class Channels:
    """The reservations of one process."""

    def __init__(self, limits: LimitSettings) -> None:
        """Make it; `limits` has those named `stream...`."""
        self._limits = limits
        self._channels: dict[str, Channel] = {}
        self._expiring: dict[str, asyncio.TimerHandle] = {}

    def count_waiting(self) -> int:
        """How many no connection uses now."""
        return len(self._expiring)

    def reserve(self, caller: Caller) -> Channel:
        """Make a reservation; it expires unless a connection comes for it."""
        channel = Channel(caller, self._limits)
        self._channels[channel.token] = channel
        self._expire_later(channel)
        return channel

    def get(self, token: str, caller: Caller | None = None) -> Channel:
        """The reservation of a token.

        Args:
            token: What the client shows.
            caller: Who shows it; None where the token is all that is shown.

        Raises:
            NotFoundError: There is none, or it is another caller's.
        """
        channel = self._channels.get(token)
        if channel is None or (caller is not None and caller.token_id != channel.caller.token_id):
            raise NotFoundError(
                "There is no such event stream; it may have expired.", action="Reserve one with PUT, then connect."
            )
        return channel

    def hold(self, channel: Channel) -> None:
        """A connection uses a reservation."""
        handle = self._expiring.pop(channel.token, None)
        if handle is not None:
            handle.cancel()

    def let_go(self, channel: Channel) -> None:
        """A connection has ended; its client may come back for a while."""
        channel.disconnect()
        self._expire_later(channel)

    def close(self) -> None:
        """Forget all reservations."""
        for channel in tuple(self._channels.values()):
            self.hold(channel)
            self._expire(channel)

    def _expire_later(self, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        self._expiring[channel.token] = loop.call_later(
            self._limits.stream_reservation_ms / 1000, self._expire, channel
        )

    def _expire(self, channel: Channel) -> None:
        self._expiring.pop(channel.token, None)
        self._channels.pop(channel.token, None)
        channel.stop_all()
