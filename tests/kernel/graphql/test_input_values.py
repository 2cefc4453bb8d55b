"""Input values become for Python what Strawberry's own conversion makes of them."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Annotated, Any, Generic, TypeVar

import pytest
import strawberry
from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLInputType,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLSchema,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.arguments import convert_arguments

from example_counts import examples
from synthetic.graphql.field_sources import DEFINITION
from synthetic.graphql.input_values import InputValues
from synthetic.graphql.schema import core_schema
from synthetic.testing import open_test_store

ItemT = TypeVar("ItemT")


@strawberry.enum
class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


@strawberry.input
class Leaf:
    name: str
    size: Size | None = None
    sizes: list[Size] = strawberry.field(default_factory=list)
    weight: float = 1.5
    data: strawberry.scalars.JSON | None = None


@strawberry.input
class Branch:
    leaf: Leaf
    leaves: list[Leaf] | None
    rows: list[list[int | None]] | None
    below: list[Annotated[Branch, strawberry.lazy("tests.kernel.graphql.test_input_values")]] | None
    own: Branch | None = None
    said: strawberry.Maybe[str | None]
    known: strawberry.Maybe[Leaf]
    unset: str | None = strawberry.UNSET
    last_name: str | None = strawberry.field(name="family", default=None)


@strawberry.input
class Pair(Generic[ItemT]):
    first: ItemT
    second: ItemT | None


@strawberry.input
class Made:
    """Makes itself of its input, and remembers where that stood."""

    text: str
    at: strawberry.Private[tuple[str | int, ...]] = ()


@strawberry.input
class Box:
    made: list[Made] | None
    below: list[Annotated[Box, strawberry.lazy("tests.kernel.graphql.test_input_values")]] | None


Made.__strawberry_definition__.from_input = lambda kind, value, context: kind(  # type: ignore[attr-defined]
    text=value["text"], at=context.path
)


@strawberry.type
class Query:
    @strawberry.field
    def all(
        self,
        branch: Branch | None,
        pair: Pair[Leaf] | None,
        key: strawberry.relay.GlobalID | None,
        keys: list[strawberry.relay.GlobalID] | None,
        snake_case: int | None,
        maybe: strawberry.Maybe[Branch | None],
        boxes: list[Box] | None,
        sizes: list[Size] | None = None,
    ) -> str:
        return ""


OWN = strawberry.Schema(Query)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[strawberry.Schema]:
    with open_test_store(tmp_path_factory.mktemp("inputs") / "store") as store:
        yield store.kernel.strawberry_schema


def both(schema: strawberry.Schema, type_name: str, name: str, given: dict[str, Any]) -> tuple[Any, Any]:
    """What Strawberry makes of coerced arguments, and what is made here."""
    field = core_schema(schema).type_map[type_name].fields[name].extensions[DEFINITION]  # type: ignore[union-attr]
    registry, config = schema.schema_converter.scalar_registry, schema.config
    values = InputValues(registry, config)
    by_name = {config.name_converter.from_argument(each): each for each in field.arguments}
    made: dict[str, Any] = {}
    for key, value in given.items():
        converter = values.converter(by_name[key].type, key)
        made[by_name[key].python_name] = value if converter is None else converter(value)
    return convert_arguments(given, field.arguments, scalar_registry=registry, config=config), made


def values_of(kind: GraphQLInputType, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a type as graphql-core coerces them."""
    if is_non_null_type(kind):
        return _present(kind.of_type, depth)
    return st.none() if depth > 3 else st.none() | _present(kind, depth)


def _present(kind: Any, depth: int) -> st.SearchStrategy[Any]:
    if is_list_type(kind):
        return st.lists(values_of(kind.of_type, depth + 1), max_size=0 if depth > 3 else 2)
    if is_input_object_type(kind):
        parts = {name: values_of(field.type, depth + 1) for name, field in kind.fields.items()}
        needed = {name for name, field in kind.fields.items() if is_non_null_type(field.type)}
        optional = {name: part for name, part in parts.items() if name not in needed}
        return st.fixed_dictionaries({name: parts[name] for name in needed}, optional=optional)
    if is_enum_type(kind):
        return st.sampled_from([value.value for value in kind.values.values()])
    plain = {GraphQLInt: st.integers(0, 9), GraphQLFloat: st.floats(0, 1), GraphQLBoolean: st.booleans()}
    return plain.get(kind, st.sampled_from(["a", "UXVlcnk6MQ=="]))


def all_fields(schema: GraphQLSchema) -> list[tuple[str, str]]:
    return [
        (kind.name, name)
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        for name, field in kind.fields.items()
        if field.args
    ]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=examples(400),
)
@given(data=st.data())
def test_all_arguments_of_the_shipped_schema_are_what_strawberry_makes_of_them(
    shipped: strawberry.Schema, data: st.DataObject
):
    core = core_schema(shipped)
    type_name, name = data.draw(st.sampled_from(all_fields(core)))
    field = core.type_map[type_name].fields[name]  # type: ignore[union-attr]
    given = data.draw(st.fixed_dictionaries({}, optional={key: values_of(arg.type) for key, arg in field.args.items()}))
    expected, made = both(shipped, type_name, name, given)
    assert made == expected


LEAF = st.fixed_dictionaries(
    {"name": st.text(max_size=3)},
    optional={
        "size": st.none() | st.sampled_from(Size),
        "sizes": st.lists(st.sampled_from(Size), max_size=2),
        "weight": st.floats(0, 1),
        "data": st.none() | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    },
)
BRANCH = st.recursive(
    st.fixed_dictionaries({"leaf": LEAF}),
    lambda below: st.fixed_dictionaries(
        {"leaf": LEAF},
        optional={
            "leaves": st.none() | st.just(strawberry.UNSET) | st.lists(LEAF, max_size=2),
            "rows": st.none() | st.lists(st.lists(st.none() | st.integers(), max_size=2), max_size=2),
            "below": st.none() | st.lists(below, max_size=2),
            "own": st.none() | st.just(strawberry.UNSET) | below,
            "said": st.none() | st.text(max_size=3),
            "known": LEAF,
            "unset": st.none() | st.just(strawberry.UNSET) | st.text(max_size=3),
            "family": st.none() | st.text(max_size=3),
        },
    ),
    max_leaves=4,
)
MADE = st.fixed_dictionaries({"text": st.text(max_size=3)})
BOX = st.recursive(
    st.fixed_dictionaries({}, optional={"made": st.none() | st.lists(MADE, max_size=2)}),
    lambda below: st.fixed_dictionaries({"made": st.lists(MADE, max_size=2), "below": st.lists(below, max_size=2)}),
    max_leaves=3,
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "branch": st.none() | BRANCH,
        "pair": st.none() | st.fixed_dictionaries({"first": LEAF}, optional={"second": st.none() | LEAF}),
        "key": st.none() | st.just("UXVlcnk6MQ=="),
        "keys": st.none() | st.lists(st.just("UXVlcnk6MQ=="), max_size=2),
        "snakeCase": st.none() | st.integers(),
        "maybe": st.none() | BRANCH,
        "boxes": st.none() | st.lists(BOX, max_size=2),
        "sizes": st.none() | st.lists(st.sampled_from(Size), max_size=2),
    },
)


@settings(deadline=None, max_examples=examples(400))
@given(given=ARGUMENTS)
def test_all_kinds_of_types_are_converted_as_strawberry_does(given: dict[str, Any]):
    expected, made = both(OWN, "Query", "all", given)
    assert made == expected


def test_what_strawberry_refuses_is_refused():
    given = {"branch": {"leaf": {"name": "a"}, "known": None}}
    with pytest.raises(StrawberryInputCoercionError):
        both(OWN, "Query", "all", given)
    converter = InputValues(OWN.schema_converter.scalar_registry, OWN.config).converter(Branch, "branch")
    assert converter is not None
    with pytest.raises(StrawberryInputCoercionError, match="Maybe"):
        converter(given["branch"])


def test_what_is_made_shares_nothing_that_can_change_with_what_was_given():
    given = {"branch": {"leaf": {"name": "a", "sizes": [Size.SMALL]}, "rows": [[1]]}, "sizes": [Size.LARGE]}
    _, made = both(OWN, "Query", "all", given)
    made["branch"].leaf.sizes.clear()
    made["branch"].rows[0].clear()
    made["sizes"].clear()
    assert given == {"branch": {"leaf": {"name": "a", "sizes": [Size.SMALL]}, "rows": [[1]]}, "sizes": [Size.LARGE]}
