"""The open connections of one server process: how many there may be, and which of them are given up.

Each connection holds a file descriptor, and a process that runs out of them
cannot even open its database. So new ones are turned away before that, after
the one that has been quiet the longest was closed in their favour.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from synthetic.metrics import Metrics

QUIET_SECONDS = 1.0
"""A connection that has been quiet for less is not closed in favour of another: its request may be on its way."""


class Connection(Protocol):
    """What HTTP and WebSocket connections have in common."""

    transport: asyncio.Transport


class WaitingConnection(Connection, Protocol):
    """A connection whose client owes something.

    Attributes:
        overdue_at: When, as `Connections.now` tells it; infinite while it owes nothing.
    """

    overdue_at: float

    @property
    def is_write_paused(self) -> bool:
        """Whether the client reads so slowly that writing has to wait."""
        ...

    def give_up(self) -> None:
        """End the connection."""
        ...


class Connections:
    """Counts connections and ends those that take too long.

    Attributes:
        read_seconds: How long a client may take over a request's headers, and
            how long it may read nothing of its answer.
        keep_alive_seconds: How long a connection may wait for its next request.
        now: The clock that all this is measured by.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        requests_max: int,
        total_max: int,
        read_seconds: float,
        keep_alive_seconds: float,
        monotonic: Callable[[], float],
    ) -> None:
        """Start with none.

        Args:
            metrics: Where they are counted.
            requests_max: Connections that are neither WebSockets nor event streams.
            total_max: All connections: what the file descriptors allow.
            read_seconds: See the attributes.
            keep_alive_seconds: See the attributes.
            monotonic: Seconds that never go back.
        """
        self.read_seconds = read_seconds
        self.keep_alive_seconds = keep_alive_seconds
        self._requests_max = requests_max
        self._total_max = total_max
        self.now = monotonic
        self._beginning = 0
        self._requests: set[WaitingConnection] = set()
        self._sockets: set[Connection] = set()
        self._streams: set[WaitingConnection] = set()
        self._quiet: OrderedDict[WaitingConnection, float] = OrderedDict()
        self._unread: dict[Connection, tuple[int, float]] = {}
        self._gauge = metrics.open_connections
        self._turned_away = metrics.overloads.labels("connections")

    def admit(self) -> bool:
        """Make room for a connection that was just accepted; False when there is none."""
        if len(self._requests) + self._beginning >= self._requests_max or len(self) >= self._total_max:
            oldest, since = next(iter(self._quiet.items()), (None, 0.0))
            if oldest is None or self.now() - since < QUIET_SECONDS:
                self._turned_away.inc()
                return False
            self.leave(oldest)
            oldest.transport.close()
        self._beginning += 1
        return True

    def dismiss(self) -> None:
        """A connection that was admitted ended before it began."""
        self._beginning -= 1

    def enter(self, connection: WaitingConnection) -> None:
        """A connection that was admitted begins."""
        self._beginning -= 1
        self._requests.add(connection)
        self._gauge.set(len(self))

    def leave(self, connection: WaitingConnection) -> None:
        """A connection has ended, or become a WebSocket."""
        self._requests.discard(connection)
        self._streams.discard(connection)
        self._quiet.pop(connection, None)
        self._unread.pop(connection, None)
        self._gauge.set(len(self))

    def rest(self, connection: WaitingConnection) -> float:
        """A connection has nothing to do until its next request, from now on: by the clock of `now`."""
        now = self.now()
        if connection in self._requests:
            self._quiet[connection] = now
            self._quiet.move_to_end(connection)
        return now

    def work(self, connection: WaitingConnection) -> None:
        """A connection has something to do again."""
        self._quiet.pop(connection, None)

    def begin_stream(self, connection: WaitingConnection) -> None:
        """The answer on a connection is an event stream; how many there may be is `synthetic.graphql.sse`'s to say."""
        if connection in self._requests:
            self._requests.discard(connection)
            self._streams.add(connection)

    def end_stream(self, connection: WaitingConnection) -> None:
        """The event stream on a connection has ended, and other requests may follow it."""
        if connection in self._streams:
            self._streams.discard(connection)
            self._requests.add(connection)

    def enter_socket(self, connection: Connection) -> None:
        """Count a WebSocket; how many there may be is `synthetic.graphql.websocket`'s to say."""
        self._sockets.add(connection)
        self._gauge.set(len(self))

    def leave_socket(self, connection: Connection) -> None:
        """A WebSocket has ended."""
        self._sockets.discard(connection)
        self._unread.pop(connection, None)
        self._gauge.set(len(self))

    def __len__(self) -> int:
        return self._beginning + len(self._requests) + len(self._streams) + len(self._sockets)

    def sweep(self) -> None:
        """End every connection that has kept us waiting for too long; called a few times in the shortest wait."""
        now = self.now()
        for connection in [one for one in self._requests if one.overdue_at < now]:
            connection.give_up()
        for connection in self._requests:
            self._judge_reading(connection, now, is_owed=connection.is_write_paused)
        # How long these may leave unread what is written to them is judged where it waits: `synthetic.graphql.outbox`.
        # Most of the thousands that there may be are not closing, and asking each is all that they cost.
        for connection in (*self._streams, *self._sockets):
            if connection.transport.is_closing():
                self._judge_reading(connection, now, is_owed=False)

    def _judge_reading(self, connection: Connection, now: float, *, is_owed: bool) -> None:
        """Cut a client off that takes nothing of what it is owed, or never lets its connection end."""
        if not is_owed and not connection.transport.is_closing():
            self._unread.pop(connection, None)
            return
        unread = connection.transport.get_write_buffer_size()
        before, since = self._unread.get(connection, (unread + 1, now))
        if unread < before:
            self._unread[connection] = (unread, now)
        elif now - since > self.read_seconds:
            connection.transport.abort()
