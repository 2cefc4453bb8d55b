"""GraphQL over HTTP, by the draft of the GraphQL Foundation.

POST takes a JSON object; GET takes queries in the URL, and gives GraphiQL to a
browser that asks without one. Nothing that a client sends makes a 5xx answer:
what is wrong with a request is said in GraphQL's own shape, `{"errors": [...]}`,
with the error contract in `extensions`.

Statuses: a request that is not a well-formed GraphQL request is 4xx in both
media types. Under `application/graphql-response+json` a document that cannot
be executed is 400; under `application/json` it is 200, as that type's clients
expect, unless it was something other than the document that was refused.

Cross-site requests are closed by the media type of the body, which no form can
send, by GET being free of effects, and by Host and Origin, which are checked
before this endpoint is reached.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.types import Receive, Scope, Send

from synthetic.errors import (
    BadRequestError,
    InternalError,
    MethodNotAllowedError,
    PayloadTooLargeError,
    RequestTimeoutError,
    SyntheticError,
)
from synthetic.graphql.answer_bytes import AnswerWriter, code_of, retry_after_ms_of
from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.body import ClientGone, discard_body, parse_json, read_body
from synthetic.graphql.execute import Engine
from synthetic.graphql.graphiql import page
from synthetic.graphql.negotiation import (
    GRAPHQL_RESPONSE,
    HTML,
    JSON,
    answer_type,
    check_json_content,
    preferred,
)
from synthetic.graphql.requests import request_of, request_of_url
from synthetic.kernel_settings import LimitSettings
from synthetic.logs import correlation_id, logger_for
from synthetic.metrics import Metrics
from synthetic.security.gate import Gate

log = logger_for(__name__)

ALLOWED_METHODS = "GET, POST, OPTIONS"
OK = 200
NO_CONTENT = 204
BAD_REQUEST = 400
UNAUTHORIZED = 401
METHOD_NOT_ALLOWED = 405
TOO_MANY_REQUESTS = 429
UNAVAILABLE = 503
TRANSPORT = "http"


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
        headers: The request's, by lower-case name; those that come twice are joined by commas.
        correlation_id: For errors and the log.
        media_type: Of the answer.
    """

    scope: Scope
    receive: Receive
    headers: dict[str, str]
    correlation_id: str
    media_type: str = field(default=JSON)


class GraphQLEndpoint:
    """The ASGI application on `/graphql` for HTTP."""

    def __init__(
        self, engine: Engine, gate: Gate, limits: LimitSettings, *, metrics: Metrics, read_timeout_ms: int
    ) -> None:
        """Make the endpoint.

        Args:
            engine: Runs the operations.
            gate: Finds out who asks.
            limits: `body_bytes`, `json_depth` and `answer_bytes`.
            metrics: Counts the operations.
            read_timeout_ms: How long a client may take over each part of a body.
        """
        self._engine = engine
        self._answers = AnswerWriter(engine, limits)
        self._gate = gate
        self._limits = limits
        self._metrics = metrics
        self._read_timeout_ms = read_timeout_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, _headers(scope), correlation_id())
        try:
            reply = await self._answer(exchange)
        except ClientGone:
            return
        except SyntheticError as error:
            reply = await self._refusal(error, exchange)
        except Exception:
            log.exception("request failed", correlation_id=exchange.correlation_id)
            reply = await self._refusal(InternalError(), exchange)
        await reply.send(receive, send)

    async def _answer(self, exchange: Exchange) -> Reply:
        method = exchange.scope["method"]
        if method == "OPTIONS":
            return Reply(NO_CONTENT, {"allow": ALLOWED_METHODS})
        if method not in ("GET", "POST"):
            raise MethodNotAllowedError
        accept = exchange.headers.get("accept")
        if method == "GET" and _wants_page(accept, exchange.scope["query_string"]):
            return Reply(OK, *page())
        exchange.media_type = answer_type(accept)
        caller = await self._gate.admit(
            exchange.headers.get("authorization"), self._gate.client_address(cast("Any", exchange.scope))
        )
        request = await self._posted(exchange) if method == "POST" else self._asked(exchange)
        started = time.perf_counter()
        answer = await _while_connected(
            exchange.receive,
            self._engine.run(request, caller, exchange.correlation_id, allow_mutation=method == "POST"),
        )
        ms = (time.perf_counter() - started) * 1000
        sent, body = await self._answers.json(answer, exchange.correlation_id)
        self._count(request, sent, ms)
        status = OK if exchange.media_type == JSON and sent.status == BAD_REQUEST else sent.status
        return _reply(sent, body, status, exchange)

    async def _posted(self, exchange: Exchange) -> GraphQLRequest:
        check_json_content(exchange.headers.get("content-type"), exchange.headers.get("content-encoding"))
        body = await read_body(
            exchange.receive,
            limit_bytes=self._limits.body_bytes,
            timeout_ms=self._read_timeout_ms,
            announced=exchange.headers.get("content-length"),
        )
        return request_of(parse_json(body, self._limits.json_depth))

    def _asked(self, exchange: Exchange) -> GraphQLRequest:
        request = request_of_url(exchange.scope["query_string"], self._limits.json_depth)
        if request is None:
            raise BadRequestError(
                "The parameter `query` is missing.", action="Send it in the URL, or open this URL in a browser."
            )
        return request

    async def _refusal(self, error: SyntheticError, exchange: Exchange) -> Reply:
        """The answer to a request that never became an operation."""
        self._metrics.request(TRANSPORT, "none", error.code, 0.0)
        answer = self._engine.error_answer(error, exchange.correlation_id)
        reply = _reply(*await self._answers.json(answer, exchange.correlation_id), error.http_status, exchange)
        reply.closing = isinstance(error, PayloadTooLargeError | RequestTimeoutError)
        return reply

    def _count(self, request: GraphQLRequest, answer: Answer, ms: float) -> None:
        kind = self._engine.documents.find_kind(request.query, request.operation_name) or "none"
        self._metrics.request(TRANSPORT, kind, code_of(answer), ms)


def _reply(answer: Answer, body: bytes, status: int, exchange: Exchange) -> Reply:
    headers = {"content-type": f"{exchange.media_type}; charset=utf-8"}
    if status == UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    elif status == METHOD_NOT_ALLOWED:
        headers["allow"] = ALLOWED_METHODS
    retry_after_ms = retry_after_ms_of(answer)
    if retry_after_ms is not None and status in (TOO_MANY_REQUESTS, UNAVAILABLE):
        headers["retry-after"] = str(math.ceil(retry_after_ms / 1000))
    return Reply(status, headers, body)


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _wants_page(accept: str | None, query_string: bytes) -> bool:
    """Whether a GET is a browser's that would like to see something, and asks no query."""
    if accept is None or HTML not in accept.lower() or preferred(accept, (HTML, GRAPHQL_RESPONSE, JSON)) != HTML:
        return False
    return not any(part.partition(b"=")[0] == b"query" for part in query_string.split(b"&"))


async def _while_connected(receive: Receive, work: Coroutine[Any, Any, Answer]) -> Answer:
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
