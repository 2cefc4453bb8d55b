"""GraphQL over WebSocket: the handshake of graphql-transport-ws, and the sockets that are open.

The legacy protocol that is called `graphql-ws` is not spoken. Host and Origin
are checked before this endpoint is reached. Close codes are
`synthetic.graphql.socket_messages.CloseCode`.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import orjson
from starlette.types import Receive, Scope, Send

from synthetic.errors import OverloadedError
from synthetic.graphql.answer_bytes import AnswerWriter
from synthetic.graphql.delivery import Deliverer
from synthetic.graphql.execute import Engine
from synthetic.graphql.socket_messages import FRAMES_EXTENSION, SOCKET_FRAMES, SUBPROTOCOL, CloseCode, SocketEnd
from synthetic.graphql.socket_session import SocketSession
from synthetic.graphql.token_watch import TokenWatch
from synthetic.graphql.wheel import Wheel
from synthetic.kernel_settings import LimitSettings
from synthetic.logs import correlation_id
from synthetic.metrics import Metrics
from synthetic.security.gate import Gate

TRANSPORT = "websocket"
RETRY_AFTER_MS = 1_000


class SocketEndpoint:
    """The ASGI application on `/graphql` for WebSockets."""

    def __init__(self, engine: Engine, gate: Gate, limits: LimitSettings, *, metrics: Metrics) -> None:
        """Make the endpoint.

        Args:
            engine: Runs the operations.
            gate: Finds out who asks.
            limits: Those named `socket...`, and `json_depth`.
            metrics: Counts sockets and operations.
        """
        self._engine = engine
        self._gate = gate
        self._limits = limits
        self._metrics = metrics
        self._open: dict[SocketSession, asyncio.Task[Any]] = {}
        self._watch = TokenWatch(gate, self._open)
        self._by = Deliverer(TRANSPORT, SOCKET_FRAMES, engine, AnswerWriter(engine, limits), metrics)
        self._wheel = Wheel(limits.socket_ping_ms)

    @property
    def open_count(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is closed."""
        if (await receive())["type"] != "websocket.connect":
            return
        if len(self._open) >= self._limits.sockets:
            self._metrics.overloads.labels("sockets").inc()
            await self._turn_away(scope, send)
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            await send(
                {"type": "websocket.close", "code": CloseCode.SUBPROTOCOL, "reason": f"Speak {SUBPROTOCOL}, please"}
            )
            return
        session = self._session(scope, receive, send)
        self._open[session] = cast("asyncio.Task[Any]", asyncio.current_task())
        self._metrics.open_sockets.inc()
        self._watch.begin()
        try:
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            await session.converse()
        finally:
            self._metrics.open_sockets.dec()
            del self._open[session]
            self._watch.end()

    async def close(self) -> None:
        """Close all sockets, because the server stops, and wait until they are closed."""
        for session in self._open:
            session.end(SocketEnd(CloseCode.RESTART, "The server stops"))
        if self._open:
            await asyncio.wait(self._open.values())

    def _session(self, scope: Scope, receive: Receive, send: Send) -> SocketSession:
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        return SocketSession(
            receive,
            send,
            client=self._gate.client_address(cast("Any", scope)),
            authorization=authorization.decode("latin-1") if authorization is not None else None,
            by=self._by,
            gate=self._gate,
            limits=self._limits,
            wheel=self._wheel,
            connection=cast("dict[str, Any]", scope.get("extensions") or {}).get(FRAMES_EXTENSION),
        )

    async def _turn_away(self, scope: Scope, send: Send) -> None:
        """Refuse the handshake, with an HTTP answer where the server can give one."""
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": CloseCode.TRY_AGAIN, "reason": "Too many sockets"})
            return
        error = OverloadedError("This server has as many open sockets as it takes on.", retry_after_ms=RETRY_AFTER_MS)
        answer = self._engine.error_answer(error, correlation_id())
        headers = [(b"content-type", b"application/json; charset=utf-8"), (b"retry-after", b"1")]
        await send({"type": "websocket.http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": orjson.dumps(answer.body)})
