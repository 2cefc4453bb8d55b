"""What every request and socket passes first: an id, Host and Origin, headers, the last word on errors, a log line."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synthetic.clock import new_id
from synthetic.errors import InternalError, OverloadedError, SyntheticError
from synthetic.graphql.execute import Engine
from synthetic.json_text import to_json
from synthetic.logs import AccessLog, RequestInfo, logger_for, request_scope
from synthetic.metrics import Metrics
from synthetic.plain_errors import DOCUMENT_HEADERS, SECURITY_HEADERS, error_response
from synthetic.security.gate import Gate

GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""What a client may send as its `X-Correlation-Id`; anything else is replaced."""

CORRELATION_HEADER = b"x-correlation-id"
GRAPHQL_PATH = "/graphql"
PATH_LOGGED_MAX = 200
INTERNAL_CLOSE_CODE = 1011

log = logger_for(__name__)


class Front:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp, *, gate: Gate, engine: Engine, metrics: Metrics) -> None:
        self._app = app
        self._gate = gate
        self._engine = engine
        self._metrics = metrics
        self._access = AccessLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or socket; lifespan events go through untouched."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        with request_scope(_correlation_id(scope)) as info:
            exchange = Exchange(scope, send, info)
            try:
                self._gate.check_headers(scope)
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
        fields: dict[str, Any] = {
            "path": _logged_path(exchange.scope),
            "ms": round(ms, 3),
            "caller": exchange.info.caller,
        }
        if exchange.status is not None:
            self._metrics.http_response(exchange.status)
        if exchange.scope["type"] == "http":
            self._access.write("request", method=exchange.scope["method"], status=exchange.status, **fields)
        else:
            self._access.write("socket", status=exchange.status, closed=exchange.closed, **fields)


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

    __slots__ = ("_send", "closed", "gone", "info", "scope", "started", "status")

    def __init__(self, scope: Scope, send: Send, info: RequestInfo) -> None:
        self._send = send
        self.scope = scope
        self.info = info
        self.started = False
        self.status: int | None = None
        self.closed: int | None = None
        self.gone = False

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
        headers = list(given)
        present = dict(headers)
        headers.extend(header for header in SECURITY_HEADERS if header[0] not in present)
        if present.get(b"content-type", b"").startswith(b"text/html"):
            headers.extend(header for header in DOCUMENT_HEADERS if header[0] not in present)
        headers.append((CORRELATION_HEADER, self.info.correlation_id.encode()))
        return headers


def _correlation_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == CORRELATION_HEADER and GIVEN_ID.fullmatch(value):
            return value.decode("ascii")
    return new_id()


def _logged_path(scope: Scope) -> str:
    """The path as it was sent, in ASCII and without the query string, so that it cannot forge a log line."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("ascii", "replace")
    return raw.partition(b"?")[0][:PATH_LOGGED_MAX].decode("ascii", "replace")
