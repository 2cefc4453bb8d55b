"""What generated code must leave to the careful way, and what resolvers are told when several roots run together."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from graphql import GraphQLField, GraphQLScalarType, OperationDefinitionNode, build_schema, get_variable_values, parse

from synthetic.graphql.executor import (
    Attribute,
    Knowledge,
    OperationPlans,
    PerParent,
    Plan,
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
