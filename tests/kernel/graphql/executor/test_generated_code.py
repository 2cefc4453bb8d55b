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
    Layout,
    OperationPlans,
    PerParent,
    Plan,
    Rows,
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


class Tuples:
    """Records that are tuples of keys and values, in tuples for lists."""

    @staticmethod
    def class_of(keys):
        return lambda *values: tuple(zip(keys, values, strict=True))

    list_of = tuple


def run_with_records(rows: list[tuple[object, ...]], selection: str):
    schema = build_schema(
        "type Query { lists: [[Thing]!]! things: [Thing]! } type Thing { n: Int! t: String anything: Anything }"
        " scalar Anything"
    )
    layout = Layout(("n", "t", "anything"), make=lambda row: SimpleNamespace(n=row[0], t=row[1], anything=row[2]))
    sources = {
        "things": Batched(lambda _call: [Rows(rows, layout)]),
        "lists": Batched(lambda _call: [[Rows(rows[:20], layout), Rows([], layout), Rows(rows[20:], layout)]]),
    }
    document = parse(f"{{ {selection} }}")
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    variables = get_variable_values(schema, (), {})
    knowledge = Knowledge(lambda _parent, name, _field: sources.get(name) or Attribute(name), {})
    plan = OperationPlans(schema, document, operation, knowledge).plan_for(variables)
    run = plan.begin(variables, record_form=Tuples())
    is_done, [result] = run_until_waiting(plan.execute(run, [None]))
    assert is_done
    return result


def test_long_lists_of_plain_values_are_recorded_where_that_is_wanted():
    rows: list[tuple[object, ...]] = [(number, f"t{number}", None) for number in range(MANY)]
    records = tuple((("n", n), ("text", t)) for n, t, _ in rows)
    result = run_with_records(rows, "things { n text: t } lists { n text: t }")
    assert result.data == {"things": records, "lists": [records[:20], (), records[20:]]}


def test_what_is_not_known_to_be_plain_is_not_recorded():
    result = run_with_records([(number, "t", 1) for number in range(MANY)], "things { n anything }")
    assert result.data["things"][0]["n"] == 0


def test_short_lists_are_not_recorded():
    assert run_with_records([(1, "t", None)], "things { n }").data == {"things": [{"n": 1}]}


@pytest.mark.parametrize("wrong", [None, "x", 2**31])
def test_where_a_value_is_wrong_there_are_dictionaries_and_the_error(wrong):
    result = run_with_records([(n, "t", None) for n in range(MANY)] + [(wrong, "t", None)], "things { n t }")
    assert result.data["things"] == [{"n": n, "t": "t"} for n in range(MANY)] + [None]
    assert [error.path for error in result.errors] == [["things", MANY, "n"]]


def test_null_among_objects_stays_null():
    rows: list[tuple[object, ...] | None] = [(n, "t", None) for n in range(MANY)]
    result = run_with_records([*rows, None], "things { n }")  # type: ignore[list-item]
    assert result.data["things"] == [*({"n": n} for n in range(MANY)), None]
