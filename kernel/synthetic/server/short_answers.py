"""Answers that are short: one system call, and no messages of ASGI where the whole answer is known.

On loopback the system calls of an answer cost more than all else that is done
for a short one, and next come ASGI's messages, with the checks of each header.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Sequence
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from synthetic.logs import logger_for

log = logger_for(__name__)

HELD_BYTES_MAX = 32_768
"""From so many bytes on an answer is sent at once, and in pieces: copying it costs more than a system call."""

HELD_SECONDS_MAX = 0.002
"""What is held for longer is sent when the next answer is added, and does not wait for the end of the turn. That is
looked at between two answers, so what is held may wait for as long as one query may hold the loop, and this. Half as
much would be a tenth more work for pages of a hundred rows that are asked for eight at a time."""


class Departures:
    """The answers that one turn of the event loop has made, which leave together at its end.

    Sending wakes the client's process and runs the kernel's network code. Where
    that is done after each answer, the processor's caches are filled anew for
    the next request: eight requests that come together cost a seventh less if
    their answers leave one after the other.
    """

    __slots__ = ("_since", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[OneWrite] = []
        self._since = 0.0

    def add(self, writing: OneWrite, loop: asyncio.AbstractEventLoop) -> None:
        """Have a connection send what it holds when the loop's turn ends, or now if others have waited for long."""
        now = time.monotonic()
        if not self._waiting:
            self._since = now
            loop.call_soon(self.leave)
        self._waiting.append(writing)
        if now - self._since > HELD_SECONDS_MAX:
            self.leave()

    def leave(self) -> None:
        """Send all that is held."""
        waiting, self._waiting = self._waiting, []
        for writing in waiting:
            try:
                writing.flush()
            except Exception:
                # Event loops differ in what they say of a connection that has gone; the others go on.
                log.exception("answer not sent")


class OneWrite:
    """A transport for answers, which sends head and body of a short one in one system call.

    uvicorn writes the head of an answer and its body apart, and on loopback a
    system call costs more than all else that it does for a short answer.
    Whoever writes to the connection beside it, or closes it, has it `flush`.
    """

    __slots__ = ("_departures", "_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, departures: Departures) -> None:
        self._transport = transport
        self._loop = loop
        self._departures = departures
        self._held = b""

    def write(self, data: bytes) -> None:
        """Hold a short piece until the event loop's turn ends, or there is enough of it."""
        if len(self._held) + len(data) >= HELD_BYTES_MAX:
            self.flush()
            self._transport.write(data)
        elif self._held:
            self._held += data
        elif data:
            self._held = data
            self._departures.add(self, self._loop)

    def write_whole(self, head: bytes, body: bytes) -> None:
        """Send an answer, after what is held; a long one at once, in two system calls."""
        if len(body) < HELD_BYTES_MAX:
            self.write(head + body)
        else:
            self.flush()
            self._transport.write(head)
            self._transport.write(body)

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def close(self) -> None:
        """Send what is held, then close."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is being closed."""
        return self._transport.is_closing()


@lru_cache(maxsize=16)
def _lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def whole_head(own: Sequence[tuple[bytes, bytes]], headers: bytes, body: bytes, *, keep_alive: bool) -> bytes:
    """The head of an answer with the status 200.

    Args:
        own: The headers that the server itself adds.
        headers: Lines of the head, each with its end.
        body: What follows.
        keep_alive: Whether other requests may follow on the connection.
    """
    first = _lines(tuple(own))
    closing = b"" if keep_alive else b"connection: close\r\n"
    return b"HTTP/1.1 200 OK\r\n%b%b%bcontent-length: %d\r\n\r\n" % (first, headers, closing, len(body))


class DirectCycle:
    """A request and its answer without the messages of ASGI (`synthetic.graphql.http_exchange.Direct`).

    It does what uvicorn's cycle does with those messages, and leaves the cycle
    as they would. It looks for no mistakes in headers that the kernel has made.
    It stands in the scope of the request, which the cycle holds, and so does not
    hold the cycle: whole answers would be left to the collector.
    """

    __slots__ = ("_cycle_of", "_writing")

    def __init__(self, cycle: RequestResponseCycle, writing: OneWrite) -> None:
        self._cycle_of = weakref.ref(cycle)
        self._writing = writing

    def take_body(self) -> bytes | None:
        """The body, if all of it is here and nothing of it was read yet."""
        cycle = self._cycle_of()
        if cycle is None or cycle.more_body or cycle.disconnected or cycle.response_complete:
            return None
        cycle.waiting_for_100_continue = False
        cycle.flow.resume_reading()
        cycle.message_event.clear()
        body, cycle.body = bytes(cycle.body), bytearray()
        return body

    def answer(self, headers: bytes, body: bytes) -> bool:
        """Send a whole answer; False where it has to be sent in messages."""
        cycle = self._cycle_of()
        if (
            cycle is None
            or cycle.response_started
            or cycle.disconnected
            or cycle.flow.write_paused
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        head = whole_head(cycle.default_headers, headers, body, keep_alive=cycle.keep_alive)
        self._writing.write_whole(head, body)
        if not cycle.keep_alive:
            self._writing.close()
        cycle.on_response()
        return True
