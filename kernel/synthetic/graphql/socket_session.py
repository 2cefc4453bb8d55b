"""One socket's conversation in graphql-transport-ws, from `connection_init` to its end.

One task reads and decides, one sends (`synthetic.graphql.outbox`), and each
operation has its own; they live and die together. Whoever finds that the
conversation is over raises `SocketEnd`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import orjson
from starlette.types import Receive, Send

from synthetic.clock import new_id
from synthetic.errors import (
    InternalError,
    OverloadedError,
    RateLimitedError,
)
from synthetic.graphql.answer_bytes import OK_CODE, AnswerWriter, code_of
from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.execute import Engine
from synthetic.graphql.outbox import Outbox
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
    ends_in,
    operation_message,
    pong_message,
    read_message,
)
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
        self._outbox = Outbox(send, messages_max=limits.socket_queue, stall_ms=limits.socket_ping_ms)
        self._tasks = asyncio.TaskGroup()
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._heard = True
        self.caller: Caller | None = None
        self._ending: SocketEnd | None = None
        self._sending: asyncio.Task[None] | None = None

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
        loop = asyncio.get_running_loop()
        pause = self._limits.socket_ping_ms / 1000
        ping_at = loop.time() + pause
        while True:
            if loop.time() >= ping_at:
                await self._ping()
                ping_at = loop.time() + pause
            try:
                async with asyncio.timeout_at(ping_at):
                    message = await self._next_message()
            except TimeoutError:
                continue
            await self._act(message)

    async def _ping(self) -> None:
        if not self._heard:
            raise SocketEnd(CloseCode.SILENT, "No answer to ping")
        self._heard = False
        await self._outbox.put(PING)

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
                operation = self._operations.pop(message.id, None)
                if operation is not None:
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
        operation = self._tasks.create_task(self._operate(message.id, message.request, caller))
        self._operations[message.id] = operation
        self._running.add(operation)
        operation.add_done_callback(self._running.discard)

    async def _operate(self, id: str, request: GraphQLRequest, caller: Caller) -> None:
        """Run an operation and send what it answers."""
        correlation_id = new_id()
        started = time.perf_counter()
        code = "CANCELLED"
        with request_scope(correlation_id):
            try:
                code = await self._deliver(id, request, caller, correlation_id)
            except SocketEnd:
                raise
            except Exception:
                log.exception("operation failed")
                code = InternalError.code
                await self._fail(id, self._engine.error_answer(InternalError(), correlation_id))
            finally:
                self._release(id)
                kind = self._engine.documents.find_kind(request.query, request.operation_name) or "none"
                self._metrics.request(TRANSPORT, kind, code, (time.perf_counter() - started) * 1000)

    async def _deliver(self, id: str, request: GraphQLRequest, caller: Caller, correlation_id: str) -> str:
        """Send the answers of an operation, and that it is complete.

        Returns:
            `OK`, or the code of the first error of its last answer.
        """
        outcome = await self._engine.subscribe(request, caller, correlation_id)
        answers = _alone(outcome) if isinstance(outcome, Answer) else outcome
        code = OK_CODE
        try:
            async for answer in answers:
                sent, body = await self._answers.json(answer, correlation_id)
                code = code_of(sent)
                if not sent.executed:
                    await self._fail(id, sent)
                    return code
                await self._outbox.put(operation_message("next", id, body))
        finally:
            close = getattr(answers, "aclose", None)
            if close is not None:
                await close()
        self._release(id)
        await self._outbox.put(operation_message("complete", id))
        return code

    async def _fail(self, id: str, answer: Answer) -> None:
        """Send an answer that was not executed; nothing follows it."""
        self._release(id)
        await self._outbox.put(operation_message("error", id, orjson.dumps(answer.body["errors"])))

    def _release(self, id: str) -> None:
        """From now on the client may use the id again, if it is this task's still."""
        if self._operations.get(id) is asyncio.current_task():
            del self._operations[id]

    async def _send_all(self) -> None:
        """Send until the conversation is over; `end` makes an end by cancelling this."""
        try:
            await self._outbox.drain()
        except asyncio.CancelledError:
            if self._ending is not None:
                raise self._ending from None
            raise

    async def _close(self, end: SocketEnd) -> None:
        try:
            async with asyncio.timeout(CLOSE_MS / 1000):
                await self._send({"type": "websocket.close", "code": end.code, "reason": end.reason})
        except (TimeoutError, OSError, RuntimeError):
            # The client is gone, or does not read: there is nobody to tell.
            return


async def _alone(answer: Answer) -> AsyncIterator[Answer]:
    yield answer
