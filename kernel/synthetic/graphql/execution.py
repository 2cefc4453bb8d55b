"""`Execution`: one operation on its way, from its first step to its answers.

It is advanced where its data is: in a thread that has a snapshot for it, or in
place. Where an asynchronous resolver lets it wait, it comes back from there,
and waits on the event loop without a snapshot.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from graphql import ExecutionResult, GraphQLSchema
from graphql import execute as execute_operation  # pyright: ignore[reportUnknownVariableType]
from graphql.execution.values import VariableValues
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.errors import CancelledError, DeadlineExceededError
from synthetic.graphql.answers import Answer, AnswerRenderer, GraphQLRequest
from synthetic.graphql.checked_document import Prepared
from synthetic.graphql.context import OperationContext
from synthetic.graphql.executor import Plan, Run, Step, abandon, gather, run_until_waiting
from synthetic.graphql.json_records import JSON_RECORDS
from synthetic.graphql.known_queries import KnownQuery
from synthetic.security.gate import Caller, Scope

Informer = StrawberryGraphQLCoreExecutionContext
"""An executor of graphql-core's that tells resolvers what Strawberry's `Info` wants to know."""

ONE_ROOT = (None,)
"""The root values of a query or mutation."""

VALUES_A_FIELD = 4
"""For the size of an answer that graphql-core made, from its cost; ours counts its values."""


@dataclass(slots=True)
class Ask:
    """One request that is executed; not changed once it is made. To freeze it would take as long again.

    Attributes:
        prepared: Its document.
        request: Its variables.
        caller: Who asks.
        correlation_id: For errors and the log.
        is_for_json: Whether the answer is for `AnswerWriter` alone, so that lists in it may be `Records` or JSON.
    """

    prepared: Prepared
    request: GraphQLRequest
    caller: Caller
    correlation_id: str
    is_for_json: bool = False

    @property
    def input_extensions(self) -> dict[str, Any]:
        """What Strawberry's resolvers find in `info.input_extensions`."""
        return dict(self.request.extensions)

    def make_informer(self, *arguments: Any, **options: Any) -> Informer:
        """What tells resolvers of the operation; most operations have none that ask."""
        return Informer(*arguments, **options, operation_extensions=self.input_extensions)

    @property
    def hides_suggestions(self) -> bool:
        """Whether errors must not say what in the schema may have been meant."""
        return not self.caller.has(Scope.READ)


class _Begun(NamedTuple):
    """An execution that has begun.

    Attributes:
        context: What the resolvers are given.
        run: What the executor knows of it.
        step: What is left to do.
    """

    context: OperationContext
    run: Run
    step: Step[list[ExecutionResult]]


class Execution:
    """An operation by its plan."""

    def __init__(
        self,
        ask: Ask,
        plan: Plan,
        variables: VariableValues,
        roots: Sequence[Any],
        make_context: Callable[[], OperationContext],
        render: AnswerRenderer,
    ) -> None:
        """Make it.

        Args:
            ask: What is executed.
            plan: Its plan.
            variables: Coerced.
            roots: The root values, each of which has an answer.
            make_context: Makes what the resolvers are given; once for each time that the execution begins.
            render: Makes answers of results.
        """
        self._ask = ask
        self._plan = plan
        self._variables = variables
        self._roots = roots
        self._make_context = make_context
        self._render = render
        self._begun: _Begun | None = None
        self._wanted: list[Any] = []
        self._given: list[Any] | None = None
        self._is_advancing = self._is_closed = False
        self._lock = threading.Lock()

    def advance(self, snapshot: Snapshot | None) -> list[Answer] | None:
        """Execute up to where it waits; what was cut short before it came so far begins again, from its start.

        Args:
            snapshot: To read in; None for a mutation, which opens its own.

        Returns:
            One answer for each root value; None when it has to `wait` and to be advanced again.

        Raises:
            CancelledError: It was closed.
        """
        with self._lock:
            if self._is_closed:
                raise CancelledError
            self._is_advancing = True
        try:
            return self._advance(snapshot)
        finally:
            with self._lock:
                self._is_advancing = False
                is_closed = self._is_closed
            if is_closed:
                self._drop()

    def _advance(self, snapshot: Snapshot | None) -> list[Answer] | None:
        begun = self._begun if self._given is not None and self._begun is not None else self._begin(snapshot)
        begun.context.enter(snapshot)
        try:
            outcome: Any
            if self._given is None:
                is_done, outcome = run_until_waiting(begun.step)
            else:
                try:
                    is_done, outcome = False, begun.step.send(self._given)
                except StopIteration as ended:
                    is_done, outcome = True, ended.value
            if not is_done:
                # Before anything else can raise: what nobody holds any more is never awaited.
                self._wanted = outcome
                begun.context.read_kept()
            begun.context.read_position()
        finally:
            begun.context.leave()
        if not is_done:
            self._given = []
            return None
        self._begun = None
        return answers_of(self._ask, outcome, self._roots, begun.context, self._render, *begun.run.sizes)

    def _begin(self, snapshot: Snapshot | None) -> _Begun:
        self._drop()
        context = self._make_context()
        run = self._plan.begin(
            self._variables,
            context=context,
            hides_suggestions=self._ask.hides_suggestions,
            make_executor=self._ask.make_informer,
            # A mutation past its deadline still tells what it has written.
            check=None if snapshot is None else context.check,
            record_form=JSON_RECORDS if self._ask.is_for_json else None,
        )
        self._begun = _Begun(context, run, self._plan.execute(run, self._roots))
        return self._begun

    async def wait(self, watch: Interruption) -> None:
        """Wait for what the resolvers wait for, and no longer than the operation may take.

        Then each field that still waits has failed, and not the operation: what a mutation has written stays.
        """
        wanted, self._wanted = self._wanted, []
        try:
            self._given = await watch.within(gather(wanted))
        except DeadlineExceededError as error:
            self._given = [error] * len(wanted)

    def close(self) -> None:
        """Give up what was not finished; while a thread advances it, that thread does so in the end."""
        with self._lock:
            self._is_closed = True
            is_advancing = self._is_advancing
        if not is_advancing:
            self._drop()

    def _drop(self) -> None:
        if self._begun is not None:
            self._begun.step.close()
        abandon(self._wanted)
        self._wanted = []


def execute_now(
    snapshot: Snapshot, ask: Ask, known: KnownQuery, context: OperationContext, render: AnswerRenderer
) -> Answer | None:
    """Execute a query by its plan without waiting, to be written at once: its lists may be `Records` or JSON.

    Args:
        snapshot: To read in.
        ask: What is executed.
        known: Its plan and variables.
        context: What the resolvers are given.
        render: Makes answers.

    Returns:
        None where it has to wait for something, so that nothing counts.
    """
    plan = known.kept.plan
    run = plan.begin(
        known.variables,
        context=context,
        hides_suggestions=ask.hides_suggestions,
        make_executor=ask.make_informer,
        check=context.check,
        record_form=JSON_RECORDS,
        keeps_variables=known.is_kept,
    )
    step = plan.execute(run, ONE_ROOT)
    context.enter(snapshot)
    try:
        is_done, outcome = run_until_waiting(step)
        if not is_done:
            step.close()
            abandon(outcome)
            return None
        context.read_position()
    finally:
        context.leave()
    return answers_of(ask, outcome, ONE_ROOT, context, render, *run.sizes)[0]


def execute_by_core(
    snapshot: Snapshot | None,
    ask: Ask,
    schema: GraphQLSchema,
    roots: Sequence[Any],
    context: OperationContext,
    render: AnswerRenderer,
) -> list[Answer]:
    """Execute an operation that plans do not know by graphql-core's executor."""
    context.enter(snapshot)
    try:
        results = [_result_of_core(ask, schema, root, context) for root in roots]
        context.read_position()
    finally:
        context.leave()
    return answers_of(ask, results, roots, context, render, ask.prepared.cost * VALUES_A_FIELD)


def _result_of_core(ask: Ask, schema: GraphQLSchema, root: Any, context: OperationContext) -> ExecutionResult:
    result = execute_operation(
        schema,
        ask.prepared.document,
        root_value=root,
        context_value=context,
        variable_values=dict(ask.request.variables),
        operation_name=ask.request.operation_name,
        hide_suggestions=ask.hides_suggestions,
        executor_class=Informer,
        operation_extensions=ask.input_extensions,
    )
    if inspect.isawaitable(result):
        result = context.loop.run(cast("Coroutine[Any, Any, ExecutionResult]", result))
    return result


def answers_of(
    ask: Ask,
    results: Sequence[ExecutionResult],
    roots: Sequence[Any],
    context: OperationContext,
    render: AnswerRenderer,
    weight: int,
    json_size: int = 0,
) -> list[Answer]:
    """The answers that results make.

    Args:
        ask: What was executed.
        results: One for each root value.
        roots: The root values. Of what a subscription yields, the place to go on from is the event's.
        context: Knows how far the log went in what was read.
        render: Makes answers.
        weight: About how many values all answers have, without those of lists that are JSON already.
        json_size: How many characters these have.
    """
    answers: list[Answer] = []
    for result, root in zip(results, roots, strict=True):
        position = context.position if root is None else getattr(root, "position", None)
        answer = render.result(result, ask.correlation_id, context.notices, position)
        answer.weight, answer.json_size = weight // len(roots), json_size // len(roots)
        answers.append(answer)
    return answers
