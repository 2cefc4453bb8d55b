"""uvicorn's WebSocket protocol, counted, and without what a client could make it log or hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

from synthetic.graphql.socket_messages import FRAMES_EXTENSION, PONG_TEXT
from synthetic.server.connections import Connections
from synthetic.server.waiting import OneReaderQueue, RareEvent

PONG_FRAMES = [PONG_TEXT.encode()]


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket connection that is counted, and that no frame can make log a traceback."""

    def __init__(self, pool: Connections, **given: Any) -> None:
        """Make it; `pool` counts it, what else is given is uvicorn's."""
        super().__init__(**given)
        self._pool = pool
        # How long the client may take to answer our closing frame.
        self.close_timeout = pool.read_seconds
        self.queue = cast("asyncio.Queue[Any]", OneReaderQueue())
        self.writable = cast("asyncio.Event", RareEvent())
        self.writable.set()
        self.on_pong: Callable[[], None] | None = None
        self._served = self.app
        self.app = self._serve

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        super().connection_made(transport)
        self._pool.enter_socket(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._pool.leave_socket(self)
        super().connection_lost(exc)

    @property
    def closed_code(self) -> int | None:
        """Code with which the server has closed the socket by itself; None where the client closed it, or nobody."""
        if self.conn.close_sent is None or self.conn.close_rcvd_then_sent:
            return None
        return self.conn.close_sent.code

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the application; a refusal with a body is a whole answer, which uvicorn does not notice."""
        scope["extensions"][FRAMES_EXTENSION] = self
        await self._served(scope, receive, send)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        """Hand a message on; text that is not UTF-8 ends the connection with 1007, without a traceback."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            if self.on_pong is not None and self.frames == PONG_FRAMES:
                self.frames = []
                self.on_pong()
                return
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(CloseCode.INVALID_DATA, "invalid UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def send_frame(self, frame: bytes) -> bool:
        """Send a whole frame, which needs no more than to be written; False where the client does not read or left."""
        if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

    async def send(self, message: Any) -> None:
        """Send; a close frame is written even where the client does not read.

        It stands behind what the client has not read yet, and says to one that
        reads later after all why it was given up, and where to resume.
        """
        if message["type"] != "websocket.close" or self.writable.is_set():
            await super().send(message)
            if message["type"] == "websocket.accept":
                # The handshake is not asked for again, and weighs as much as all else that a socket at rest holds.
                del self.request, self.response
            return
        self.writable.set()
        try:
            await super().send(message)
        finally:
            self.writable.clear()
