"""One HTTP request to `/graphql` and its answer, whichever of the endpoint's protocols it speaks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, TypeVar, cast

from starlette.types import Receive, Scope, Send

from synthetic.graphql.answer_bytes import retry_after_ms_of
from synthetic.graphql.answers import Answer
from synthetic.graphql.body import ClientGone, discard_body
from synthetic.graphql.negotiation import JSON
from synthetic.graphql.started import Started

ResultT = TypeVar("ResultT")

ALLOWED_METHODS = "GET, POST, PUT, DELETE, OPTIONS"
OK = 200
CREATED = 201
ACCEPTED = 202
NO_CONTENT = 204
BAD_REQUEST = 400
UNAUTHORIZED = 401
METHOD_NOT_ALLOWED = 405
CONFLICT = 409
TOO_MANY_REQUESTS = 429
UNAVAILABLE = 503

SERVER_EXTENSION = "synthetic.direct"
"""Under this name the server offers a `Direct` among the extensions of an ASGI scope; `synthetic.front` covers it with
one that adds the headers which every answer has."""


class RequestHeaders:
    """The headers of a request, by lower-case name; those that come twice are joined by commas."""

    __slots__ = ("_values",)

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        """Take them as an ASGI scope has them."""
        values = dict(raw)
        if len(values) != len(raw):
            values = {name: b", ".join(value for each, value in raw if each == name) for name in values}
        self._values = values

    def get(self, name: str) -> str | None:
        """The value of a header; None where there is none."""
        value = self._values.get(name.encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    def __contains__(self, name: str) -> bool:
        return name.encode("latin-1") in self._values


class Direct(Protocol):
    """What the server's connection does for a short request, beside ASGI, which has messages for each part."""

    def take_body(self) -> bytes | None:
        """The body of the request, if all of it is here and nothing of it was read yet."""
        ...

    def answer(self, headers: bytes, body: bytes) -> bool:
        r"""Send a whole answer with the status 200.

        Args:
            headers: Lines of the head, each with its end (`\r\n`), without the length and what concerns the connection.
            body: The body.

        Returns:
            False where it has to be sent by ASGI: the client does not read, or has asked for the head alone.
        """
        ...


@dataclass(slots=True, frozen=True)
class PromptHead:
    """What the head of a POST to `/graphql` says that may be answered at once; it says so each time that it comes.

    Attributes:
        content_type: The line of an answer that says what it is.
        secret_hash: Of the token; None without one.
        correlation_id: That the request brings; None without one.
    """

    content_type: bytes
    secret_hash: bytes | None
    correlation_id: str | None


class Prompt(Protocol):
    """What answers short requests at once, beside ASGI, and for which the server need not start a task."""

    def look_at(self, headers: Sequence[tuple[bytes, bytes]], server: str) -> PromptHead | None:
        """Look at the head of a POST to `/graphql`.

        Args:
            headers: Of the request; lower-case names, and values.
            server: Address of this server that the client has connected to.

        Returns:
            None where the application is to be asked.
        """
        ...

    def answer(self, head: PromptHead, body: bytes, client: str) -> tuple[bytes, bytes] | None:
        """Answer a request, in so short a time that others need not have their turn meanwhile.

        Args:
            head: What its head says.
            body: All of it.
            client: Address of the client.

        Returns:
            As for `Direct.answer`, the lines of the head of an answer with the status 200, and its body. None where the
            application is to be asked; then nothing has happened.
        """
        ...


@dataclass(slots=True)
class Reply:
    """An HTTP answer.

    Attributes:
        status: The status code.
        headers: Lower-case names and values; `content-length` is added when it is sent.
        body: The bytes.
        closing: The connection ends with it, after what the client still sends was discarded.
    """

    status: int
    headers: dict[str, str]
    body: bytes = b""
    closing: bool = False

    async def send(self, exchange: Exchange) -> None:
        """Send it, in answer to a request."""
        if self.status == OK and not self.closing and len(self.headers) == 1:
            direct = exchange.direct
            if direct is not None and direct.answer(_lines(*self.headers.items()), self.body):
                return
        send = exchange.send
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        if self.status != NO_CONTENT:
            headers.append((b"content-length", b"%d" % len(self.body)))
        if self.closing:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": self.closing})
        if self.closing:
            await discard_body(exchange.receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})


@dataclass(slots=True)
class Exchange:
    """One request and what is known about its answer so far.

    Attributes:
        scope: ASGI's description of the request.
        receive: ASGI's channel to read from.
        send: ASGI's channel to write to.
        headers: The request's.
        correlation_id: For errors and the log.
        media_type: Of the answer.
        direct: The server's connection, where it offers more than ASGI.
    """

    scope: Scope
    receive: Receive
    send: Send
    headers: RequestHeaders
    correlation_id: str
    media_type: str = JSON
    direct: Direct | None = field(init=False)

    def __post_init__(self) -> None:
        """Find what the server offers."""
        extensions = self.scope.get("extensions")
        self.direct = extensions.get(SERVER_EXTENSION) if extensions else None


def content_type_of(media_type: str) -> str:
    """What answers of a media type say of themselves."""
    return f"{media_type}; charset=utf-8"


def content_type_lines(media_type: str) -> bytes:
    """The same as lines of a head."""
    return _lines(("content-type", content_type_of(media_type)))


@lru_cache(maxsize=64)
def _lines(*headers: tuple[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode()


def reply_with(answer: Answer, body: bytes, status: int, exchange: Exchange) -> Reply:
    """The HTTP answer that carries a GraphQL answer.

    Args:
        answer: The GraphQL answer.
        body: Its bytes.
        status: The status code.
        exchange: What is answered.
    """
    headers = {"content-type": content_type_of(exchange.media_type)}
    if status == OK:
        return Reply(status, headers, body)
    if status == UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    elif status == METHOD_NOT_ALLOWED:
        headers["allow"] = ALLOWED_METHODS
    retry_after_ms = retry_after_ms_of(answer)
    if retry_after_ms is not None and status in (TOO_MANY_REQUESTS, UNAVAILABLE):
        headers["retry-after"] = str(math.ceil(retry_after_ms / 1000))
    return Reply(status, headers, body)


async def while_connected(receive: Receive, work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Do the work for as long as the client is there; when it leaves, cancel it.

    Work that waits for nothing is done before anybody could tell that the
    client has left, so nobody watches.

    Raises:
        ClientGone: The client left before the work was done.
    """
    started = Started(work)
    if started.is_done:
        return started.result
    serving = cast("asyncio.Task[Any]", asyncio.current_task())
    watching = asyncio.create_task(_cancel_when_gone(receive, serving))
    try:
        return await started
    except asyncio.CancelledError:
        # Only the watching task cancels and then is done; anybody else's cancellation goes on.
        if watching.done() and not watching.cancelled() and serving.uncancel() == 0:
            raise ClientGone from None
        raise
    finally:
        watching.cancel()


async def _cancel_when_gone(receive: Receive, serving: asyncio.Task[Any]) -> None:
    """Wait until the client leaves; what it still sends is none of the request's."""
    while (await receive())["type"] != "http.disconnect":
        pass
    serving.cancel()
