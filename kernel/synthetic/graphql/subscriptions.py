"""Subscriptions: a source of things that happen, and one execution of the document for each."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, GraphQLSchema
from graphql.execution import (
    Executor,
    create_source_event_stream,  # pyright: ignore[reportUnknownVariableType]
)

from synthetic.clock import Clock
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.errors import InternalError, SyntheticError
from synthetic.graphql.answers import Answer, AnswerRenderer, GraphQLRequest
from synthetic.graphql.audiences import Audiences, ExecuteEvents
from synthetic.graphql.batches import Batches
from synthetic.graphql.checked_document import Prepared
from synthetic.graphql.context import OperationContext
from synthetic.graphql.field_sources import find_personal
from synthetic.graphql.membership import Interest, Member, Write
from synthetic.graphql.root_fields import root_fields
from synthetic.graphql.runs import LATEST
from synthetic.graphql.shared_answers import audience_of, happened_of
from synthetic.log.hub import Hub
from synthetic.log.live import Live
from synthetic.log.positions import Position
from synthetic.logs import logger_for
from synthetic.security.gate import Caller, Scope

log = logger_for(__name__)


class Subscription:
    """A subscription that has begun: its answers are delivered to a member, or read, but not both.

    Attributes:
        answers: One for each thing that it is about; must be closed by who reads them.
        is_latest: Whether only the newest matters: who cannot send now takes nothing from it.
    """

    def __init__(self, interest: Interest, source: Batches, audiences: Audiences) -> None:
        self._interest = interest
        self._source = source
        self._audiences = audiences
        self.answers = self._answers()
        self.is_latest = interest.is_latest

    def deliver_to(self, member: Member, write: Write) -> None:
        """Deliver the answers until the source ends, or the member leaves its audience.

        Args:
            member: Takes them.
            write: How they are written.
        """
        self._audiences.begin(self._interest, self._source, member, write)

    async def _answers(self) -> AsyncGenerator[Answer]:
        try:
            while roots := await self._source.next():
                for answer in await self._audiences.answer(self._interest, happened_of(roots)):
                    yield answer
        except SyntheticError as error:
            yield self._audiences.refuse(error, self._interest.correlation_id)
        except Exception:
            log.exception("subscription failed", correlation_id=self._interest.correlation_id)
            yield self._audiences.refuse(InternalError(), self._interest.correlation_id)
        finally:
            await self._source.close()


class Subscriptions:
    """Begins subscriptions."""

    def __init__(
        self,
        schema: GraphQLSchema,
        database: Database,
        hub: Hub,
        clock: Clock,
        render: AnswerRenderer,
        execute: ExecuteEvents,
    ) -> None:
        """Make it.

        Args:
            schema: graphql-core's.
            database: For the sources to read from.
            hub: For the sources to follow.
            clock: For the sources' reads.
            render: Makes answers of errors.
            execute: Runs a document on a snapshot, for several things that happened.
        """
        self._schema = schema
        self._personal = find_personal(schema)
        self._database = database
        self._hub = hub
        self._clock = clock
        self._render = render
        self._audiences = Audiences(hub, render, execute, self._open_again)

    async def begin(
        self,
        prepared: Prepared,
        request: GraphQLRequest,
        caller: Caller,
        correlation_id: str,
        resume: Position | None,
    ) -> Answer | Subscription:
        """Begin a subscription.

        Args:
            prepared: Its document.
            request: Its variables.
            caller: Who asks.
            correlation_id: For errors and the log.
            resume: Where the transport says that it was interrupted.

        Returns:
            The subscription, or an answer that says why there is none.
        """
        is_latest = self._is_latest(prepared)
        key = None
        if not is_latest:
            key = audience_of(prepared.document, prepared.operation, request, caller, self._personal)
        interest = Interest(prepared, request, caller, correlation_id, key, is_latest)
        source = await self._open(interest, Live(self._database, self._hub, resume))
        if isinstance(source, ExecutionResult):
            return self._render.result(source, correlation_id, [])
        return Subscription(interest, source, self._audiences)

    async def _open_again(self, interest: Interest, resume: Position) -> Batches:
        """The source for a client that was too slow for its audience."""
        source = await self._open(interest, Live(self._database, self._hub, resume, is_interrupted=False))
        if isinstance(source, ExecutionResult):
            raise InternalError from (source.errors or [None])[0]
        return source

    async def _open(self, interest: Interest, live: Live) -> Batches | ExecutionResult:
        context = OperationContext(
            self._database, interest.caller, interest.correlation_id, Interruption(self._clock), live=live
        )
        stream = await self._source(interest, context)
        if isinstance(stream, ExecutionResult):
            return stream
        return Batches(cast("AsyncIterator[Any]", stream), live, is_latest=interest.is_latest)

    async def _source(self, interest: Interest, context: OperationContext) -> AsyncIterable[Any] | ExecutionResult:
        """The things that a subscription is about, or why there are none."""
        executor = cast("Any", Executor).build(
            self._schema,
            interest.prepared.document,
            context_value=context,
            raw_variable_values=dict(interest.request.variables),
            operation_name=interest.request.operation_name,
            hide_suggestions=not context.caller.has(Scope.READ),
        )
        if isinstance(executor, list):
            return ExecutionResult(None, cast("list[GraphQLError]", executor))
        stream = create_source_event_stream(executor)
        return await stream if inspect.isawaitable(stream) else stream

    def _is_latest(self, prepared: Prepared) -> bool:
        """Whether the operation's field is one of which only the newest matters."""
        kind = self._schema.subscription_type
        names = {field.name.value for field in root_fields(prepared.document, prepared.operation)}
        fields = [] if kind is None else [kind.fields[name] for name in names if name in kind.fields]
        return any(field.extensions["strawberry-definition"].metadata.get(LATEST) for field in fields)
