"""GraphQL specification, sections 6.4.1 to 6.4.3: arguments, resolution and completion, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import Undefined

from .asking import ask, once, schema_of, told

ARGUMENTS = """
enum Color { RED GREEN }
input Point { x: Int! y: Int = 2 }
type Query {
  show(n: Int, d: Int = 7, must: Int! = 8, c: Color, p: Point, many: [Int!], s: String): String
  need(n: Int!): String
}
"""


def shown(arguments: str, declared: str = "", values: dict[str, Any] | None = None) -> Any:
    """The arguments that a resolver sees, without those that have a default; or the errors."""
    resolvers = {"Query.show": lambda _source, _info, **given: repr(given)}
    document = f"query {declared and f'({declared})'} {{ show{arguments and f'({arguments})'} }}"
    result = ask(ARGUMENTS, document, None, values, resolvers=resolvers)
    return result.data["show"] if result.errors is None else told(result)


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        ("", "{'d': 7, 'must': 8}"),
        ("n: 5", "{'n': 5, 'd': 7, 'must': 8}"),
        ("n: null, d: null", "{'n': None, 'd': None, 'must': 8}"),
        ("d: 1, must: 2", "{'d': 1, 'must': 2}"),
        ("c: RED", "{'d': 7, 'must': 8, 'c': 'RED'}"),
        ("p: {x: 1}", "{'d': 7, 'must': 8, 'p': {'x': 1, 'y': 2}}"),
        ("p: {x: 1, y: null}", "{'d': 7, 'must': 8, 'p': {'x': 1, 'y': None}}"),
        ("many: [1, 2]", "{'d': 7, 'must': 8, 'many': [1, 2]}"),
        ("many: 3", "{'d': 7, 'must': 8, 'many': [3]}"),
        ('s: "a"', "{'d': 7, 'must': 8, 's': 'a'}"),
    ],
)
def test_an_argument_is_coerced_by_the_rules_of_its_type_or_takes_its_default(arguments: str, seen: str):
    """6.4.1 CoerceArgumentValues: literals, null, defaults, and what is not given and has none."""
    assert shown(arguments) == seen


@pytest.mark.parametrize(
    ("arguments", "declared", "values", "seen"),
    [
        ("n: $v", "$v: Int", {"v": 5}, "{'n': 5, 'd': 7, 'must': 8}"),
        ("n: $v", "$v: Int", {"v": None}, "{'n': None, 'd': 7, 'must': 8}"),
        ("n: $v", "$v: Int", {}, "{'d': 7, 'must': 8}"),
        ("d: $v", "$v: Int", {}, "{'d': 7, 'must': 8}"),
        ("d: $v", "$v: Int", {"v": None}, "{'d': None, 'must': 8}"),
        ("must: $v", "$v: Int", {}, "{'d': 7, 'must': 8}"),
        ("must: $v", "$v: Int = 3", {}, "{'d': 7, 'must': 3}"),
        ("p: {x: $v}", "$v: Int!", {"v": 4}, "{'d': 7, 'must': 8, 'p': {'x': 4, 'y': 2}}"),
        ("p: {x: 1, y: $v}", "$v: Int", {}, "{'d': 7, 'must': 8, 'p': {'x': 1, 'y': 2}}"),
        ("many: [1, $v]", "$v: Int!", {"v": 4}, "{'d': 7, 'must': 8, 'many': [1, 4]}"),
    ],
)
def test_an_argument_that_is_a_variable_takes_its_value_or_its_own_default(
    arguments: str, declared: str, values: dict[str, Any], seen: str
):
    """6.4.1 CoerceArgumentValues: hasValue is whether the request gave the variable."""
    assert sorted(eval(shown(arguments, declared, values)).items()) == sorted(eval(seen).items())


def test_an_argument_that_must_not_be_null_and_is_by_a_variable_is_an_error_of_the_field():
    """6.4.1 CoerceArgumentValues: a field error, and no request error."""
    [(message, path)] = shown("must: $v", "$v: Int = 3", {"v": None})
    assert path == ["show"]
    assert "'Int!'" in message


def test_an_argument_that_must_be_given_and_is_not_is_an_error_of_the_field():
    """6.4.1 CoerceArgumentValues: no value, no default, non-null, in a document that was not validated."""
    result = once(schema_of(ARGUMENTS), "{ need }", {"need": "x"})
    assert (result.data, told(result)) == (
        {"need": None},
        [("Argument 'n' of required type 'Int!' was not provided.", ["need"])],
    )


def test_an_argument_that_its_type_cannot_take_is_an_error_of_the_field():
    """6.4.1 CoerceArgumentValues: the literal cannot be coerced, in a document that was not validated."""
    result = once(schema_of(ARGUMENTS), '{ show(n: "five") }', {"show": "x"})
    assert result.data == {"show": None}
    assert [error.path for error in result.errors or ()] == [["show"]]


class Parent:
    a = 1

    def b(self, info: Any, n: int = 0) -> int:
        return n + len(info.path.as_list())


@pytest.mark.parametrize("parent", [{"a": 1, "b": Parent().b}, Parent()])
def test_a_field_takes_the_value_that_its_object_has_or_calls(parent: Any):
    """6.4.2 ResolveFieldValue, by the default resolver: items, attributes, callables."""
    assert ask("type Query { a: Int b(n: Int): Int c: Int }", "{ a b(n: 5) c }", parent).data == {
        "a": 1,
        "b": 6,
        "c": None,
    }


def test_a_resolver_is_given_the_object_the_arguments_the_context_and_where_it_is():
    """6.4.2 ResolveFieldValue: objectType, objectValue, fieldName, argumentValues."""
    seen: list[Any] = []

    def resolve(source: Any, info: Any, **arguments: Any) -> int:
        where = (info.field_name, info.parent_type.name, str(info.return_type), info.path.as_list())
        seen.append((source, arguments, info.context, info.variable_values.coerced, info.root_value, *where))
        return 1

    schema = schema_of("type Query { list: [Leaf] } type Leaf { x(n: Int): Int }", {"Leaf.x": resolve})
    document = "query ($v: Int) { list { y: x(n: $v) } }"
    root = {"list": ["first", "second"]}
    once(schema, document, root, {"v": 5}, context="context")
    assert seen == [
        (each, {"n": 5}, "context", {"v": 5}, root, "x", "Leaf", "Int", ["list", place, "y"])
        for place, each in enumerate(["first", "second"])
    ]


LEAVES = """
enum Color { RED GREEN }
scalar Odd
type Query { int: Int float: Float text: String flag: Boolean id: ID color: Color odd: Odd must: Int! }
"""


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        ("int", 3.0, 3),
        ("int", True, 1),
        ("float", 3, 3.0),
        ("text", 5, "5"),
        ("text", True, "true"),
        ("flag", 1, True),
        ("id", 5, "5"),
        ("color", "RED", "RED"),
        ("odd", {"any": [1]}, {"any": [1]}),
    ],
)
def test_a_leaf_is_coerced_by_its_type(field: str, value: Any, written: Any):
    """6.4.3 CompleteValue, scalar and enum: CoerceResult."""
    assert repr(ask(LEAVES, f"{{ {field} }}", {field: value}).data) == repr({field: written})


@pytest.mark.parametrize(
    ("field", "value"),
    [("int", "x"), ("int", 2**31), ("float", "x"), ("text", b""), ("flag", "x"), ("id", 1.5), ("color", "BLUE")],
)
def test_a_leaf_that_its_type_cannot_write_is_an_error_of_the_field(field: str, value: Any):
    """6.4.3 CoerceResult: it raises an execution error."""
    result = ask(LEAVES, f"{{ {field} }}", {field: value})
    assert result.data == {field: None}
    assert [error.path for error in result.errors or ()] == [[field]]


@pytest.mark.parametrize("nothing", [None, Undefined])
def test_null_is_null(nothing: Any):
    """6.4.3 CompleteValue, 2: null or something similar."""
    assert ask(LEAVES, "{ int odd }", {"int": nothing, "odd": nothing}).data == {"int": None, "odd": None}


def test_null_where_it_must_not_be_is_an_error():
    """6.4.3 CompleteValue, 1: NonNull."""
    result = ask(LEAVES, "{ int must }", {"int": 1})
    assert (result.data, told(result)) == (
        None,
        [("Cannot return null for non-nullable field Query.must.", ["must"])],
    )


@pytest.mark.parametrize("items", [[1, 2], (1, 2), {1: None, 2: None}.keys()])
def test_a_list_is_completed_item_by_item(items: Any):
    """6.4.3 CompleteValue, 3: a collection of values, each completed by the inner type."""
    assert ask("type Query { a: [String] }", "{ a }", {"a": items}).data == {"a": ["1", "2"]}


@pytest.mark.parametrize("value", ["text", 5, {"a": 1}])
def test_what_is_no_list_where_one_belongs_is_an_error(value: Any):
    """6.4.3 CompleteValue, 3.a: not a collection of values."""
    result = ask("type Query { a: [String] }", "{ a }", {"a": value})
    assert (result.data, told(result)) == (
        {"a": None},
        [("Expected Iterable, but did not find one for field 'Query.a'.", ["a"])],
    )


def test_an_object_is_completed_by_what_is_selected_of_it():
    """6.4.3 CompleteValue, 5: ExecuteSelectionSet on the object type."""
    assert ask(
        "type Query { a: Leaf } type Leaf { b: Leaf n: Int }", "{ a { b { n } n } }", {"a": {"b": {"n": 1}}}
    ) == (
        {"a": {"b": {"n": 1}, "n": None}},
        None,
    )


ABSTRACT = """
interface Named { name: String }
type Cat implements Named { name: String lives: Int }
type Dog implements Named { name: String }
type Stone { weight: Int }
union Thing = Cat | Stone
type Query { named: Named thing: Thing }
"""


@pytest.mark.parametrize(
    ("field", "value", "type"),
    [("named", {"__typename": "Cat"}, "Cat"), ("thing", {"__typename": "Stone"}, "Stone")],
)
def test_the_type_of_an_abstract_value_is_what_the_type_system_says(field: str, value: Any, type: str):
    """6.4.3 ResolveAbstractType: interface and union."""
    assert ask(ABSTRACT, f"{{ {field} {{ __typename }} }}", {field: value}).data == {field: {"__typename": type}}


def test_the_type_of_an_abstract_value_may_be_asked_of_a_function_or_of_the_types():
    """6.4.3 ResolveAbstractType: resolve_type, and is_type_of of each possible type."""
    schema = schema_of(ABSTRACT)
    schema.type_map["Named"].resolve_type = lambda value, _info, _type: value["kind"]
    schema.type_map["Stone"].is_type_of = lambda value, _info: "weight" in value
    root = {"named": {"kind": "Dog"}, "thing": {"weight": 1}}
    assert once(schema, "{ named { __typename } thing { __typename } }", root).data == {
        "named": {"__typename": "Dog"},
        "thing": {"__typename": "Stone"},
    }


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "must resolve to an Object type"),
        (5, "must resolve to an Object type"),
        ("Missing", "does not exist inside the schema"),
        ("Named", "non-object type"),
        ("Stone", "is not a possible type for 'Named'"),
    ],
)
def test_an_abstract_value_of_no_possible_type_is_an_error(said: Any, why: str):
    """6.4.3 ResolveAbstractType: the runtime type must be a possible type."""
    result = ask(ABSTRACT, "{ named { name } }", {"named": {"__typename": said}})
    assert result.data == {"named": None}
    [(message, path)] = told(result)
    assert (why in message, path) == (True, ["named"])
