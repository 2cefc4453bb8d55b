"""Accepting connections, no more than there is room for.

asyncio's own loop accepts as many connections as the backlog has, several
times over before the first of them can be closed again; and when that uses up
the file descriptors it logs each failure. Here a connection is counted when it
is accepted, and one for which there is no room is told so and closed at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable

from synthetic.errors import OverloadedError
from synthetic.logs import logger_for
from synthetic.plain_errors import error_bytes
from synthetic.server.connections import Connections

ACCEPTED_AT_ONCE = 16
"""Few, so that workers share new connections, and those that are being closed get their turn."""

PAUSE_SECONDS = 1.0
TURNED_AWAY_RETRY_MS = 1_000
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

log = logger_for(__name__)


class Listener:
    """One listening socket in a running event loop; to uvicorn it is an asyncio server."""

    def __init__(
        self, listening: socket.socket, connections: Connections, make_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        """Make it; `start` starts it.

        Args:
            listening: Bound and listening, not blocking.
            connections: Which says whether there is room.
            make_protocol: Makes the protocol of a new connection.
        """
        self._listening = listening
        self._connections = connections
        self._make_protocol = make_protocol
        self._loop = asyncio.get_running_loop()
        self._beginning: set[asyncio.Task[None]] = set()
        self._resume: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to accept."""
        self._resume = None
        self._loop.add_reader(self._listening, self._accept)

    def close(self) -> None:
        """Accept no more; connections that were accepted stay."""
        if self._resume is not None:
            self._resume.cancel()
        self._loop.remove_reader(self._listening)

    async def wait_closed(self) -> None:
        """Until every accepted connection has its protocol."""
        await asyncio.gather(*self._beginning, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                # It would fail again at once, and so on: give what is open the time to be closed.
                log.warning("connections not accepted for a moment", reason=error.strerror)
                self._loop.remove_reader(self._listening)
                self._resume = self._loop.call_later(PAUSE_SECONDS, self.start)
                return
            connection.setblocking(False)  # noqa: FBT003 - the standard library's
            if self._connections.admit():
                task = self._loop.create_task(self._begin(connection))
                self._beginning.add(task)
                task.add_done_callback(self._beginning.discard)
            else:
                _turn_away(connection)

    async def _begin(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, connection)
        except OSError:
            # It was gone before it began.
            self._connections.dismiss()
            connection.close()


def _turn_away(connection: socket.socket) -> None:
    """Say why, if it can be said without waiting, and close."""
    error = OverloadedError("The server has as many connections as it takes on.", retry_after_ms=TURNED_AWAY_RETRY_MS)
    with connection, contextlib.suppress(OSError):
        connection.send(error_bytes(error))
