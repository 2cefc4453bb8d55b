"""`execute` and `BreadthFirstExecutor`: the compiled execution behind the two doors that graphql-core has.

Both do what graphql-core's own do. What a plan does not know is left to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql import execute as execute_depth_first  # pyright: ignore[reportUnknownVariableType]
from graphql.execution import Executor, get_variable_values

from synthetic.graphql.executor.compiler import Knowledge, NotCompiled
from synthetic.graphql.executor.core import TypeResolver
from synthetic.graphql.executor.plan import OperationPlans
from synthetic.graphql.executor.sources import SourceOf, default_source
from synthetic.graphql.executor.waiting import Step, finish, run_until_waiting

Result = ExecutionResult | Awaitable[ExecutionResult]


def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: Mapping[str, Any] | None = None,
    operation_name: str | None = None,
    *,
    source_of: SourceOf = default_source,
    type_resolver: TypeResolver | None = None,
) -> Result:
    """Execute an operation of a valid document.

    Args:
        schema: The schema.
        document: The document.
        root_value: Of which the root fields are asked.
        context_value: For the resolvers.
        variable_values: As the client sent them.
        operation_name: Which operation; may be None where there is one.
        source_of: Says where the values of fields come from.
        type_resolver: Finds the types of objects where the schema has no function for it.

    Returns:
        The result; something to await where a resolver was asynchronous.
    """
    operation = _find_operation(document, operation_name)
    if operation is not None:
        variables = get_variable_values(
            schema, operation.variable_definitions or (), dict(variable_values or {}), max_errors=50
        )
        if isinstance(variables, list):
            return ExecutionResult(None, variables)
        try:
            plan = OperationPlans(schema, document, operation, Knowledge(source_of, {})).plan_for(variables)
        except GraphQLError as error:
            return ExecutionResult(None, [error])
        except NotCompiled:
            pass
        else:
            run = plan.begin(variables, context=context_value, type_resolver=type_resolver)
            return _only(plan.execute(run, [root_value]))
    return execute_depth_first(
        schema,
        document,
        root_value,
        context_value,
        dict(variable_values or {}),
        operation_name,
        type_resolver=cast("Any", type_resolver),
    )


def _find_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is None:
        return operations[0] if len(operations) == 1 else None
    return next((node for node in operations if node.name is not None and node.name.value == name), None)


def _only(step: Step[list[ExecutionResult]]) -> Result:
    """The result of a step that has one; to be awaited if it has to wait."""
    is_done, outcome = run_until_waiting(step)
    return outcome[0] if is_done else _first(finish(step, outcome))


async def _first(results: Awaitable[list[ExecutionResult]]) -> ExecutionResult:
    return (await results)[0]


class BreadthFirstExecutor(Executor[Any]):
    """For `graphql.execute(..., executor_class=)` and Strawberry's `execution_context_class`."""

    def find_knowledge(self) -> Knowledge:
        """What is known of the schema; a subclass may know more."""
        return Knowledge(default_source, {})

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Execute the operation by a plan; by graphql-core where that cannot be."""
        middleware = self.middleware_manager is not None and self.middleware_manager.middlewares
        # The events of a subscription are asked for with `serially=False`, which is what a plan does anyway.
        is_other_order = serially not in {None, self.operation.operation is OperationType.MUTATION}
        if middleware or self.hooks is not None or self.abort_signal is not None or is_other_order:
            return super().execute_operation(serially)
        document = DocumentNode(definitions=(self.operation, *self.fragment_definitions.values()))
        try:
            plan = OperationPlans(self.schema, document, self.operation, self.find_knowledge()).plan_for(
                self.variable_values
            )
        except (NotCompiled, GraphQLError):
            return super().execute_operation(serially)
        run = plan.begin(
            self.variable_values,
            context=self.context_value,
            hides_suggestions=self.hide_suggestions,
            type_resolver=self.type_resolver,
            make_executor=self._find_itself,
        )
        return _only(plan.execute(run, [self.root_value]))

    def _find_itself(self, *_args: Any, **_options: Any) -> Executor[Any]:
        return self
