"""Operations on small schemas written by hand, executed in each way in which a plan can execute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
)
from graphql.execution import get_variable_values

from synthetic.graphql.executor import (
    Batched,
    Knowledge,
    OperationPlans,
    Plan,
    Source,
    SourceOf,
    default_source,
    execute,
    run_until_waiting,
)

Resolvers = Mapping[str, Callable[..., Any] | Batched]
"""For `Type.field`: graphql-core's resolver, or a batched source."""


def schema_of(sdl: str, resolvers: Resolvers | None = None) -> GraphQLSchema:
    """A schema with resolvers; batched sources are not part of it."""
    schema = build_schema(sdl)
    for place, resolver in (resolvers or {}).items():
        owner, _, name = place.partition(".")
        if not isinstance(resolver, Batched):
            schema.type_map[owner].fields[name].resolve = resolver
    return schema


def sources(resolvers: Resolvers | None) -> SourceOf:
    """Where values come from: batched sources, and else what the schema says."""

    def source(parent: GraphQLObjectType, name: str, field: GraphQLField) -> Source:
        found = (resolvers or {}).get(f"{parent.name}.{name}")
        return found if isinstance(found, Batched) else default_source(parent, name, field)

    return source


def start(
    schema: GraphQLSchema,
    document: str,
    root: Any = None,
    variables: dict[str, Any] | None = None,
    *,
    operation: str | None = None,
    context: Any = None,
    resolvers: Resolvers | None = None,
) -> ExecutionResult | Awaitable[ExecutionResult]:
    """Execute once; what comes may have to be awaited."""
    return execute(schema, parse(document), root, context, variables, operation, source_of=sources(resolvers))


def once(schema: GraphQLSchema, document: str, *arguments: Any, **more: Any) -> ExecutionResult:
    """Execute once, where nothing is asynchronous."""
    result = start(schema, document, *arguments, **more)
    assert isinstance(result, ExecutionResult)
    return result


def plan_of(
    schema: GraphQLSchema, document: str, variables: dict[str, Any] | None = None, resolvers: Resolvers | None = None
) -> tuple[Plan, Any]:
    """The plan of a document's only operation, and its variables."""
    parsed = parse(document)
    operation = next(node for node in parsed.definitions if isinstance(node, OperationDefinitionNode))
    coerced = get_variable_values(schema, operation.variable_definitions or (), variables or {})
    assert not isinstance(coerced, list), coerced
    return OperationPlans(schema, parsed, operation, Knowledge(sources(resolvers), {})).plan_for(coerced), coerced


def ask(
    sdl: str,
    document: str,
    root: Any = None,
    variables: dict[str, Any] | None = None,
    *,
    context: Any = None,
    resolvers: Resolvers | None = None,
) -> ExecutionResult:
    """The result of an operation without effects; the same with care, as by generated code, which comes second."""
    schema = schema_of(sdl, resolvers)
    result = once(schema, document, root, variables, context=context, resolvers=resolvers)
    plan, coerced = plan_of(schema, document, variables, resolvers)
    for _ in range(2):
        is_done, again = run_until_waiting(plan.execute(plan.begin(coerced, context=context), [root]))
        assert is_done
        assert repr(again[0].data) == repr(result.data)
        assert told(again[0]) == told(result)
    return result


def told(result: ExecutionResult) -> list[tuple[str, list[str | int] | None]]:
    """Messages and paths of the errors."""
    return [(error.message, error.path) for error in result.errors or ()]
