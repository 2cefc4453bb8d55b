"""One open event stream: an HTTP answer whose body goes on until one side ends it.

One task waits for the client to leave. What is to be sent is handed to the
connection by whoever has it (`synthetic.graphql.outbox`). Whoever finds that
the stream is over says so to `finish` or `end`, which wakes the task.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Protocol, cast

from synthetic.errors import SyntheticError
from synthetic.graphql.body import ClientGone
from synthetic.graphql.http_exchange import OK, Exchange
from synthetic.graphql.negotiation import EVENT_STREAM
from synthetic.graphql.outbox import ClientTooSlow, Outbox
from synthetic.graphql.sse_messages import COMMENT, OPENING
from synthetic.metrics import Metrics
from synthetic.security.gate import Caller

STREAM_EXTENSION = "synthetic.stream"
"""Under this name the server offers a `StreamConnection` among the extensions of an ASGI scope."""

CLOSE_MS = 1_000
"""How long the end of a stream may take to be handed to the connection."""

HEADERS = [
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    # nginx, and what understands it, holds answers back until they are complete unless it is told not to.
    (b"x-accel-buffering", b"no"),
]


class StreamConnection(Protocol):
    """What the server's connection does for an event stream, beside ASGI."""

    def begin_stream(self, end: Callable[[], None]) -> None:
        """The answer has no end of its own: `end` is called when the server stops."""
        ...

    def abort_stream(self) -> None:
        """Close the connection, whatever waits to be read."""
        ...


class EventStream:
    """The server's side of one event stream.

    Attributes:
        caller: Who was let in.
    """

    def __init__(self, exchange: Exchange, caller: Caller, outbox: Outbox, metrics: Metrics) -> None:
        """Make it.

        Args:
            exchange: The request that it answers.
            caller: Who was let in.
            outbox: What is sent on it, as soon as it has begun.
            metrics: Counts clients that are given up.
        """
        self.caller: Caller | None = caller
        self._outbox = outbox
        self._exchange = exchange
        self._metrics = metrics
        extensions: dict[str, Any] = exchange.scope.get("extensions") or {}
        self._connection = cast("StreamConnection | None", extensions.get(STREAM_EXTENSION))
        self._task: asyncio.Task[object] | None = None
        self._is_over = False
        self._is_orderly = False

    async def run(self) -> None:
        """Stream until one side ends it. Raises nothing but cancellation."""
        if self._connection is not None:
            self._connection.begin_stream(self.end)
        self._task = asyncio.current_task()
        try:
            if not self._is_over:
                await self._stream()
        except asyncio.CancelledError:
            if not self._is_over or self._task is None or self._task.uncancel():
                raise
        except (OSError, RuntimeError):
            # Servers say in one of these ways that the connection has ended under the sender's hands.
            self._is_orderly = False
        finally:
            self._task = None
            await self._outbox.close()
        if self._is_orderly:
            await self._close()
        else:
            await self._abort()

    def end(self) -> None:
        """End it from outside. A client takes a stream without a `complete` as interrupted, and connects again."""
        self._end(is_orderly=True)

    def lose(self, error: ClientGone | ClientTooSlow) -> None:
        """From the outbox: the connection has ended, or its client takes nothing."""
        if isinstance(error, ClientTooSlow):
            self._metrics.drops.inc()
        self._end(is_orderly=False)

    def finish(self) -> asyncio.Task[None]:
        """End it as soon as all that was left to be sent is with the connection."""
        return asyncio.get_running_loop().create_task(self._finish())

    def turn_out(self, error: SyntheticError | None) -> None:  # noqa: ARG002 - an open stream has no way to say it
        """End it because its caller is no longer let in; who connects again is told why."""
        self.end()

    def visit(self) -> None:
        """Show that it is alive, if nothing was sent for a while."""
        self._outbox.fill(COMMENT)

    async def _stream(self) -> None:
        await self._exchange.send({"type": "http.response.start", "status": OK, "headers": HEADERS})
        await self._exchange.send({"type": "http.response.body", "body": OPENING, "more_body": True})
        self._outbox.release(self.lose)
        while (await self._exchange.receive())["type"] != "http.disconnect":
            pass

    async def _finish(self) -> None:
        await self._outbox.emptied()
        self._end(is_orderly=True)

    def _end(self, *, is_orderly: bool) -> None:
        """The first reason counts."""
        if not self._is_over:
            self._is_over = True
            self._is_orderly = is_orderly
            if self._task is not None:
                self._task.cancel()

    async def _close(self) -> None:
        """Send the end of the body, unless the client is too slow even for that."""
        try:
            async with asyncio.timeout(CLOSE_MS / 1000):
                await self._exchange.send({"type": "http.response.body", "body": b"", "more_body": False})
        except (TimeoutError, OSError, RuntimeError):
            await self._abort()

    async def _abort(self) -> None:
        """Cut the connection, and wait until it is; a server that cannot, closes it after this answer was not ended."""
        if self._connection is not None:
            self._connection.abort_stream()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_MS / 1000):
                    while (await self._exchange.receive())["type"] != "http.disconnect":
                        pass
