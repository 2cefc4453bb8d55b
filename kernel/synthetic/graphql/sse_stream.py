"""One open event stream: an HTTP answer whose body goes on until one side ends it.

One task sends (`synthetic.graphql.outbox`), one waits for the client to leave,
and one may do the work that the stream was opened for; they live and die
together. Whoever finds that the stream is over raises `StreamEnd`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

from synthetic.errors import SyntheticError
from synthetic.graphql.body import ClientGone
from synthetic.graphql.http_exchange import OK, Exchange
from synthetic.graphql.negotiation import EVENT_STREAM
from synthetic.graphql.outbox import ClientTooSlow, Outbox
from synthetic.graphql.sse_messages import OPENING
from synthetic.logs import logger_for
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

log = logger_for(__name__)


class StreamConnection(Protocol):
    """What the server's connection does for an event stream, beside ASGI."""

    def begin_stream(self, end: Callable[[], None]) -> None:
        """The answer has no end of its own: `end` is called when the server stops."""
        ...

    def abort_stream(self) -> None:
        """Close the connection, whatever waits to be read."""
        ...


class StreamEnd(Exception):  # noqa: N818 - the end of a stream, wanted or not
    """The stream is over.

    Attributes:
        is_orderly: Whether its end can still be sent.
    """

    def __init__(self, *, is_orderly: bool) -> None:
        self.is_orderly = is_orderly
        super().__init__(is_orderly)


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
            outbox: What is sent on it.
            metrics: Counts clients that are given up.
        """
        self.caller: Caller | None = caller
        self._exchange = exchange
        self._outbox = outbox
        self._metrics = metrics
        extensions: dict[str, Any] = exchange.scope.get("extensions") or {}
        self._connection = cast("StreamConnection | None", extensions.get(STREAM_EXTENSION))
        self._over = asyncio.Event()

    async def run(self, work: Coroutine[Any, Any, None] | None = None) -> None:
        """Stream until one side ends it. Raises nothing but cancellation.

        Args:
            work: What fills the outbox; the stream ends with it. None: others do, and it goes on.
        """
        if self._connection is not None:
            self._connection.begin_stream(self.end)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_all())
                tasks.create_task(self._wait_for_leave())
                tasks.create_task(self._wait_for_end())
                if work is not None:
                    tasks.create_task(self._finish(work))
        except ExceptionGroup as group:
            ends, failures = group.split(StreamEnd)
            if failures is not None:
                log.exception("event stream failed", exc_info=failures)
            orderly = ends is not None and all(cast("StreamEnd", end).is_orderly for end in ends.exceptions)
            if orderly and failures is None:
                await self._close()
            else:
                await self._abort()

    def end(self) -> None:
        """End it from outside. A client takes a stream without a `complete` as interrupted, and connects again."""
        self._over.set()

    def turn_out(self, error: SyntheticError | None) -> None:  # noqa: ARG002 - an open stream has no way to say it
        """End it because its caller is no longer let in; who connects again is told why."""
        self.end()

    async def _send_all(self) -> None:
        await self._exchange.send({"type": "http.response.start", "status": OK, "headers": HEADERS})
        await self._exchange.send({"type": "http.response.body", "body": OPENING, "more_body": True})
        try:
            await self._outbox.drain()
        except ClientGone:
            raise StreamEnd(is_orderly=False) from None
        except ClientTooSlow:
            self._metrics.drops.inc()
            raise StreamEnd(is_orderly=False) from None

    async def _wait_for_leave(self) -> None:
        while (await self._exchange.receive())["type"] != "http.disconnect":
            pass
        raise StreamEnd(is_orderly=False)

    async def _wait_for_end(self) -> None:
        await self._over.wait()
        raise StreamEnd(is_orderly=True)

    async def _finish(self, work: Coroutine[Any, Any, None]) -> None:
        await work
        await self._outbox.emptied()
        raise StreamEnd(is_orderly=True)

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
