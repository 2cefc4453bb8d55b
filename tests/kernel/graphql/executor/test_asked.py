"""What a field is told of what is selected below it, where that may be objects of several types."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLField, GraphQLObjectType, OperationDefinitionNode, parse
from graphql.execution import get_variable_values

from synthetic.graphql.executor import (
    EVERYTHING,
    Asked,
    Attribute,
    Batched,
    Call,
    Knowledge,
    OperationPlans,
    Source,
    run_until_waiting,
)

from .asking import schema_of

SDL = """
type Query { any: Named other: Either }
interface Named { name: String }
union Either = Cat | Dog
type Cat implements Named { name: String lives: Int friend: Named batch: Int }
type Dog implements Named { name: String tail: Int owner: Person }
type Person { age: Int }
"""


def asked_by(selection: str, field: str = "any") -> Asked:
    """What the field is told of the selection."""
    told: list[Asked] = []

    def call(call: Call) -> list[Any]:
        told.append(call.asked)
        return [None]

    def source_of(parent: GraphQLObjectType, name: str, _field: GraphQLField) -> Source:
        if parent.name == "Query":
            return Batched(call)
        return Batched(lambda call: call.parents, needs=("lives", "key")) if name == "batch" else Attribute(name)

    schema = schema_of(SDL)
    document = parse(f"{{ {field} {selection} }}")
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    variables = get_variable_values(schema, (), {})
    assert not isinstance(variables, list)
    plan = OperationPlans(schema, document, operation, Knowledge(source_of, {})).plan_for(variables)
    run_until_waiting(plan.execute(plan.begin(variables), [None]))
    return told[0]


def test_what_is_read_of_one_type_is_not_what_is_read_of_another():
    for field in ("any", "other"):
        asked = asked_by("{ ... on Cat { lives } ... on Dog { tail } ... on Named { name } }", field)

        assert asked.reads() == {"lives", "tail", "name"}
        assert asked.on("Cat").reads() == {"lives", "name"}
        assert asked.on("Dog").reads() == {"tail", "name"}


def test_what_a_batched_field_needs_is_read_of_its_own_type_only():
    asked = asked_by("{ name ... on Cat { batch } }")

    assert asked.on("Cat").reads() == {"name", "lives", "key"}
    assert asked.on("Dog").reads() == {"name"}


def test_paths_begin_at_the_objects_of_the_type():
    asked = asked_by(
        "{ ... on Cat { friend { ... on Dog { owner { age } } ... on Cat { lives } } } ... on Dog { name } }"
    )
    cats, dogs = asked.on("Cat"), asked.on("Dog")

    assert asked.has("friend", "owner", "age")
    assert cats.has("friend", "owner", "age")
    assert not dogs.has("friend")
    assert cats.has()
    assert cats.reads("friend") == {"owner", "lives"}
    assert cats.reads("friend", "owner") == {"age"}
    assert dogs.reads("friend") == frozenset()


def test_a_type_that_the_field_cannot_give_is_asked_for_nothing():
    assert asked_by("{ name }").on("Person").reads() == frozenset()


def test_what_is_remembered_for_a_type_is_kept_with_the_plan_and_apart_from_other_types():
    asked = asked_by("{ name }")
    asked.on("Cat").memory["shape"] = "of cats"

    assert asked.on("Cat").memory == {"shape": "of cats"}
    assert asked.memory == asked.on("Dog").memory == {}


def test_without_a_plan_everything_is_asked_of_every_type():
    assert EVERYTHING.on("Cat").reads() is None
    assert EVERYTHING.on("Cat").has("anything")
