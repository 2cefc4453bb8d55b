"""What every request and socket passes first: an id, Host and Origin, headers, the last word on errors, a log line."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synthetic.answer_headers import CORRELATION_HEADER, EveryAnswer, correlation_id_of
from synthetic.errors import InternalError, OverloadedError, SyntheticError
from synthetic.graphql.execute import Engine
from synthetic.graphql.http_exchange import SERVER_EXTENSION, Direct
from synthetic.graphql.socket_messages import FRAMES_EXTENSION, FrameConnection
from synthetic.json_text import to_json
from synthetic.logs import AccessLog, RequestInfo, logger_for, request_scope
from synthetic.metrics import Metrics
from synthetic.plain_errors import DOCUMENT_HEADERS, error_response
from synthetic.plugin_routes import PluginRoutes
from synthetic.security.gate import Gate

WHOLE_STATUS = 200
GRAPHQL_PATH = "/graphql"
PATH_LOGGED_MAX = 200
INTERNAL_CLOSE_CODE = 1011

log = logger_for(__name__)


class Front:
    """The outermost middleware, which leads what is for `/graphql` or a plugin there without a detour."""

    def __init__(
        self,
        app: ASGIApp,
        graphql: ASGIApp,
        routes: PluginRoutes,
        *,
        gate: Gate,
        engine: Engine,
        metrics: Metrics,
        every: EveryAnswer,
    ) -> None:
        """Make it.

        Args:
            app: Serves everything.
            graphql: What `app` serves HTTP on `/graphql` with. Most requests are for it, and need neither the
                routing nor, where they name no Origin, what is done for pages of other origins.
            routes: What `app` serves the paths of plugins with; likewise.
            gate: Checks Host and Origin.
            engine: Makes the answers that clients of GraphQL expect when something fails.
            metrics: Counts answers.
            every: The headers that every answer has.
        """
        self._app = app
        self._graphql = graphql
        self._routes = routes
        self._gate = gate
        self._engine = engine
        self._metrics = metrics
        self._access = AccessLog()
        self._every = every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or socket; lifespan events go through untouched."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        with request_scope(correlation_id_of(headers)) as info:
            exchange = Exchange(scope, send, info, self._every)
            try:
                self._gate.check_headers(scope)
                if scope["path"] == GRAPHQL_PATH and scope["type"] == "http" and b"origin" not in headers:
                    exchange.cover()
                    await self._graphql(scope, receive, exchange.send)
                elif scope["type"] == "http" and b"origin" not in headers and self._routes.has(scope["path"]):
                    exchange.cover()
                    await self._routes(scope, receive, exchange.send)
                else:
                    exchange.uncover()
                    await self._app(scope, receive, exchange.send)
                    await exchange.end()
            except SyntheticError as error:
                await self._refuse(exchange, receive, error)
            except asyncio.CancelledError:
                # Nobody but a stop whose time is up cancels a request: this is the end of its task.
                await self._refuse(
                    exchange, receive, OverloadedError("The server is being stopped.", retry_after_ms=1_000)
                )
            except Exception:
                # Once the client has left, whatever is sent raises: that is no failure of ours.
                if not exchange.gone:
                    log.exception("request failed", path=_logged_path(scope))
                    await self._refuse(exchange, receive, InternalError())
            finally:
                self._note(exchange, (time.perf_counter() - started) * 1000)
                # The scope must not hold what holds the scope: whole answers would be left to the collector.
                exchange.uncover()

    async def _refuse(self, exchange: Exchange, receive: Receive, error: SyntheticError) -> None:
        """Answer with an error, in the form that the path's clients expect, where there is no answer yet."""
        if exchange.started:
            # uvicorn closes a connection whose answer was begun and not ended; a socket says why it closes.
            if exchange.scope["type"] == "websocket" and exchange.closed is None:
                await exchange.send({"type": "websocket.close", "code": INTERNAL_CLOSE_CODE, "reason": error.code})
            return
        response = error_response(error)
        if exchange.scope["path"] == GRAPHQL_PATH:
            answer = self._engine.error_answer(error, exchange.info.correlation_id)
            response.body = to_json(answer.body).encode()
            response.headers["content-length"] = str(len(response.body))
        await response(exchange.scope, receive, exchange.send)

    def _note(self, exchange: Exchange, ms: float) -> None:
        """Write the line of the access log. Query strings are not logged: they may hold documents."""
        scope, status = exchange.scope, exchange.status
        if status is not None:
            self._metrics.http_response(status)
        path = _logged_path(scope)
        if scope["type"] == "http":
            self._access.request(exchange.info, scope["method"], status, path, ms)
        else:
            self._access.write(
                "socket",
                status=status,
                closed=_closed_code(exchange),
                path=path,
                ms=round(ms, 3),
                caller=exchange.info.caller,
            )


class Exchange:
    """What is sent in answer to one request or socket.

    Attributes:
        scope: The ASGI scope.
        info: Correlation id and caller.
        started: Whether an answer has begun.
        status: Status of an HTTP answer; None while there is none, and for a socket that was accepted.
        closed: Code with which we have closed a socket.
        gone: Whether the client has left.
    """

    __slots__ = ("_direct", "_every", "_send", "closed", "gone", "info", "scope", "started", "status")

    def __init__(self, scope: Scope, send: Send, info: RequestInfo, every: EveryAnswer) -> None:
        self._send = send
        self._every = every
        self._direct: Direct | None = None
        self.scope = scope
        self.info = info
        self.started = False
        self.status: int | None = None
        self.closed: int | None = None
        self.gone = False

    def cover(self) -> None:
        """Stand before the server's `Direct`, if there is one, so that what it sends is seen here."""
        extensions: dict[str, Any] | None = self.scope.get("extensions")
        if extensions and (direct := extensions.get(SERVER_EXTENSION)) is not None:
            self._direct = direct
            extensions[SERVER_EXTENSION] = self

    def uncover(self) -> None:
        """Take it away: between the route and the server there is somebody who must see each message."""
        extensions: dict[str, Any] | None = self.scope.get("extensions")
        if extensions:
            extensions.pop(SERVER_EXTENSION, None)

    def take_body(self) -> bytes | None:
        """See `Direct`."""
        return None if self._direct is None else self._direct.take_body()

    def answer(self, headers: bytes, body: bytes, given: frozenset[bytes] = frozenset()) -> bool:
        """See `Direct`; adds the headers that every answer has, but for those whose names are given."""
        block = headers + self._every.lines(self.info.correlation_id, given)
        if self._direct is None or not self._direct.answer(block, body):
            return False
        self.started = True
        self.status = WHOLE_STATUS
        return True

    async def end(self) -> None:
        """Refuse a socket that was neither accepted nor refused: its client left before."""
        if self.scope["type"] == "websocket" and not self.started:
            await self.send({"type": "websocket.close"})

    async def send(self, message: Message) -> None:
        """Send on, with the headers that every answer has."""
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start"):
            self.started = True
            self.status = message["status"]
            message = {**message, "headers": self._headers(message.get("headers", ()))}
        elif kind == "websocket.accept":
            self.started = True
            extra = (CORRELATION_HEADER, self.info.correlation_id.encode())
            message = {**message, "headers": [*message.get("headers", ()), extra]}
        elif kind == "websocket.close":
            self.started = True
            self.closed = message.get("code", 1000)
        try:
            await self._send(message)
        except OSError:
            self.gone = True
            raise

    def _headers(self, given: Any) -> list[tuple[bytes, bytes]]:
        own = (CORRELATION_HEADER, self.info.correlation_id.encode())
        present = dict(given)
        is_document = present.get(b"content-type", b"").startswith(b"text/html")
        every = self._every
        if not is_document and every.names.isdisjoint(present):
            return [*given, *every.headers, own]
        extra = (*every.headers, *DOCUMENT_HEADERS) if is_document else every.headers
        return [*given, *(header for header in extra if header[0] not in present), own]


def _closed_code(exchange: Exchange) -> int | None:
    """Code with which a socket was closed from here, be it by the server itself, at its stop or over a bad frame."""
    extensions: dict[str, Any] = exchange.scope.get("extensions") or {}
    connection: FrameConnection | None = extensions.get(FRAMES_EXTENSION)
    return exchange.closed if exchange.closed is not None or connection is None else connection.closed_code


def _logged_path(scope: Scope) -> str:
    """The path as it was sent, in ASCII and without the query string, so that it cannot forge a log line."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("ascii", "replace")
    return raw.partition(b"?")[0][:PATH_LOGGED_MAX].decode("ascii", "replace")
