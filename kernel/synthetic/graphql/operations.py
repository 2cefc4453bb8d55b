"""`Operations`: where queries and mutations are executed.

A query runs wholly on one read transaction: in place, on the event loop's own
thread, when its plan is known to be short (`synthetic.graphql.placement`), in
one of the reader pool's threads otherwise. A mutation runs in a thread of its
own, since its writes wait for the disk: each root field is a write
transaction, and nested selections read a snapshot that is opened after its
commit.

What a field declares with `prepare=` is awaited before there is a snapshot.
Asynchronous resolvers are awaited without one; what stands below them reads a
snapshot of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema
from graphql.execution.values import VariableValues

from synthetic.clock import Clock
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.graphql.answers import Answer, AnswerRenderer
from synthetic.graphql.bounded_threads import BoundedThreads
from synthetic.graphql.context import NOTHING_PREPARED, OperationContext
from synthetic.graphql.execution import ONE_ROOT, Ask, Execution, answers_of, execute_by_core, execute_now
from synthetic.graphql.executor import Asked, NotCompiled
from synthetic.graphql.known_queries import KnownQuery
from synthetic.graphql.placer import Placer
from synthetic.graphql.plans import KeptPlan
from synthetic.kernel_settings import LimitSettings
from synthetic.metrics import Metrics
from synthetic.security.gate import Caller


class Operations:
    """Executes operations against one store."""

    def __init__(
        self,
        schema: GraphQLSchema,
        database: Database,
        limits: LimitSettings,
        clock: Clock,
        metrics: Metrics,
        render: AnswerRenderer,
        mutations: BoundedThreads,
    ) -> None:
        """Make it.

        Args:
            schema: graphql-core's.
            database: What the operations read and write.
            limits: `operation_ms`.
            clock: For deadlines.
            metrics: Counts what no plan could be made for.
            render: Makes answers.
            mutations: The threads in which mutations run.
        """
        self._schema = schema
        self._database = database
        self._limits = limits
        self._clock = clock
        self._metrics = metrics
        self._render = render
        self._mutations = mutations
        self._placer = Placer(database, clock, metrics)

    async def query(self, ask: Ask, roots: Sequence[Any] = ONE_ROOT) -> list[Answer]:
        """Execute a query; or the selection of a subscription, for each of the things that happened."""
        kept, variables = self._plan(ask)
        watch = self._watch()
        if kept is None:
            if isinstance(variables, list):
                return self._refused(ask, variables, roots)
            context = self._context(ask, watch)
            return await self._database.read(
                execute_by_core, ask, self._schema, roots, context, self._render, interruption=watch
            )
        prepared = await self._prepared(ask, kept, variables, watch)
        cost = ask.prepared.cost * len(roots)
        with contextlib.closing(self._execution(ask, kept, variables, roots, watch, prepared)) as execution:
            answers = await self._placer.read(kept.placement, cost, execution.advance, interruption=watch)
            while answers is None:
                await execution.wait(watch)
                answers = await self._database.read(execution.advance, interruption=watch)
            return answers

    def query_now(self, known: KnownQuery, caller: Caller, correlation_id: str) -> Answer | None:
        """Execute a query in place, if its plan is one that runs there.

        Returns:
            None where `query` is to be asked: it runs in the pool, or waits for something.

        Raises:
            SyntheticError: What was read is no answer.
        """
        ask = Ask(known.prepared, known.request, caller, correlation_id, is_for_json=True)
        watch = self._watch()
        answer = self._placer.read_in_place(
            known.kept.placement,
            known.prepared.cost,
            execute_now,
            ask,
            known,
            self._context(ask, watch),
            self._render,
            interruption=watch,
        )
        return answer if isinstance(answer, Answer) else None

    async def mutation(self, ask: Ask) -> list[Answer]:
        """Execute a mutation."""
        kept, variables = self._plan(ask)
        if isinstance(variables, list):
            return self._refused(ask, variables, ONE_ROOT)
        watch = self._watch()
        if kept is None:
            context = self._context(ask, watch)
            return await self._in_thread(
                watch, execute_by_core, None, ask, self._schema, ONE_ROOT, context, self._render
            )
        prepared = await self._prepared(ask, kept, variables, watch)
        with contextlib.closing(self._execution(ask, kept, variables, ONE_ROOT, watch, prepared)) as execution:
            while (answers := await self._in_thread(watch, execution.advance, None)) is None:
                await execution.wait(watch)
            return answers

    def run_here(self, ask: Ask, *, writes: bool) -> list[Answer]:
        """Execute a query or mutation in the calling thread, which runs no event loop."""
        kept, variables = self._plan(ask)
        if isinstance(variables, list):
            return self._refused(ask, variables, ONE_ROOT)
        watch = self._watch()
        if kept is None:
            context = self._context(ask, watch)
            arguments = (ask, self._schema, ONE_ROOT, context, self._render)
            if writes:
                return execute_by_core(None, *arguments)
            return self._database.read_blocking(execute_by_core, *arguments, interruption=watch)
        # One event loop for all that is awaited, since what was made on one may not work on another; made when needed.
        with contextlib.closing(asyncio.Runner()) as loop:
            prepared = loop.run(self._prepared(ask, kept, variables, watch)) if kept.preparing else NOTHING_PREPARED
            with contextlib.closing(self._execution(ask, kept, variables, ONE_ROOT, watch, prepared)) as execution:
                while True:
                    if writes:
                        answers = execution.advance(None)
                    else:
                        answers = self._database.read_blocking(execution.advance, interruption=watch)
                    if answers is not None:
                        return answers
                    loop.run(execution.wait(watch))

    async def _in_thread(self, watch: Interruption, function: Callable[..., Any], *args: Any) -> Any:
        try:
            return await self._mutations.run(function, *args)
        except asyncio.CancelledError:
            watch.cancel()
            raise

    def _plan(self, ask: Ask) -> tuple[KeptPlan | None, VariableValues | list[GraphQLError]]:
        """The plan of an operation and its variables; without a plan, they may be errors, or graphql-core executes."""
        variables = ask.prepared.coerced(ask.request.variables, hides_suggestions=ask.hides_suggestions)
        if isinstance(variables, list):
            return None, variables
        try:
            return ask.prepared.plan_for(variables), variables
        except GraphQLError as error:
            return None, [error]
        except NotCompiled as refusal:
            self._metrics.plan_refusals.labels(refusal.reason).inc()
            return None, variables

    async def _prepared(
        self, ask: Ask, kept: KeptPlan, variables: VariableValues | list[GraphQLError], watch: Interruption
    ) -> Mapping[Asked, Any]:
        if not kept.preparing or isinstance(variables, list):
            return NOTHING_PREPARED
        run = kept.plan.begin(variables, hides_suggestions=ask.hides_suggestions)
        return await watch.within(kept.prepare(run, self._database))

    def _execution(
        self,
        ask: Ask,
        kept: KeptPlan,
        variables: Any,
        roots: Sequence[Any],
        watch: Interruption,
        prepared: Mapping[Asked, Any],
    ) -> Execution:
        make_context = partial(self._context, ask, watch, prepared)
        return Execution(ask, kept.plan, variables, roots, make_context, self._render)

    def _context(
        self, ask: Ask, watch: Interruption, prepared: Mapping[Asked, Any] = NOTHING_PREPARED
    ) -> OperationContext:
        return OperationContext(
            self._database, ask.caller, ask.correlation_id, watch, prepared=prepared, is_for_json=ask.is_for_json
        )

    def _watch(self) -> Interruption:
        return Interruption(self._clock, self._clock.monotonic() + self._limits.operation_ms / 1000)

    def _refused(self, ask: Ask, errors: list[GraphQLError], roots: Sequence[Any]) -> list[Answer]:
        """The answers of an operation whose variables do not fit."""
        context = self._context(ask, self._watch())
        results = [ExecutionResult(None, errors) for _root in roots]
        return answers_of(ask, results, roots, context, self._render, weight=0)
