"""`Delivery`: one operation of one client, from when it is begun to its last message.

It is the same over WebSocket and event streams, but for the form of the
messages (`Frames`). A query or mutation needs a task until it is answered; so
does a subscription until it has begun. From then on its audience leaves what
is to be sent, and nothing runs for it alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from synthetic.errors import InternalError
from synthetic.graphql.answer_bytes import OK_CODE, AnswerWriter
from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.audience import Audience
from synthetic.graphql.execute import Engine
from synthetic.graphql.outbox import Outbox
from synthetic.graphql.parcels import Lane
from synthetic.graphql.published import MakeFrame, Published
from synthetic.graphql.subscriptions import Subscription
from synthetic.logs import logger_for, request_scope
from synthetic.metrics import Metrics

log = logger_for(__name__)

CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Frames:
    """The form of a transport's messages.

    Attributes:
        next: An answer, of an operation's id and the answer's bytes.
        last: The end of an operation of this id: it is complete, or was ended by an answer that was not executed.
    """

    next: MakeFrame
    last: Callable[[str, Published | None], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Deliverer:
    """What all deliveries of one transport have in common.

    Attributes:
        transport: Its name in the metrics.
        frames: The form of its messages.
        engine: Says what is wrong, and of which kind an operation is.
        answers: Writes the answers.
        metrics: Counts the operations.
    """

    transport: str
    frames: Frames
    engine: Engine
    answers: AnswerWriter
    metrics: Metrics


class Delivery:
    """What an operation answers, on its way to one connection.

    Attributes:
        audience: Where it is a member; None where it is in none.
        lane: What it leaves to be sent.
        task: What runs for it; None most of the time.
    """

    __slots__ = ("_by", "_code", "_end", "_kind", "_outbox", "_started", "audience", "lane", "task")

    def __init__(self, by: Deliverer, outbox: Outbox, lane: Lane, end: Callable[[Delivery], None]) -> None:
        """Make it.

        Args:
            by: How.
            outbox: Of its connection.
            lane: In there.
            end: Called once when its last message was left to be sent, or when nobody wants any.
        """
        self.audience: Audience | None = None
        self.lane = lane
        self.task: asyncio.Task[None] | None = None
        self._by = by
        self._outbox = outbox
        self._end: Callable[[Delivery], None] | None = end
        self._kind = "none"
        self._code = OK_CODE
        self._started = time.perf_counter()

    def ask(
        self,
        ask: Callable[[], Coroutine[Any, Any, Answer | Subscription]],
        request: GraphQLRequest,
        correlation_id: str,
    ) -> None:
        """Deliver what is yet to be asked for.

        Args:
            ask: Asks for it.
            request: What it asks.
            correlation_id: For errors and the log.
        """
        self._run(self._ask(ask, request, correlation_id))

    def begin(self, outcome: Answer | Subscription, request: GraphQLRequest, correlation_id: str) -> None:
        """Deliver what came of a request; see `ask`."""
        self._kind = self._by.engine.find_kind(request) or "none"
        if isinstance(outcome, Subscription):
            outcome.deliver_to(self, self._by.answers.json)
        else:
            self._run(self._give(outcome, correlation_id))

    def stop(self) -> None:
        """Nobody wants its messages any more."""
        if self._end is None:
            return
        self._code = CANCELLED
        if self.audience is not None:
            self.audience.leave(self)
        self._outbox.close_lane(self.lane)
        if self.task is None:
            self._over()
        else:
            self.task.cancel()
            # As long as it runs it counts among the operations of its connection.
            self.task.add_done_callback(lambda _: self._over())

    def take(self, published: Published) -> bool:
        """Leave an answer to be sent; False where there is no room for it."""
        frame = published.frame(self._by.frames.next, self.lane.id)
        if not self._outbox.offer(frame, self.lane, published.position):
            return False
        self._code = published.code
        return True

    async def has_changed(self) -> None:
        """Wait until there may be room."""
        await self._outbox.has_changed()

    async def handed_over(self) -> None:
        """Wait until all that it has taken is with the connection."""
        await self._outbox.handed_over(self.lane)

    def finish(self, published: Published | None) -> None:
        """Nothing more comes: it is complete, or was ended by this answer, which was not executed."""
        if published is not None:
            self._code = published.code
        messages = self._by.frames.last(self.lane.id, published)
        for index, message in enumerate(messages):
            if not self._outbox.offer(message, self.lane, is_last=index == len(messages) - 1):
                self._run(self._finish_later(messages[index:]))
                return
        self._over()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self.task = asyncio.get_running_loop().create_task(work)

    async def _ask(
        self,
        ask: Callable[[], Coroutine[Any, Any, Answer | Subscription]],
        request: GraphQLRequest,
        correlation_id: str,
    ) -> None:
        with request_scope(correlation_id):
            try:
                try:
                    outcome = await ask()
                finally:
                    self._kind = self._by.engine.find_kind(request) or "none"
                if isinstance(outcome, Subscription):
                    self.task = None
                    outcome.deliver_to(self, self._by.answers.json)
                    return
            except Exception:
                log.exception("operation failed", correlation_id=correlation_id)
                outcome = self._by.engine.error_answer(InternalError(), correlation_id)
            await self._give(outcome, correlation_id)

    async def _give(self, answer: Answer, correlation_id: str) -> None:
        """Deliver the one answer of a query, a mutation or a refusal."""
        sent, body = await self._by.answers.json(answer, correlation_id)
        published: Published | None = Published(sent, body, sent.position)
        if sent.executed:
            while not self.take(published):
                await self.has_changed()
            published = None
        self.task = None
        self.finish(published)

    async def _finish_later(self, messages: tuple[bytes, ...]) -> None:
        for index, message in enumerate(messages):
            await self._outbox.put(message, self.lane, is_last=index == len(messages) - 1)
        self.task = None
        self._over()

    def _over(self) -> None:
        end, self._end = self._end, None
        if end is None:
            return
        end(self)
        ms = (time.perf_counter() - self._started) * 1000
        self._by.metrics.request(self._by.transport, self._kind, self._code, ms)
