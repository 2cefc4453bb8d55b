"""One socket's conversation in graphql-transport-ws, from `connection_init` to its end.

One task reads and decides, one sends (`synthetic.graphql.outbox`), and each
operation has its own; they live and die together. Whoever finds that the
conversation is over raises `SocketEnd`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

import orjson
from starlette.types import Receive, Send

from synthetic.clock import new_id
from synthetic.errors import InternalError, OverloadedError, RateLimitedError, SyntheticError
from synthetic.graphql.answer_bytes import OK_CODE, AnswerWriter, code_of
from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.body import ClientGone
from synthetic.graphql.execute import Engine
from synthetic.graphql.outbox import ClientTooSlow, Lane, Outbox, Parcel
from synthetic.graphql.socket_messages import (
    ACKNOWLEDGEMENT,
    PING,
    ClientMessage,
    CloseCode,
    Complete,
    ConnectionInit,
    Signal,
    SocketEnd,
    Subscribe,
    end_of,
    ends_in,
    operation_message,
    pong_message,
    read_message,
    too_slow,
)
from synthetic.graphql.subscriptions import alone
from synthetic.kernel_settings import LimitSettings
from synthetic.logs import logger_for, request_scope
from synthetic.metrics import Metrics
from synthetic.security.gate import Caller, Gate

log = logger_for(__name__)

TRANSPORT = "websocket"
CLOSE_MS = 1_000


class SocketSession:
    """The server's side of one accepted socket.

    Attributes:
        caller: Who was let in; None until the connection is acknowledged.
    """

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        client: str,
        authorization: str | None,
        engine: Engine,
        gate: Gate,
        limits: LimitSettings,
        metrics: Metrics,
    ) -> None:
        """Make it.

        Args:
            receive: ASGI's channel, after `websocket.connect`.
            send: ASGI's channel, after `websocket.accept`.
            client: Address of the client.
            authorization: The handshake's header, for clients that can set it.
            engine: Runs the operations.
            gate: Finds out who asks.
            limits: Those named `socket_...`, and `json_depth`.
            metrics: Counts the operations.
        """
        self._receive = receive
        self._send = send
        self._client = client
        self._authorization = authorization
        self._engine = engine
        self._gate = gate
        self._limits = limits
        self._metrics = metrics
        self._answers = AnswerWriter(engine, limits)
        self._outbox = Outbox(self._write, messages_max=limits.socket_queue, stall_ms=limits.socket_ping_ms)
        self._tasks = asyncio.TaskGroup()
        self._operations: dict[str, tuple[Lane, asyncio.Task[None]]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._heard = True
        self.caller: Caller | None = None
        self._ending: SocketEnd | None = None
        self._sending: asyncio.Task[None] | None = None
        self._pinging: asyncio.TimerHandle | None = None

    async def converse(self) -> None:
        """Talk until one side ends it, then close the socket. Raises nothing but cancellation."""
        try:
            async with self._tasks:
                self._sending = self._tasks.create_task(self._send_all())
                self.caller = await self._greet()
                await self._listen()
        except ExceptionGroup as group:
            ends = list(ends_in(group))
            # Whoever has left needs no telling why.
            if all(end.code is not None for end in ends):
                await self._close(ends[0])
        finally:
            if self._pinging is not None:
                self._pinging.cancel()

    def turn_out(self, error: SyntheticError | None) -> None:
        """End the conversation because its caller is no longer let in, or nobody can tell."""
        end = SocketEnd(CloseCode.FORBIDDEN, "The token is no longer valid") if error is None else end_of(error)
        if end.code is not None:
            self.end(end.code, end.reason)

    def end(self, code: CloseCode, reason: str) -> None:
        """End the conversation from outside."""
        self._ending = SocketEnd(code, reason)
        if self._sending is not None:
            self._sending.cancel()

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
        await self._outbox.put(ACKNOWLEDGEMENT)
        return caller

    async def _opening(self) -> ConnectionInit:
        while True:
            match await self._next_message():
                case ConnectionInit() as opening:
                    return opening
                case Signal() as signal:
                    await self._answer_signal(signal)
                case Subscribe():
                    raise SocketEnd(CloseCode.UNAUTHORIZED, "Unauthorized")
                case Complete():
                    pass

    async def _listen(self) -> None:
        """Act on what the client says, and ping it now and then."""
        self._ping_later()
        while True:
            await self._act(await self._next_message())

    def _ping_later(self) -> None:
        # A timer, and no time-out around what is awaited: thousands of sockets at rest cost little else.
        loop = asyncio.get_running_loop()
        self._pinging = loop.call_later(self._limits.socket_ping_ms / 1000, self._ping)

    def _ping(self) -> None:
        """Ask whether the client is there, unless it did not even answer the last time."""
        if not self._heard:
            self.end(CloseCode.SILENT, "No answer to ping")
            return
        # Where there is no room for it, what waits shows as well whether the client is there.
        if self._outbox.offer(PING):
            self._heard = False
        self._ping_later()

    async def _next_message(self) -> ClientMessage:
        message = await self._receive()
        self._heard = True
        return read_message(message, self._limits)

    async def _act(self, message: ClientMessage) -> None:
        match message:
            case Signal():
                await self._answer_signal(message)
            case Subscribe():
                await self._start(message)
            case Complete():
                if message.id in self._operations:
                    lane, operation = self._operations.pop(message.id)
                    self._outbox.close_lane(lane)
                    operation.cancel()
            case ConnectionInit():
                raise SocketEnd(CloseCode.TOO_MANY_INITS, "Too many initialisation requests")

    async def _answer_signal(self, signal: Signal) -> None:
        if signal.kind == "ping":
            await self._outbox.put(pong_message(signal.payload))

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
            answer = self._engine.error_answer(error, new_id())
            self._metrics.request(TRANSPORT, "none", error.code, 0.0)
            await self._outbox.put(operation_message("error", message.id, orjson.dumps(answer.body["errors"])))
            return
        lane = self._outbox.open_lane(message.id)
        operation = self._tasks.create_task(self._operate(lane, message.request, caller))
        self._operations[message.id] = lane, operation
        self._running.add(operation)
        operation.add_done_callback(self._running.discard)

    async def _operate(self, lane: Lane, request: GraphQLRequest, caller: Caller) -> None:
        """Run an operation and send what it answers."""
        correlation_id = new_id()
        started = time.perf_counter()
        code = "CANCELLED"
        with request_scope(correlation_id):
            try:
                code = await self._deliver(lane, request, caller, correlation_id)
            except SocketEnd:
                raise
            except Exception:
                log.exception("operation failed")
                code = InternalError.code
                await self._fail(lane, self._engine.error_answer(InternalError(), correlation_id))
            finally:
                self._release(lane)
                kind = self._engine.documents.find_kind(request.query, request.operation_name) or "none"
                self._metrics.request(TRANSPORT, kind, code, (time.perf_counter() - started) * 1000)

    async def _deliver(self, lane: Lane, request: GraphQLRequest, caller: Caller, correlation_id: str) -> str:
        """Send the answers of an operation, and that it is complete.

        Returns:
            `OK`, or the code of the first error of its last answer.
        """
        outcome = await self._engine.subscribe(request, caller, correlation_id)
        subscription = alone(outcome) if isinstance(outcome, Answer) else outcome
        code = OK_CODE
        async with contextlib.aclosing(subscription.answers) as answers:
            async for answer in answers:
                sent, body = await self._answers.json(answer, correlation_id)
                code = code_of(sent)
                if not sent.executed:
                    await self._fail(lane, sent)
                    return code
                await self._outbox.put(operation_message("next", lane.id, body), lane, sent.position)
                if subscription.is_latest:
                    # What is not yet taken from the source can still be replaced by something newer.
                    await self._outbox.handed_over(lane)
        self._release(lane)
        await self._outbox.put(operation_message("complete", lane.id), lane, is_last=True)
        return code

    async def _fail(self, lane: Lane, answer: Answer) -> None:
        """Send an answer that was not executed; nothing follows it."""
        self._release(lane)
        errors = operation_message("error", lane.id, orjson.dumps(answer.body["errors"]))
        await self._outbox.put(errors, lane, is_last=True)

    def _release(self, lane: Lane) -> None:
        """From now on the client may use the operation's id again."""
        if lane.id in self._operations and self._operations[lane.id][0] is lane:
            del self._operations[lane.id]

    async def _send_all(self) -> None:
        """Send until the conversation is over; `end` makes an end by cancelling this."""
        if self._ending is not None:
            # It was ended before it had begun.
            raise self._ending
        try:
            await self._outbox.drain()
        except asyncio.CancelledError:
            if self._ending is not None:
                raise self._ending from None
            raise
        except ClientGone:
            raise SocketEnd from None
        except ClientTooSlow as slow:
            self._metrics.drops.inc()
            raise too_slow(slow.resume) from None

    async def _write(self, parcel: Parcel) -> None:
        await self._send({"type": "websocket.send", "text": parcel.message.decode()})

    async def _close(self, end: SocketEnd) -> None:
        try:
            async with asyncio.timeout(CLOSE_MS / 1000):
                await self._send({"type": "websocket.close", "code": end.code, "reason": end.reason})
        except (TimeoutError, OSError, RuntimeError):
            # The client is gone, or does not read: there is nobody to tell.
            return
