"""Subscriptions: a source of things that happen, and one execution of the document for each."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
)
from graphql.execution import (
    Executor,
    create_source_event_stream,  # pyright: ignore[reportUnknownVariableType]
)

from synthetic.clock import Clock
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.errors import InternalError, SyntheticError
from synthetic.graphql.answers import Answer, AnswerRenderer, GraphQLRequest
from synthetic.graphql.context import OperationContext
from synthetic.graphql.documents import Prepared
from synthetic.graphql.fields import LATEST
from synthetic.graphql.shared_answers import SharedAnswers, audience_of
from synthetic.log.hub import Hub
from synthetic.log.live import Live
from synthetic.log.positions import Position
from synthetic.logs import logger_for
from synthetic.security.gate import Caller, Scope

log = logger_for(__name__)

Execute = Callable[[Prepared, GraphQLRequest, Caller, str, Any], Coroutine[Any, Any, Answer]]
"""Runs a document with something that happened as its root."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription that has begun.

    Attributes:
        answers: One for each thing that it is about; must be closed by who reads it.
        is_latest: Whether only the newest matters: who cannot send now takes nothing from it.
    """

    answers: AsyncGenerator[Answer]
    is_latest: bool


def alone(answer: Answer) -> Subscription:
    """A subscription of one answer: how a query, a mutation or a refusal goes over a connection that stays open."""

    async def give() -> AsyncGenerator[Answer]:
        yield answer

    return Subscription(give(), is_latest=False)


class Subscriptions:
    """Begins subscriptions, and answers to each thing that happens once for all who asked the same."""

    def __init__(
        self,
        schema: GraphQLSchema,
        database: Database,
        hub: Hub,
        clock: Clock,
        render: AnswerRenderer,
        execute: Execute,
    ) -> None:
        """Make it.

        Args:
            schema: graphql-core's.
            database: For the sources to read from.
            hub: For the sources to follow.
            clock: For the sources' reads.
            render: Makes answers of errors.
            execute: Runs a document on a snapshot.
        """
        self._schema = schema
        self._database = database
        self._hub = hub
        self._clock = clock
        self._render = render
        self._execute = execute
        self._shared = SharedAnswers()

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
        live = Live(self._database, self._hub, resume)
        context = OperationContext(self._database, caller, correlation_id, Interruption(self._clock), live=live)
        stream = await self._source(prepared, request, context)
        if isinstance(stream, ExecutionResult):
            return self._render.result(stream, correlation_id, context.notices)
        answers = self._answers(cast("AsyncIterator[Any]", stream), prepared, request, caller, correlation_id)
        return Subscription(answers, self._is_latest(prepared))

    async def _source(
        self, prepared: Prepared, request: GraphQLRequest, context: OperationContext
    ) -> AsyncIterable[Any] | ExecutionResult:
        """The things that a subscription is about, or why there are none."""
        executor = cast("Any", Executor).build(
            self._schema,
            prepared.document,
            context_value=context,
            raw_variable_values=dict(request.variables),
            operation_name=request.operation_name,
            hide_suggestions=not context.caller.has(Scope.READ),
        )
        if isinstance(executor, list):
            return ExecutionResult(None, cast("list[GraphQLError]", executor))
        stream = create_source_event_stream(executor)
        return await stream if inspect.isawaitable(stream) else stream

    async def _answers(
        self,
        source: AsyncIterator[Any],
        prepared: Prepared,
        request: GraphQLRequest,
        caller: Caller,
        correlation_id: str,
    ) -> AsyncGenerator[Answer]:
        audience = None if self._is_latest(prepared) else audience_of(prepared, request)
        try:
            async for happened in source:

                def execute(root: Any = happened) -> Coroutine[Any, Any, Answer]:
                    return self._execute(prepared, request, caller, correlation_id, root)

                position = getattr(happened, "position", None)
                if audience is None or position is None:
                    yield await execute()
                else:
                    yield await self._shared.get((audience, position), execute)
        except SyntheticError as error:
            yield self._render.error(error, correlation_id)
        except Exception:
            log.exception("subscription failed", correlation_id=correlation_id)
            yield self._render.error(InternalError(), correlation_id)
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()

    def _is_latest(self, prepared: Prepared) -> bool:
        """Whether the operation's field is one of which only the newest matters."""
        kind = self._schema.subscription_type
        names = _root_fields(prepared)
        fields = [] if kind is None else [kind.fields[name] for name in names if name in kind.fields]
        return any(field.extensions["strawberry-definition"].metadata.get(LATEST) for field in fields)


def _root_fields(prepared: Prepared) -> set[str]:
    """Names of the operation's root fields, those in fragments too; which cannot be circular in a valid document."""
    fragments = {
        node.name.value: node for node in prepared.document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    names: set[str] = set()
    seen: set[str] = set()
    waiting: list[SelectionNode] = list(prepared.operation.selection_set.selections)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode):
            names.add(node.name.value)
        elif isinstance(node, InlineFragmentNode):
            waiting += node.selection_set.selections
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            waiting += fragments[node.name.value].selection_set.selections
    return names
