"""What generated code must leave to the careful way, and what resolvers are told when several roots run together."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine
from types import SimpleNamespace

import pytest
from graphql import GraphQLField, GraphQLScalarType, OperationDefinitionNode, build_schema, get_variable_values, parse

from synthetic.graphql.executor import (
    Attribute,
    Batched,
    Call,
    Knowledge,
    OperationPlans,
    PerParent,
    Plan,
    abandon,
    default_source,
    execute,
    finish,
    run_until_waiting,
)

MANY = 30
"""More objects than are completed with care for being few."""


def attribute_source(_parent: object, name: str, field: GraphQLField) -> Attribute | PerParent:
    return Attribute(name) if field.resolve is None else PerParent(field.resolve)


@pytest.mark.parametrize("source_of", [default_source, attribute_source])
@pytest.mark.parametrize("scalar", ["Anything", "Text", "String"])
def test_attributes_that_must_be_awaited_are_awaited_whatever_their_scalar_would_write(source_of, scalar):
    schema = build_schema(
        f"type Query {{ things: [Thing!]! }} type Thing {{ later: {scalar} }} scalar Anything scalar Text"
    )
    anything = schema.type_map["Anything"]
    assert isinstance(anything, GraphQLScalarType)
    anything.coerce_output_value = lambda value: value
    schema.type_map["Text"].coerce_output_value = str

    async def later(number: int) -> str:
        await asyncio.sleep(0)
        return f"text {number}"

    async def ask() -> object:
        root = SimpleNamespace(things=[SimpleNamespace(later=later(number)) for number in range(MANY)])
        result = execute(schema, parse("{ things { later } }"), root, source_of=source_of)
        return await result

    result = asyncio.run(ask())
    assert result.errors is None
    assert result.data == {"things": [{"later": f"text {number}"} for number in range(MANY)]}


def plan_of(schema, document: str) -> tuple[Plan, object]:
    parsed = parse(document)
    operation = parsed.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    variables = get_variable_values(schema, (), {})
    return OperationPlans(schema, parsed, operation, Knowledge(default_source, {})).plan_for(variables), variables


def test_each_of_several_root_values_is_the_root_value_of_its_own_resolvers():
    schema = build_schema("type Query { a: Int } type Subscription { events: Event } type Event { n: Int root: Int }")
    schema.subscription_type.fields["events"].resolve = lambda root, info: root
    schema.type_map["Event"].fields["root"].resolve = lambda event, info: info.root_value["n"]
    plan, variables = plan_of(schema, "subscription { events { n root } }")
    events = [{"n": number} for number in range(5)]
    is_done, results = run_until_waiting(plan.execute(plan.begin(variables), events))
    assert is_done
    assert [result.data for result in results] == [{"events": {"n": n, "root": n}} for n in range(5)]


def test_what_a_function_does_to_a_list_among_its_arguments_does_not_reach_the_next_run_with_the_same_variables():
    schema = build_schema("type Query { joined(text: String!): String }")
    parsed = parse("query ($text: String!) { joined(text: $text) }")
    [operation] = parsed.definitions
    assert isinstance(operation, OperationDefinitionNode)
    variables = get_variable_values(schema, operation.variable_definitions or (), {"text": "a b"})
    assert not isinstance(variables, list)

    def join(call: Call) -> list[str]:
        call.arguments["words"].append("more")
        return [" ".join(call.arguments["words"])]

    source = Batched(join, convert=lambda given: {"words": given["text"].split()})
    plans = OperationPlans(schema, parsed, operation, Knowledge(lambda *_field: source, {}))
    for _ in range(3):
        plan = plans.plan_for(variables)
        is_done, [result] = run_until_waiting(plan.execute(plan.begin(variables, keeps_variables=True), [None]))
        assert (is_done, result.data) == (True, {"joined": "a b more"})


@pytest.mark.parametrize(("keeps_variables", "converted"), [(True, 1), (False, 3)])
def test_arguments_are_made_once_of_variables_that_are_kept_and_anew_of_others(keeps_variables: bool, converted: int):
    schema = build_schema("type Query { doubled(of: Int!): Int }")
    parsed = parse("query ($of: Int!) { doubled(of: $of) }")
    [operation] = parsed.definitions
    assert isinstance(operation, OperationDefinitionNode)
    given: list[object] = []
    source = Batched(
        lambda call: [2 * call.arguments["of"]], convert=lambda arguments: given.append(arguments) or arguments
    )
    plans = OperationPlans(schema, parsed, operation, Knowledge(lambda *_field: source, {}))

    def run(variables) -> object:
        plan = plans.plan_for(variables)
        step = plan.execute(plan.begin(variables, keeps_variables=keeps_variables), [None])
        return run_until_waiting(step)[1][0].data["doubled"]

    three, four = (get_variable_values(schema, operation.variable_definitions, {"of": of}) for of in (3, 4))
    assert [run(three) for _ in range(3)] == [6, 6, 6]
    assert len(given) == converted
    assert [run(four), run(three)] == [8, 6]


def test_an_execution_can_be_ended_between_two_levels():
    schema = build_schema("type Query { things: [Thing] } type Thing { things: [Thing] }")
    plan, variables = plan_of(schema, "{ things { things { things { __typename } } } }")
    levels = []

    class EnoughError(Exception):
        pass

    def check() -> None:
        levels.append(len(levels))
        if len(levels) == 3:
            raise EnoughError

    thing = {"things": [{"things": [{"things": [{}]}]}]}
    with pytest.raises(EnoughError):
        run_until_waiting(plan.execute(plan.begin(variables, check=check), [thing]))
    assert levels == [0, 1, 2]


def test_an_execution_that_is_ended_at_any_level_leaves_no_awaitable_that_was_made():
    schema = build_schema("type Query { thing: Thing } type Thing { slow: Int first: Thing second: [Thing] }")
    made: list[Coroutine] = []

    class EnoughError(Exception):
        pass

    async def one() -> int:
        return 1

    def slow(_thing, _info) -> Coroutine:
        made.append(one())
        return made[-1]

    def run_levels(number: int) -> bool:
        """Whether it came to where it waits, being ended after so many levels."""
        levels = iter(range(number))

        def check() -> None:
            if next(levels, None) is None:
                raise EnoughError

        try:
            _is_done, wanted = run_until_waiting(plan.execute(plan.begin(variables, check=check), [root]))
        except EnoughError:
            return False
        abandon(wanted)
        return True

    schema.type_map["Thing"].fields["slow"].resolve = slow
    plan, variables = plan_of(schema, "{ thing { slow first { second { slow } slow } second { slow } } }")
    root = {"thing": {"first": {"second": [{}, {}]}, "second": [{}]}}
    assert [run_levels(number) for number in range(6)] == [False, False, False, False, False, True]
    assert {inspect.getcoroutinestate(coroutine) for coroutine in made} == {inspect.CORO_CLOSED}


def test_a_step_that_waits_is_finished_on_an_event_loop():
    schema = build_schema("type Query { slow: String }")

    async def slow(_root, _info) -> str:
        await asyncio.sleep(0)
        return "done"

    schema.query_type.fields["slow"].resolve = slow
    plan, variables = plan_of(schema, "{ slow }")
    step = plan.execute(plan.begin(variables), [None])
    is_done, wanted = run_until_waiting(step)
    assert not is_done
    assert asyncio.run(finish(step, wanted))[0].data == {"slow": "done"}
