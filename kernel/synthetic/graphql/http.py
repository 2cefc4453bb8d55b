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

import time

from starlette.types import Receive, Scope, Send

from synthetic.errors import (
    BadRequestError,
    BadUserInputError,
    InternalError,
    MethodNotAllowedError,
    NotAcceptableError,
    PayloadTooLargeError,
    RequestTimeoutError,
    SyntheticError,
)
from synthetic.graphql.answer_bytes import AnswerWriter, code_of
from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.body import ClientGone, check_size, parse_json, read_body
from synthetic.graphql.execute import Engine
from synthetic.graphql.graphiql import page
from synthetic.graphql.http_exchange import (
    ALLOWED_METHODS,
    BAD_REQUEST,
    NO_CONTENT,
    OK,
    Exchange,
    Reply,
    RequestHeaders,
    reply_with,
    while_connected,
)
from synthetic.graphql.negotiation import (
    JSON,
    Wishes,
    check_json_content,
    wishes_of,
)
from synthetic.graphql.requests import request_of, request_of_url
from synthetic.graphql.sse import StreamEndpoint
from synthetic.graphql.sse_messages import find_position
from synthetic.graphql.sse_requests import find_stream_token
from synthetic.graphql.subscriptions import Subscription
from synthetic.kernel_settings import LimitSettings
from synthetic.logs import correlation_id, logger_for
from synthetic.metrics import Metrics
from synthetic.security.gate import Caller, Gate

log = logger_for(__name__)

TRANSPORT = "http"

ASKING = (b"query", b"extensions")
"""Parameters of a URL that asks something: the document, or what may hold its hash."""


class GraphQLEndpoint:
    """The ASGI application on `/graphql` for HTTP."""

    def __init__(
        self,
        engine: Engine,
        gate: Gate,
        limits: LimitSettings,
        streams: StreamEndpoint,
        *,
        metrics: Metrics,
        read_timeout_ms: int,
    ) -> None:
        """Make the endpoint.

        Args:
            engine: Runs the operations.
            gate: Finds out who asks.
            limits: `body_bytes`, `json_depth` and `answer_bytes`.
            streams: Answers with event streams.
            metrics: Counts the operations.
            read_timeout_ms: How long a client may take over each part of a body.
        """
        self._engine = engine
        self._answers = AnswerWriter(engine, limits)
        self._gate = gate
        self._limits = limits
        self._streams = streams
        self._metrics = metrics
        self._read_timeout_ms = read_timeout_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, send, RequestHeaders(scope["headers"]), correlation_id())
        try:
            reply = await self._answer(exchange)
        except ClientGone:
            return
        except SyntheticError as error:
            reply = await self._refusal(error, exchange)
        except Exception:
            log.exception("request failed", correlation_id=exchange.correlation_id)
            reply = await self._refusal(InternalError(), exchange)
        if reply is not None:
            await reply.send(exchange)

    async def _answer(self, exchange: Exchange) -> Reply | None:
        """The reply to a request; None when it was answered with an event stream."""
        method = exchange.scope["method"]
        match method:
            case "OPTIONS":
                return Reply(NO_CONTENT, {"allow": ALLOWED_METHODS})
            case "PUT":
                return await self._streams.reserve(exchange)
            case "DELETE":
                return await self._streams.stop(exchange, find_stream_token(exchange))
            case "GET" | "POST":
                pass
            case _:
                raise MethodNotAllowedError
        wishes = wishes_of(exchange.headers.get("accept"))
        if wishes.wants_page and method == "GET" and _asks_nothing(exchange.scope["query_string"]):
            return Reply(OK, *page())
        if not wishes.wants_stream:
            if wishes.media_type is None:
                raise NotAcceptableError
            exchange.media_type = wishes.media_type
        token = find_stream_token(exchange)
        if token is None:
            return await self._run(exchange, wishes)
        if method == "GET" and wishes.wants_stream:
            await self._streams.connect(exchange, token)
            return None
        request = await self._requested(exchange)
        return await self._streams.operate(exchange, token, request, allow_mutation=method == "POST")

    async def _run(self, exchange: Exchange, wishes: Wishes) -> Reply | None:
        """Run an operation and answer it here; as a stream where that is wanted, or is all that can answer it."""
        caller = await self._gate.admit(
            exchange.headers.get("authorization"), self._gate.client_address(exchange.scope)
        )
        request = self._find_requested(exchange) or await self._requested(exchange)
        allow_mutation = exchange.scope["method"] == "POST"
        started = time.perf_counter()
        if wishes.takes_stream:
            outcome = await self._subscribe(exchange, request, caller, allow_mutation=allow_mutation)
        else:
            outcome = await while_connected(
                exchange.receive,
                self._engine.run(
                    request, caller, exchange.correlation_id, allow_mutation=allow_mutation, is_for_json=True
                ),
            )
        if wishes.wants_stream or isinstance(outcome, Subscription):
            return await self._streams.answer(exchange, request, caller, outcome)
        ms = (time.perf_counter() - started) * 1000
        sent, body = await self._answers.json(outcome, exchange.correlation_id)
        self._count(request, sent, ms)
        status = OK if exchange.media_type == JSON and sent.status == BAD_REQUEST else sent.status
        return reply_with(sent, body, status, exchange)

    async def _subscribe(
        self, exchange: Exchange, request: GraphQLRequest, caller: Caller, *, allow_mutation: bool
    ) -> Answer | Subscription:
        """Run an operation that may be a subscription, from where its client was interrupted."""
        try:
            resume = find_position(exchange.headers.get("last-event-id"))
        except BadUserInputError as error:
            return self._engine.error_answer(error, exchange.correlation_id)
        return await while_connected(
            exchange.receive,
            self._engine.subscribe(
                request, caller, exchange.correlation_id, resume=resume, allow_mutation=allow_mutation
            ),
        )

    async def _requested(self, exchange: Exchange) -> GraphQLRequest:
        return await self._posted(exchange) if exchange.scope["method"] == "POST" else self._asked(exchange)

    def _find_requested(self, exchange: Exchange) -> GraphQLRequest | None:
        """The request that was posted, if all of it is here already, as of most there is."""
        if exchange.direct is None or exchange.scope["method"] != "POST":
            return None
        check_json_content(exchange.headers.get("content-type"), exchange.headers.get("content-encoding"))
        body = exchange.direct.take_body()
        if body is None:
            return None
        return request_of(parse_json(check_size(body, self._limits.body_bytes), self._limits.json_depth))

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
        reply = reply_with(*await self._answers.json(answer, exchange.correlation_id), error.http_status, exchange)
        reply.closing = isinstance(error, PayloadTooLargeError | RequestTimeoutError)
        return reply

    def _count(self, request: GraphQLRequest, answer: Answer, ms: float) -> None:
        kind = self._engine.find_kind(request) or "none"
        self._metrics.request(TRANSPORT, kind, code_of(answer), ms)


def _asks_nothing(query_string: bytes) -> bool:
    """Whether a URL has neither a query nor what stands for one."""
    return not any(part.partition(b"=")[0] in ASKING for part in query_string.split(b"&"))
