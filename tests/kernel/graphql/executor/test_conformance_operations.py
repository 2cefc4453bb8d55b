"""GraphQL specification, section 6.2 "Executing Operations", rule by rule.

Numbers and names of algorithms are those of the editions of October 2021 and
September 2025.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, execute, parse, subscribe

from synthetic.graphql.executor import BreadthFirstExecutor

from .asking import ask, once, plan_of, schema_of, told


def test_a_query_is_executed_on_the_query_root_type_with_the_initial_value():
    """6.2.1 Query, ExecuteQuery."""
    assert ask("schema { query: Q } type Q { a: Int }", "query { a __typename }", {"a": 1}).data == {
        "a": 1,
        "__typename": "Q",
    }


@pytest.mark.parametrize("kind", ["mutation", "subscription"])
def test_an_operation_without_a_root_type_is_a_request_error(kind: str):
    """6.2.2 and 6.2.3: the schema must have a root type of the operation's kind."""
    result = once(schema_of("type Query { a: Int }"), f"{kind} {{ a }}")
    assert (result.data, told(result)) == (None, [(f"Schema is not configured to execute {kind} operation.", None)])


MUTATIONS = """
type Query { a: Int }
type Step { number: Int! seen: [Int!]! }
type Mutation { step(n: Int!): Step fail(n: Int!): Step must(n: Int!): Step! }
"""


def stepping(calls: list[int]) -> dict[str, Any]:
    """Resolvers of which each step can see those that were before it."""

    def step(_source: Any, _info: Any, n: int) -> dict[str, Any]:
        calls.append(n)
        return {"number": n, "seen": lambda _info: list(calls)}

    def fail(_source: Any, _info: Any, n: int) -> Any:
        calls.append(n)
        raise RuntimeError("failed")

    return {"Mutation.step": step, "Mutation.fail": fail, "Mutation.must": fail}


def test_the_fields_of_a_mutation_are_executed_one_after_the_other_with_all_that_is_below_them():
    """6.2.2 Mutation, ExecuteMutation: serially, in document order."""
    calls: list[int] = []
    schema = schema_of(MUTATIONS, stepping(calls))
    result = once(schema, "mutation { b: step(n: 1) { seen } a: step(n: 2) { seen number } c: step(n: 3) { seen } }")
    assert repr(result.data) == repr({"b": {"seen": [1]}, "a": {"seen": [1, 2], "number": 2}, "c": {"seen": [1, 2, 3]}})


def test_a_field_of_a_mutation_that_fails_does_not_keep_the_next_from_running():
    """6.2.2 Mutation: an error of a nullable field is the field's own."""
    calls: list[int] = []
    schema = schema_of(MUTATIONS, stepping(calls))
    result = once(schema, "mutation { a: step(n: 1) { number } b: fail(n: 2) { number } c: step(n: 3) { number } }")
    assert result.data == {"a": {"number": 1}, "b": None, "c": {"number": 3}}
    assert (told(result), calls) == ([("failed", ["b"])], [1, 2, 3])


def test_after_a_field_of_a_mutation_that_must_not_be_null_failed_no_other_runs():
    """6.2.2 and 6.4.4: null spread to the root, and what would follow has nowhere to be."""
    calls: list[int] = []
    result = once(
        schema_of(MUTATIONS, stepping(calls)),
        "mutation { a: step(n: 1) { number } b: must(n: 2) { number } c: step(n: 3) { number } }",
    )
    assert (result.data, told(result), calls) == (None, [("failed", ["b"])], [1, 2])


@pytest.mark.anyio
async def test_an_asynchronous_field_of_a_mutation_ends_before_the_next_begins():
    """6.2.2 Mutation: serial means completed, not only begun."""
    calls: list[str] = []

    async def step(_source: Any, _info: Any, n: int) -> dict[str, Any]:
        calls.append(f"begin {n}")
        await asyncio.sleep(0)
        calls.append(f"end {n}")
        return {"number": n}

    schema = schema_of(MUTATIONS, {"Mutation.step": step})
    result = await BreadthFirst.execute(schema, "mutation { a: step(n: 1) { number } b: step(n: 2) { number } }")
    assert result.data == {"a": {"number": 1}, "b": {"number": 2}}
    assert calls == ["begin 1", "end 1", "begin 2", "end 2"]


SUBSCRIPTIONS = "type Query { a: Int } type Subscription { tick(to: Int!): Int! other: Int }"


class BreadthFirst:
    """graphql-core's doors with this executor behind them."""

    @staticmethod
    async def execute(schema: Any, document: str) -> ExecutionResult:
        result = execute(schema, parse(document), executor_class=BreadthFirstExecutor)
        return result if isinstance(result, ExecutionResult) else await result

    @staticmethod
    async def subscribe(schema: Any, document: str, root: Any = None) -> Any:
        result = subscribe(schema, parse(document), root, executor_class=BreadthFirstExecutor)
        return await result if hasattr(result, "__await__") else result


async def ticks(closed: list[str], to: int) -> AsyncIterator[dict[str, Any]]:
    try:
        for number in range(to):
            yield {"tick": number if number != 2 else RuntimeError("no two")}
    finally:
        closed.append("closed")


def ticking(closed: list[str]) -> Any:
    schema = schema_of(SUBSCRIPTIONS)
    schema.subscription_type.fields["tick"].subscribe = lambda _root, _info, to: ticks(closed, to)
    return schema


@pytest.mark.anyio
async def test_each_event_of_a_source_stream_is_executed_as_a_query_with_the_event_as_initial_value():
    """6.2.3 MapSourceToResponseEvent and ExecuteSubscriptionEvent; arguments reach the source stream."""
    closed: list[str] = []
    responses = [each async for each in await BreadthFirst.subscribe(ticking(closed), "subscription { tick(to: 2) }")]
    assert [each.data for each in responses] == [{"tick": 0}, {"tick": 1}]
    assert closed == ["closed"]


@pytest.mark.anyio
async def test_an_error_of_one_event_is_in_its_response_and_the_stream_goes_on():
    """6.2.3 Response Stream: an execution error ends no stream."""
    responses = [each async for each in await BreadthFirst.subscribe(ticking([]), "subscription { tick(to: 4) }")]
    assert [each.data for each in responses] == [{"tick": 0}, {"tick": 1}, None, {"tick": 3}]
    assert [told(each) for each in responses] == [[], [], [("no two", ["tick"])], []]


@pytest.mark.anyio
async def test_who_unsubscribes_ends_the_source_stream():
    """6.2.3 Unsubscribe."""
    closed: list[str] = []
    stream = await BreadthFirst.subscribe(ticking(closed), "subscription { tick(to: 9) }")
    assert (await anext(stream)).data == {"tick": 0}
    await stream.aclose()
    assert closed == ["closed"]


@pytest.mark.anyio
async def test_a_source_stream_that_cannot_be_made_is_an_error_without_a_stream():
    """6.2.3 CreateSourceEventStream: a request error."""

    def fail(*_arguments: Any, **_more: Any) -> Any:
        raise GraphQLError("no source")

    schema = schema_of(SUBSCRIPTIONS)
    schema.subscription_type.fields["tick"].subscribe = fail
    result = await BreadthFirst.subscribe(schema, "subscription { tick(to: 1) }")
    assert isinstance(result, ExecutionResult)
    assert (result.data, told(result)) == (None, [("no source", ["tick"])])


def test_several_events_are_executed_together_each_with_a_response_of_its_own():
    """6.2.3 ExecuteSubscriptionEvent, for events that came at once."""
    schema = schema_of(SUBSCRIPTIONS)
    plan, coerced = plan_of(schema, "subscription { tick(to: 1) }")
    events = [{"tick": 1}, {"tick": None}, {"tick": 3}]
    with pytest.raises(StopIteration) as ended:
        next(plan.execute(plan.begin(coerced), events))
    assert [each.data for each in ended.value.value] == [{"tick": 1}, None, {"tick": 3}]
    assert [told(each) for each in ended.value.value] == [
        [],
        [("Cannot return null for non-nullable field Subscription.tick.", ["tick"])],
        [],
    ]
