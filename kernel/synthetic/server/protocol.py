"""uvicorn's HTTP protocol with the patience that it lacks, and a short way for short requests.

uvicorn waits for ever for the rest of a request's headers, for a client that
does not read its answer, and for one that goes on sending a body which was
answered already; and it sets no bound to the size of headers. Here each of
them ends the connection. What a route does with a body that comes slowly is
the route's business (`synthetic.graphql.body`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from synthetic.errors import (
    BadRequestError,
    PayloadTooLargeError,
    RequestTimeoutError,
    SyntheticError,
)
from synthetic.graphql.http_exchange import SERVER_EXTENSION, Prompt
from synthetic.graphql.sse_stream import STREAM_EXTENSION
from synthetic.plain_errors import error_bytes
from synthetic.server.connections import Connections
from synthetic.server.repeats import Repeat, find_repeat
from synthetic.server.short_answers import Departures, DirectCycle, OneWrite, whole_head

PROMPT_URL = b"/graphql"
UNKNOWN_ADDRESS = "unknown"
HEADER_BYTES_MAX = 65_536
HEADERS_TOO_LARGE = 431
HEADERS_ERROR = PayloadTooLargeError("The request's headers are too large.", action="Send fewer or shorter headers.")


class HttpProtocol(HttpToolsProtocol):
    """An HTTP/1.1 connection that is waited for only so long."""

    def __init__(self, pool: Connections, departures: Departures, prompt: Prompt | None, **given: Any) -> None:
        """Make it.

        Args:
            pool: Counts it.
            departures: Sends what is short, with what other connections have to send.
            prompt: Answers what is short.
            given: What else uvicorn gives.
        """
        super().__init__(**given)
        self._pool = pool
        self._departures = departures
        self._prompt = prompt
        self._held_back: bytes | None = None
        self._may_be_prompt = False
        self._piece = b""
        self._repeat: Repeat | None = None
        self._header_bytes = 0
        self._in_message = False
        self._in_headers = False
        self._last_words = b""
        self._end_stream: Callable[[], None] | None = None
        self.overdue_at = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and wait for its first request."""
        super().connection_made(transport)
        self._client_address = self.client[0] if self.client else UNKNOWN_ADDRESS
        self._writing = OneWrite(transport, self.loop, self._departures)
        self._pool.enter(self)
        self._pool.rest(self)
        self._wait(self._pool.read_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._pool.leave(self)
        super().connection_lost(exc)
        if self._end_stream is not None:
            # uvicorn tells only the last of several requests that were sent at once.
            self._end_stream()

    def eof_received(self) -> None:
        """The client sends no more, and the connection ends; what is answered already is still its own."""
        self._writing.flush()
        super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Parse what came; bounds the bytes of a request's headers."""
        if self._last_words:
            return
        repeat, is_begin = self._repeat, not self._in_message
        # One of the requests that come together: the others have their turn with those of other connections.
        self._may_be_prompt = self._prompt is not None
        if repeat is not None and is_begin and repeat.begins(data) and self._is_free():
            if self._answer_repeat(repeat, data):
                return
            self._may_be_prompt = False
        self._piece = data if is_begin else b""
        super().data_received(data)
        self._piece = b""
        self._let_go()
        if not self._in_headers:
            # What came was the end of headers, or of a body: only headers that go on and on are counted.
            return
        self._header_bytes += len(data)
        if self._header_bytes > HEADER_BYTES_MAX and not self.transport.is_closing():
            self._end(HEADERS_ERROR, HEADERS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a request: from now on its headers are due."""
        super().on_message_begin()
        self._in_message = self._in_headers = True
        self._pool.work(self)
        self._wait(self._pool.read_seconds)

    def on_headers_complete(self) -> None:
        """The headers are here: how long the rest takes is for the route to judge."""
        if self._may_be_prompt and self._is_plain():
            self._held_back = b""
        else:
            self._begin()

    def on_body(self, body: bytes) -> None:
        """A part of the body is here."""
        if self._held_back is None:
            super().on_body(body)
        else:
            self._held_back += body

    def _is_plain(self) -> bool:
        """Whether it is a request as `Prompt` takes them, and may be answered now."""
        parser: httptools.HttpRequestParser = cast("Any", self).parser
        return (
            self.url == PROMPT_URL
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and self._is_free()
        )

    def _is_free(self) -> bool:
        """Whether an answer may be written now."""
        return not (self.flow.write_paused or self._is_answering() or self.transport.is_closing())

    def _answer_repeat(self, repeat: Repeat, data: bytes) -> bool:
        """Answer a request whose head is known at once, if that can be done."""
        prompt = self._prompt
        answer = None if prompt is None else prompt.answer(repeat.says, data[len(repeat.head) :], self._client_address)
        if answer is None:
            return False
        self._unset_keepalive_if_required()
        self._send(answer, keep_alive=True)
        self._rest_unless_busy()
        return True

    def _let_go(self) -> None:
        """Hand a request over to the application that was held back to be answered at once."""
        if self._held_back is not None:
            body, self._held_back = self._held_back, None
            self._begin()
            if body:
                super().on_body(body)

    def _answer_promptly(self) -> bool:
        """Answer the request that was held back, if that can be done at once."""
        body, prompt = self._held_back, self._prompt
        if body is None or prompt is None:
            return False
        self._may_be_prompt = False
        says = prompt.look_at(self.headers, self.server[0] if self.server else "")
        answer = None if says is None else prompt.answer(says, body, self._client_address)
        if says is None or answer is None:
            return False
        self._held_back = None
        self._in_headers = False
        keep_alive = cast("httptools.HttpRequestParser", self.parser).should_keep_alive()
        self._send(answer, keep_alive=keep_alive)
        self._repeat = find_repeat(self._piece, body, says) if keep_alive else None
        return True

    def _send(self, answer: tuple[bytes, bytes], *, keep_alive: bool) -> None:
        """Send an answer beside ASGI."""
        self.server_state.total_requests += 1
        head = whole_head(self.server_state.default_headers, *answer, keep_alive=keep_alive)
        self._writing.write_whole(head, answer[1])
        if not keep_alive:
            self._writing.close()

    def _begin(self) -> None:
        """Begin the application's work on the request."""
        super().on_headers_complete()
        # Only now: where the address is none, there is no request whose body could be waited for.
        self._in_headers = False
        self._header_bytes = 0
        self.overdue_at = math.inf
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None:
            cycle.transport = cast("asyncio.Transport", self._writing)
            cast("dict[str, Any]", cycle.scope)["extensions"] = {
                STREAM_EXTENSION: self,
                SERVER_EXTENSION: DirectCycle(cycle, self._writing),
            }

    def on_message_complete(self) -> None:
        """The request is here as a whole."""
        self._in_message = False
        self._header_bytes = 0
        if not self._answer_promptly():
            self._let_go()
            super().on_message_complete()
        self._rest_unless_busy()

    def on_response_complete(self) -> None:
        """An answer has been given; the next request may come, or the rest of a body that nobody wanted."""
        if self._end_stream is not None:
            self._end_stream = None
            self._pool.end_stream(self)
        super().on_response_complete()
        self._rest_unless_busy()

    def begin_stream(self, end: Callable[[], None]) -> None:
        """The answer is an event stream, which ends when its client leaves or the server stops.

        Args:
            end: Ends it; called when the server stops.
        """
        self._end_stream = end
        self._pool.begin_stream(self)

    def abort_stream(self) -> None:
        """Cut the client off: it does not read."""
        self.transport.abort()

    def shutdown(self) -> None:
        """The server stops: running requests are waited for, event streams are ended."""
        self._writing.flush()
        super().shutdown()
        if self._end_stream is not None:
            self._end_stream()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the WebSocket protocol."""
        self._writing.flush()
        self._pool.leave(self)
        self.overdue_at = math.inf
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._let_go()
        self._end(BadRequestError(msg, action="Send an HTTP/1.1 request."))

    def give_up(self) -> None:
        """End the connection: its client has kept us waiting for too long."""
        if self._in_message and self._in_headers:
            self._end(RequestTimeoutError("The request's headers did not arrive in time."))
        else:
            self._writing.close()

    @property
    def has_left(self) -> bool:
        """Whether the connection has ended or is being ended: nobody takes what is sent."""
        return self.transport.is_closing()

    @property
    def is_write_paused(self) -> bool:
        """Whether the client reads so slowly that writing has to wait."""
        return self.flow.write_paused

    def _is_answering(self) -> bool:
        # uvicorn declares that there is always a cycle, but until the first request there is none.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return bool(self.pipeline) or (cycle is not None and not cycle.response_complete)

    def _rest_unless_busy(self) -> None:
        if self._is_answering() or self.transport.is_closing():
            return
        if self._last_words:
            self._say_last_words()
        elif self._in_message:
            self._wait(self._pool.read_seconds)
        else:
            self.overdue_at = self._pool.rest(self) + self._pool.keep_alive_seconds

    def _wait(self, seconds: float) -> None:
        """Expect something from the client; nothing while an answer to it is under way."""
        self.overdue_at = math.inf if self._is_answering() else self._pool.now() + seconds

    def _end(self, error: SyntheticError, status: int | None = None) -> None:
        """Say what is wrong with what came last, once the whole requests before it are answered; then close."""
        self._last_words = error_bytes(error, status)
        if self._in_message and not self._in_headers:
            self._give_up_body()
        self._rest_unless_busy()

    def _give_up_body(self) -> None:
        """The body of the last request broke off: what went wrong with it is its answer, unless that has begun."""
        cycle = self.cycle
        if self.pipeline:
            cycle.disconnected = True
            self.pipeline[0] = cycle, self._end_pipeline
        elif not cycle.response_started:
            # To who reads the body, the client has left.
            cycle.disconnected = cycle.response_complete = True
            cycle.message_event.set()
        elif not cycle.response_complete:
            # Nothing that follows could be told from the half of the answer that is out.
            self._writing.close()

    async def _end_pipeline(self, *_: Any) -> None:
        """The application of a request that never came to its end, once those before it are answered."""
        self._say_last_words()

    def _say_last_words(self) -> None:
        self._writing.flush()
        self.transport.write(self._last_words)
        self.transport.close()
