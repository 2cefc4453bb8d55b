"""GraphQL over SSE on `/graphql`, in both modes of the protocol of the npm package `graphql-sse`.

Distinct connections: each operation has an event stream, which is the answer
to the request that asked for it. Single connection: a client reserves one
stream, posts its operations apart, and gets all answers on the stream
(`synthetic.graphql.sse_channels`).

What is wrong with a document or its values is said in the stream, where there
is one, since browsers tell their scripts nothing of another answer. Who may
not ask, or not now, gets an HTTP error in both modes.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from synthetic.errors import (
    BadRequestError,
    MethodNotAllowedError,
    OverloadedError,
    UnauthenticatedError,
)
from synthetic.graphql.answer_bytes import AnswerWriter, code_of
from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.delivery import Deliverer, Delivery
from synthetic.graphql.execute import Engine
from synthetic.graphql.http_exchange import ACCEPTED, CREATED, OK, Exchange, Reply, reply_with, while_connected
from synthetic.graphql.outbox import Outbox
from synthetic.graphql.parcels import Parcel
from synthetic.graphql.sse_channels import Channel, Channels
from synthetic.graphql.sse_messages import STREAM_FRAMES, find_positions
from synthetic.graphql.sse_requests import OPERATION_PARAMETER, find_parameter, operation_id_of
from synthetic.graphql.sse_stream import EventStream
from synthetic.graphql.subscriptions import Subscription
from synthetic.graphql.token_watch import TokenWatch
from synthetic.graphql.wheel import Wheel
from synthetic.kernel_settings import LimitSettings
from synthetic.logs import name_caller
from synthetic.metrics import Metrics
from synthetic.security.gate import Caller, Gate

TRANSPORT = "sse"
RETRY_AFTER_MS = 1_000

SAID_IN_STREAM = frozenset({HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT})
"""Statuses of answers about the document, its values and positions."""


class StreamEndpoint:
    """The event streams of one server process."""

    def __init__(
        self, engine: Engine, gate: Gate, limits: LimitSettings, *, metrics: Metrics, has_one_process: bool
    ) -> None:
        """Make the endpoint.

        Args:
            engine: Runs the operations.
            gate: Finds out who asks.
            limits: Those named `stream...`.
            metrics: Counts streams, operations and clients that are given up.
            has_one_process: Whether all requests to the server's address come to this process.
        """
        self._engine = engine
        self._gate = gate
        self._limits = limits
        self._metrics = metrics
        self._has_one_process = has_one_process
        self._answers = AnswerWriter(engine, limits)
        self._channels = Channels(limits)
        self._open: dict[EventStream, asyncio.Task[Any] | None] = {}
        self._watch = TokenWatch(gate, self._open)
        self._by = Deliverer(TRANSPORT, STREAM_FRAMES, engine, self._answers, metrics)
        # Looked at twice in the time, so that no silence is longer.
        self._wheel = Wheel(limits.stream_ping_ms / 2)

    async def close(self) -> None:
        """End all streams, because the server stops, and wait until they have ended."""
        self._channels.close()
        running = [task for task in self._open.values() if task is not None]
        for stream in self._open:
            stream.end()
        if running:
            await asyncio.wait(running)

    async def answer(
        self, exchange: Exchange, request: GraphQLRequest, caller: Caller, outcome: Answer | Subscription
    ) -> Reply | None:
        """Stream the answers of one operation, in a stream of its own.

        Args:
            exchange: The request, which is answered here.
            request: What it asked.
            caller: Who asked.
            outcome: What came of it.

        Returns:
            None when the stream has ended; a reply where there is none, for an answer that is no stream's to give.

        Raises:
            OverloadedError: There are as many streams as there may be.
        """
        if isinstance(outcome, Answer) and outcome.status not in SAID_IN_STREAM:
            _, body = await self._answers.json(outcome, exchange.correlation_id)
            self._count(request, code_of(outcome), 0.0)
            return reply_with(outcome, body, outcome.status, exchange)
        self._check_room()
        outbox = Outbox(
            lambda parcel: _write(exchange, parcel),
            None,
            messages_max=self._limits.stream_queue,
            stall_ms=self._limits.stream_ping_ms,
        )
        stream = EventStream(exchange, caller, outbox, self._metrics)
        finishing: list[asyncio.Task[None]] = []
        delivery = Delivery(self._by, outbox, outbox.open_lane(""), lambda _: finishing.append(stream.finish()))
        delivery.begin(outcome, request, exchange.correlation_id)
        try:
            await self._run(stream)
        finally:
            delivery.stop()
            for task in finishing:
                task.cancel()
        return None

    async def reserve(self, exchange: Exchange) -> Reply:
        """Reserve a stream: the reply has its token."""
        caller = await self._admit(exchange)
        if not self._has_one_process:
            raise MethodNotAllowedError(
                "This server has several worker processes, and a reserved stream lives in one.",
                action="Use distinct connections, or WebSocket; or serve with --workers 1.",
            )
        self._check_room()
        channel = self._channels.reserve(caller)
        headers = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"}
        return Reply(CREATED, headers, channel.token.encode())

    async def connect(self, exchange: Exchange, token: str) -> None:
        """Stream what the operations of a reservation say, until one side ends it.

        The reservation's token is enough for who cannot send headers, as
        browsers' `EventSource`, as long as the caller that made it is let in.
        """
        channel = await self._find_channel(exchange, token)
        resume = find_positions(exchange.headers.get("last-event-id"), self._limits.stream_operations)
        stream = channel.connect(exchange, resume, self._metrics)
        self._channels.hold(channel)
        try:
            await self._run(stream)
        finally:
            self._channels.let_go(channel)

    async def operate(self, exchange: Exchange, token: str, request: GraphQLRequest, *, allow_mutation: bool) -> Reply:
        """Run an operation whose answers go to a reserved stream.

        Returns:
            202, or what is wrong with it.
        """
        caller = await self._admit(exchange)
        channel = self._channels.get(token, caller)
        lane = channel.begin(operation_id_of(request))
        is_accepted = False
        try:
            outcome = await while_connected(
                exchange.receive,
                self._engine.subscribe(
                    request, caller, exchange.correlation_id, resume=lane.sent, allow_mutation=allow_mutation
                ),
            )
            if isinstance(outcome, Answer) and not outcome.executed:
                sent, body = await self._answers.json(outcome, exchange.correlation_id)
                self._count(request, code_of(sent), 0.0)
                return reply_with(sent, body, sent.status, exchange)
            is_accepted = channel.is_running(lane)
            if is_accepted:
                channel.run(lane, Delivery(self._by, channel.outbox, lane, channel.end)).begin(
                    outcome, request, exchange.correlation_id
                )
            return Reply(ACCEPTED, {})
        finally:
            if not is_accepted:
                channel.outbox.close_lane(lane)
                channel.release(lane)

    async def stop(self, exchange: Exchange, token: str | None) -> Reply:
        """Stop an operation of a reserved stream; one that does not run is stopped already."""
        caller = await self._admit(exchange)
        id = find_parameter(exchange, OPERATION_PARAMETER)
        if token is None or id is None:
            raise BadRequestError(
                "The stream's token or the operation's id is missing.",
                action="Send X-GraphQL-Event-Stream-Token, and `operationId` in the URL.",
            )
        self._channels.get(token, caller).stop(id)
        return Reply(OK, {})

    async def _run(self, stream: EventStream) -> None:
        self._open[stream] = asyncio.current_task()
        self._metrics.open_streams.inc()
        self._watch.begin()
        slot = self._wheel.add(stream)
        try:
            await stream.run()
        finally:
            self._wheel.remove(stream, slot)
            self._metrics.open_streams.dec()
            del self._open[stream]
            self._watch.end()

    async def _admit(self, exchange: Exchange) -> Caller:
        return await self._gate.admit(exchange.headers.get("authorization"), self._gate.client_address(exchange.scope))

    async def _find_channel(self, exchange: Exchange, token: str) -> Channel:
        if "authorization" in exchange.headers:
            return self._channels.get(token, await self._admit(exchange))
        self._gate.count(self._gate.client_address(exchange.scope))
        channel = self._channels.get(token)
        if not await self._gate.still_valid(channel.caller):
            raise UnauthenticatedError
        name_caller(channel.caller.name)
        return channel

    def _check_room(self) -> None:
        """Refuse one more stream where there are as many as may be, reserved ones among them."""
        if len(self._open) + self._channels.count_waiting() >= self._limits.streams:
            self._metrics.overloads.labels("streams").inc()
            raise OverloadedError(
                "This server has as many event streams as it takes on.", retry_after_ms=RETRY_AFTER_MS
            )

    def _count(self, request: GraphQLRequest, code: str, ms: float) -> None:
        kind = self._engine.find_kind(request) or "none"
        self._metrics.request(TRANSPORT, kind, code, ms)


async def _write(exchange: Exchange, parcel: Parcel) -> None:
    """Send an event of a stream of one operation."""
    body = parcel.message if parcel.position is None else b"id: %s\n" % str(parcel.position).encode() + parcel.message
    await exchange.send({"type": "http.response.body", "body": body, "more_body": True})
