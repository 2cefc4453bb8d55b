"""`Engine`: from a request to its answer, on one snapshot or one commit a field.

It prepares documents and waits for positions; where and how an operation is
executed is told in `synthetic.graphql.operations`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, OperationType

from synthetic.clock import Clock, new_id
from synthetic.database.database import Database
from synthetic.errors import (
    BadUserInputError,
    InternalError,
    MethodNotAllowedError,
    SyntheticError,
)
from synthetic.graphql.answers import Answer, AnswerRenderer, GraphQLRequest
from synthetic.graphql.bounded_threads import BoundedThreads
from synthetic.graphql.checked_document import Prepared
from synthetic.graphql.documents import DocumentCache, DocumentErrors
from synthetic.graphql.execution import Ask
from synthetic.graphql.freshness import Freshness, HasReached, at_least_of
from synthetic.graphql.known_queries import KnownQuery
from synthetic.graphql.operations import Operations
from synthetic.graphql.subscriptions import Subscription, Subscriptions
from synthetic.kernel_settings import LimitSettings
from synthetic.log.hub import Hub
from synthetic.log.positions import Position
from synthetic.logs import logger_for
from synthetic.metrics import Metrics
from synthetic.security.gate import ANONYMOUS, Caller, Scope

log = logger_for(__name__)

PREPARING_THREADS = 2
NEEDS_OPEN_CONNECTION = "A subscription needs a connection that stays open."
SHORT_DOCUMENT_CHARACTERS = 4_000
"""Parsing and validating so much takes a few milliseconds at most."""


class Engine:
    """Runs GraphQL operations against one store."""

    def __init__(
        self,
        schema: GraphQLSchema,
        database: Database,
        limits: LimitSettings,
        clock: Clock,
        metrics: Metrics,
        has_reached: HasReached,
    ) -> None:
        """Make it.

        Args:
            schema: graphql-core's.
            database: What the operations read and write.
            limits: What one request may ask for.
            clock: For deadlines.
            metrics: Counts overloads, subscribers and resumes.
            has_reached: Whether a consumer has come as far as a position.
        """
        self.schema = schema
        self.documents = DocumentCache(schema, limits)
        self._database = database
        self._limits = limits
        self._clock = clock
        self._render = AnswerRenderer(clock)
        self._metrics = metrics
        self._mutations = BoundedThreads("mutations", limits.mutations, limits.mutations * 16, metrics)
        # Apart from mutations, whose threads may all be waiting for a lock that another process holds.
        self._preparing = BoundedThreads("documents", PREPARING_THREADS, limits.mutations, metrics)
        self._operations = Operations(schema, database, limits, clock, metrics, self._render, self._mutations)
        self._subscriptions = Subscriptions(
            schema, database, Hub(database, metrics), clock, self._render, self.execute_events
        )
        self._freshness = Freshness(schema, database, clock, limits.at_least_ms, has_reached)

    async def run(
        self,
        request: GraphQLRequest,
        caller: Caller,
        correlation_id: str,
        *,
        allow_mutation: bool = True,
        is_for_json: bool = False,
    ) -> Answer:
        """Run a query or a mutation.

        Args:
            request: What is asked.
            caller: Who asks; a mutation needs the scope `write`.
            correlation_id: For errors and the log.
            allow_mutation: False where the transport must be free of effects.
            is_for_json: Whether the answer is for `AnswerWriter` alone: lists in it may be what only that can write.

        Raises:
            asyncio.CancelledError: The caller's task was cancelled; SQL that
                ran for it is interrupted. Nothing else is ever raised.
        """
        try:
            request = self._with_text(request)
            prepared = await self._prepare_aside(request, caller)
            await self._wait_for_position(prepared, request)
            ask = Ask(prepared, request, caller, correlation_id, is_for_json=is_for_json)
            if prepared.operation.operation is OperationType.QUERY:
                return (await self._operations.query(ask))[0]
            if not allow_mutation:
                raise MethodNotAllowedError("GET answers queries only; send this operation by POST.")
            if prepared.operation.operation is OperationType.SUBSCRIPTION:
                raise BadUserInputError(
                    NEEDS_OPEN_CONNECTION, action="Accept text/event-stream, or use graphql-transport-ws."
                )
            return (await self._operations.mutation(ask))[0]
        except DocumentErrors as errors:
            return self._render.document_errors(errors, correlation_id)
        except SyntheticError as error:
            return self.error_answer(error, correlation_id)
        except Exception:
            log.exception("operation failed", correlation_id=correlation_id)
            return self.error_answer(InternalError(), correlation_id)

    def find_known(self, request: GraphQLRequest) -> KnownQuery | None:
        """What is known of a request for a query that has nothing to wait for; for `run_now`.

        Returns:
            None for whatever is to be told apart further, or refused: ask `run`, which knows nothing of this attempt.
        """
        try:
            request = self._with_text(request)
            checked = self.documents.find(request.query)
            if checked is None or at_least_of(request.extensions) is not None:
                return None
            prepared = checked.prepared(checked.operation(request.operation_name), request.variables)
            if prepared.operation.operation is not OperationType.QUERY:
                return None
            variables = prepared.coerced(request.variables, hides_suggestions=True)
            kept = None if isinstance(variables, list) else prepared.find_plan(variables)
        except Exception:  # noqa: BLE001 - whatever it is, it happens to `run` again, which tells of it
            return None
        if kept is None or kept.preparing or isinstance(variables, list):
            return None
        return KnownQuery(request, checked, prepared, kept, variables)

    def run_now(self, known: KnownQuery, caller: Caller, correlation_id: str) -> Answer | None:
        """Run a query that is known to be short.

        Args:
            known: What `find_known` gave, of a document that is still kept.
            caller: Who asks.
            correlation_id: For errors and the log.

        Returns:
            The answer, for `AnswerWriter.json_now` alone: lists in it may be `Records` or JSON. None, as of
            `find_known`.
        """
        if not caller.has(Scope.READ):
            return None
        try:
            answer = self._operations.query_now(known, caller, correlation_id)
        except Exception:  # noqa: BLE001 - as above
            return None
        if answer is not None:
            self.documents.note_use(known.request.query, known.checked)
        return answer

    def has_kept(self, known: KnownQuery) -> bool:
        """Whether the document of a query that was known is still kept."""
        return self.documents.find(known.request.query) is known.checked

    async def subscribe(
        self,
        request: GraphQLRequest,
        caller: Caller,
        correlation_id: str,
        *,
        resume: Position | None = None,
        allow_mutation: bool = True,
    ) -> Answer | Subscription:
        """Run any operation on a connection that stays open.

        Args:
            request: What is asked.
            caller: Who asks.
            correlation_id: For errors and the log.
            resume: Where the transport says that a subscription was interrupted.
            allow_mutation: False where the request must be free of effects.

        Returns:
            One answer for a query, a mutation or an error; else a subscription.
        """
        try:
            request = self._with_text(request)
            prepared = await self._prepare_aside(request, caller)
            if prepared.operation.operation is not OperationType.SUBSCRIPTION:
                return await self.run(request, caller, correlation_id, allow_mutation=allow_mutation)
            await self._wait_for_position(prepared, request)
            return await self._subscriptions.begin(prepared, request, caller, correlation_id, resume)
        except DocumentErrors as errors:
            return self._render.document_errors(errors, correlation_id)
        except SyntheticError as error:
            return self.error_answer(error, correlation_id)

    def run_blocking(self, query: str, variables: Mapping[str, Any], caller: Caller = ANONYMOUS) -> Answer:
        """Run a query or mutation in the calling thread, for programs that embed a store."""
        if asyncio._get_running_loop() is not None:  # noqa: SLF001 - asyncio's way to ask without an exception
            # Two loops cannot run in one thread, and this call blocks the caller's in any case.
            return self._mutations.run_blocking(self._run_here, query, variables, caller)
        return self._run_here(query, variables, caller)

    def _run_here(self, query: str, variables: Mapping[str, Any], caller: Caller) -> Answer:
        request = GraphQLRequest(query=query, variables=variables)
        correlation_id = new_id()
        try:
            prepared = self._prepare(request, caller)
            kind = prepared.operation.operation
            if kind is OperationType.SUBSCRIPTION:
                raise BadUserInputError(NEEDS_OPEN_CONNECTION, action="Ask a server, by graphql-transport-ws.")
            ask = Ask(prepared, request, caller, correlation_id)
            return self._operations.run_here(ask, writes=kind is OperationType.MUTATION)[0]
        except DocumentErrors as errors:
            return self._render.document_errors(errors, correlation_id)
        except SyntheticError as error:
            return self.error_answer(error, correlation_id)

    def error_answer(self, error: SyntheticError, correlation_id: str) -> Answer:
        """The answer for an error that kept the operation from being executed."""
        return self._render.error(error, correlation_id)

    def close(self) -> None:
        """Wait for running mutations and let their threads end."""
        self._mutations.close()
        self._preparing.close()

    def find_kind(self, request: GraphQLRequest) -> str | None:
        """Whether a request is a `query`, `mutation` or `subscription`; None where its document is not kept."""
        try:
            return self.documents.find_kind(self._with_text(request).query, request.operation_name)
        except SyntheticError:
            return None

    def _with_text(self, request: GraphQLRequest) -> GraphQLRequest:
        """The request with the text of its document, of which it may have brought only the hash."""
        text = self.documents.persisted.text_of(request.query, request.extensions)
        return request if text is request.query else replace(request, query=text)

    async def _prepare_aside(self, request: GraphQLRequest, caller: Caller) -> Prepared:
        """Prepare a document; a long one that is new in a thread, so that others need not wait for its parser."""
        if len(request.query) <= SHORT_DOCUMENT_CHARACTERS or request.query in self.documents:
            return self._prepare(request, caller)
        return await self._preparing.run(self._prepare, request, caller)

    def _prepare(self, request: GraphQLRequest, caller: Caller) -> Prepared:
        prepared = self.documents.prepare(
            request.query, request.operation_name, request.variables, hints=caller.has(Scope.READ)
        )
        writes = prepared.operation.operation is OperationType.MUTATION
        caller.require(Scope.WRITE if writes else Scope.READ, _wanted(prepared.operation))
        return prepared

    async def execute_events(
        self, prepared: Prepared, request: GraphQLRequest, caller: Caller, correlation_id: str, events: Sequence[Any]
    ) -> list[Answer]:
        """The answers of a subscription to things that happened, executed together on one snapshot."""
        return await self._operations.query(Ask(prepared, request, caller, correlation_id), events)

    async def _wait_for_position(self, prepared: Prepared, request: GraphQLRequest) -> None:
        position = at_least_of(request.extensions)
        if position is not None:
            await self._freshness.wait(prepared, position)


def _wanted(operation: OperationDefinitionNode) -> str:
    """What an operation asks for, for the record of its refusal: its first field, or its kind."""
    fields = (each.name.value for each in operation.selection_set.selections if isinstance(each, FieldNode))
    return next(fields, operation.operation.value)
