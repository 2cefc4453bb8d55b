"""One socket's conversation in graphql-transport-ws, from `connection_init` to its end.

One task reads and decides; what is to be sent is handed to the connection by
whoever has it (`synthetic.graphql.outbox`), and operations are
`synthetic.graphql.delivery`'s. Whoever finds that the conversation is over
says so to `end`, which wakes the task that reads.
"""

from __future__ import annotations

import asyncio

import orjson
from starlette.types import Receive, Send

from synthetic.clock import new_id
from synthetic.errors import OverloadedError, RateLimitedError, SyntheticError
from synthetic.graphql.body import ClientGone
from synthetic.graphql.delivery import Deliverer, Delivery
from synthetic.graphql.outbox import ClientTooSlow, Outbox
from synthetic.graphql.parcels import Parcel
from synthetic.graphql.socket_messages import (
    ACKNOWLEDGEMENT,
    PING,
    ClientMessage,
    CloseCode,
    Complete,
    ConnectionInit,
    FrameConnection,
    Signal,
    SocketEnd,
    Subscribe,
    end_of,
    frame_of,
    operation_message,
    pong_message,
    read_message,
    text_of,
    too_slow,
)
from synthetic.graphql.wheel import Wheel
from synthetic.kernel_settings import LimitSettings
from synthetic.security.gate import Caller, Gate

CLOSE_MS = 1_000
ACKNOWLEDGEMENT_FRAME = frame_of(ACKNOWLEDGEMENT)
PING_FRAME = frame_of(PING)


class SocketSession:
    """The server's side of one accepted socket.

    Attributes:
        caller: Who was let in; None until the connection is acknowledged.
    """

    __slots__ = (
        "__weakref__",
        "_authorization",
        "_by",
        "_client",
        "_connection",
        "_ending",
        "_gate",
        "_heard",
        "_limits",
        "_operations",
        "_outbox",
        "_receive",
        "_running",
        "_send",
        "_task",
        "_wheel",
        "caller",
    )

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        client: str,
        authorization: str | None,
        by: Deliverer,
        gate: Gate,
        limits: LimitSettings,
        wheel: Wheel,
        connection: FrameConnection | None,
    ) -> None:
        """Make it.

        Args:
            receive: ASGI's channel, after `websocket.connect`.
            send: ASGI's channel, after `websocket.accept`.
            client: Address of the client.
            authorization: The handshake's header, for clients that can set it.
            by: Runs and delivers the operations.
            gate: Finds out who asks.
            limits: Those named `socket_...`, and `json_depth`.
            wheel: Tells when to ping.
            connection: The server's short ways, if it has any.
        """
        self._receive = receive
        self._send = send
        self._client = client
        self._authorization = authorization
        self._by = by
        self._gate = gate
        self._limits = limits
        self._wheel = wheel
        self._connection = connection
        self._outbox = Outbox(
            self._write,
            self._on_outbox_end,
            messages_max=limits.socket_queue,
            stall_ms=limits.socket_ping_ms,
            send_now=None if connection is None else connection.send_frame,
        )
        self._operations: dict[str, Delivery] = {}
        self._running: list[Delivery] = []
        self._heard = True
        self.caller: Caller | None = None
        self._ending: SocketEnd | None = None
        self._task: asyncio.Task[object] | None = None

    async def converse(self) -> None:
        """Talk until one side ends it, then close the socket. Raises nothing but cancellation."""
        if self._ending is not None:
            # It was ended before it had begun.
            await self._close(self._ending)
            return
        self._task = asyncio.current_task()
        end: SocketEnd | None = None
        try:
            self.caller = await self._greet()
            await self._listen()
        except asyncio.CancelledError:
            if self._ending is None or self._task is None or self._task.uncancel():
                raise
            end = self._ending
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the conversation, and is logged there
            end = end_of(error)
            await self._take_back_cancellation()
        finally:
            self._task = None
            await self._stop_all()
        # Whoever has left needs no telling why.
        if end is not None and end.code is not None:
            await self._close(end)

    def turn_out(self, error: SyntheticError | None) -> None:
        """End the conversation because its caller is no longer let in, or nobody can tell."""
        end = SocketEnd(CloseCode.FORBIDDEN, "The token is no longer valid") if error is None else end_of(error)
        if end.code is not None:
            self.end(end)

    def end(self, end: SocketEnd) -> None:
        """End the conversation from outside of the task that reads; the first reason counts."""
        if self._ending is None:
            self._ending = end
            if self._task is not None:
                self._task.cancel()

    def visit(self) -> None:
        """Ask whether the client is there, unless it did not even answer the last time."""
        if not self._heard:
            self.end(SocketEnd(CloseCode.SILENT, "No answer to ping"))
        # Where there is no room for it, what waits shows as well whether the client is there.
        elif self._outbox.offer(PING_FRAME):
            self._heard = False

    async def _greet(self) -> Caller:
        """Wait for `connection_init` and acknowledge it."""
        try:
            async with asyncio.timeout(self._limits.socket_init_ms / 1000):
                opening = await self._opening()
        except TimeoutError:
            raise SocketEnd(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout") from None
        for name, value in opening.payload.items():
            if name.lower() == "authorization":
                self._authorization = value if isinstance(value, str) else ""
        caller = await self._gate.admit(self._authorization, self._client)
        await self._outbox.put(ACKNOWLEDGEMENT_FRAME)
        return caller

    async def _opening(self) -> ConnectionInit:
        while True:
            match read_message(await self._receive(), self._limits):
                case ConnectionInit() as opening:
                    return opening
                case Signal() as signal:
                    await self._answer_signal(signal)
                case Subscribe():
                    raise SocketEnd(CloseCode.UNAUTHORIZED, "Unauthorized")
                case Complete():
                    pass

    async def _listen(self) -> None:
        """Act on what the client says; it is pinged now and then."""
        # One timer for all sockets: thousands of them at rest cost little else.
        slot = self._wheel.add(self)
        if self._connection is not None:
            self._connection.on_pong = self._hear
        try:
            while True:
                message = await self._receive()
                self._hear()
                await self._act(read_message(message, self._limits))
        finally:
            self._wheel.remove(self, slot)
            if self._connection is not None:
                self._connection.on_pong = None

    def _hear(self) -> None:
        self._heard = True

    async def _act(self, message: ClientMessage) -> None:
        match message:
            case Signal():
                await self._answer_signal(message)
            case Subscribe():
                await self._start(message)
            case Complete():
                operation = self._operations.pop(message.id, None)
                if operation is not None:
                    operation.stop()
            case ConnectionInit():
                raise SocketEnd(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")

    async def _answer_signal(self, signal: Signal) -> None:
        if signal.kind == "ping":
            await self._outbox.put(frame_of(pong_message(signal.payload)))

    async def _start(self, message: Subscribe) -> None:
        """Start an operation; the token is asked for again, since it also counts the requests."""
        if message.id in self._operations:
            raise SocketEnd(CloseCode.DUPLICATE, f"Subscriber for {message.id} already exists")
        try:
            if len(self._running) >= self._limits.socket_operations:
                raise OverloadedError(
                    f"{self._limits.socket_operations} operations are running on this socket.",
                    action="Wait until one of them completes, or open another socket.",
                )
            caller = await self._gate.admit(self._authorization, self._client)
        except (OverloadedError, RateLimitedError) as error:
            answer = self._by.engine.error_answer(error, new_id())
            self._by.metrics.request(self._by.transport, "none", error.code, 0.0)
            refusal = operation_message("error", message.id, orjson.dumps(answer.body["errors"]))
            await self._outbox.put(frame_of(refusal))
            return
        operation = Delivery(self._by, self._outbox, self._outbox.open_lane(message.id), self._release)
        self._operations[message.id] = operation
        self._running.append(operation)
        correlation_id = new_id()
        request = message.request
        operation.ask(lambda: self._by.engine.subscribe(request, caller, correlation_id), request, correlation_id)

    def _release(self, operation: Delivery) -> None:
        """An operation has ended; from now on the client may use its id again."""
        self._running.remove(operation)
        if self._operations.get(operation.lane.id) is operation:
            del self._operations[operation.lane.id]

    async def _take_back_cancellation(self) -> None:
        """It was ended from outside in the same moment as by itself: then what follows is still to be cancelled."""
        if self._ending is None or self._task is None:
            return
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            if self._task.uncancel():
                raise

    async def _stop_all(self) -> None:
        """End all operations, and wait until nothing is sent for them any more."""
        tasks = [operation.task for operation in self._running if operation.task is not None]
        for operation in tuple(self._running):
            operation.stop()
        await self._outbox.close()
        if tasks:
            await asyncio.wait(tasks)

    def _on_outbox_end(self, error: ClientGone | ClientTooSlow) -> None:
        if isinstance(error, ClientTooSlow):
            self._by.metrics.drops.inc()
            self.end(too_slow(error.resume))
        else:
            self.end(SocketEnd())

    async def _write(self, parcel: Parcel) -> None:
        await self._send({"type": "websocket.send", "text": text_of(parcel.message)})

    async def _close(self, end: SocketEnd) -> None:
        try:
            async with asyncio.timeout(CLOSE_MS / 1000):
                await self._send({"type": "websocket.close", "code": end.code, "reason": end.reason})
        except (TimeoutError, OSError, RuntimeError):
            # The client is gone, or does not read: there is nobody to tell.
            return
