"""One HTTP request to `/graphql` and its answer, whichever of the endpoint's protocols it speaks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from starlette.types import Receive, Scope, Send

from synthetic.graphql.answer_bytes import retry_after_ms_of
from synthetic.graphql.answers import Answer
from synthetic.graphql.body import ClientGone, discard_body
from synthetic.graphql.negotiation import JSON

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

    async def send(self, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = dict(self.headers)
        if self.status != NO_CONTENT:
            headers["content-length"] = str(len(self.body))
        if self.closing:
            headers["connection"] = "close"
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": self.closing})
        if self.closing:
            await discard_body(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})


@dataclass(slots=True)
class Exchange:
    """One request and what is known about its answer so far.

    Attributes:
        scope: ASGI's description of the request.
        receive: ASGI's channel to read from.
        send: ASGI's channel to write to.
        headers: The request's, by lower-case name; those that come twice are joined by commas.
        correlation_id: For errors and the log.
        media_type: Of the answer.
    """

    scope: Scope
    receive: Receive
    send: Send
    headers: dict[str, str]
    correlation_id: str
    media_type: str = field(default=JSON)


def reply_with(answer: Answer, body: bytes, status: int, exchange: Exchange) -> Reply:
    """The HTTP answer that carries a GraphQL answer.

    Args:
        answer: The GraphQL answer.
        body: Its bytes.
        status: The status code.
        exchange: What is answered.
    """
    headers = {"content-type": f"{exchange.media_type}; charset=utf-8"}
    if status == UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    elif status == METHOD_NOT_ALLOWED:
        headers["allow"] = ALLOWED_METHODS
    retry_after_ms = retry_after_ms_of(answer)
    if retry_after_ms is not None and status in (TOO_MANY_REQUESTS, UNAVAILABLE):
        headers["retry-after"] = str(math.ceil(retry_after_ms / 1000))
    return Reply(status, headers, body)


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, by lower-case name; those that come twice are joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def while_connected(receive: Receive, work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Do the work for as long as the client is there; when it leaves, cancel it.

    Raises:
        ClientGone: The client left before the work was done.
    """
    serving = cast("asyncio.Task[Any]", asyncio.current_task())
    watching = asyncio.create_task(_cancel_when_gone(receive, serving))
    try:
        return await work
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
