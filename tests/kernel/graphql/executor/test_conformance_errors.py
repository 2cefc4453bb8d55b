"""GraphQL specification, section 6.4.4 "Handling Execution Errors", rule by rule."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError

from .asking import ask, once, schema_of, told


def test_an_error_of_a_nullable_field_makes_it_null():
    """6.4.4 Handling Execution Errors: the field alone, all errors listed."""
    result = ask("type Query { a: Int b: Int c: Int }", "{ a b c }", {"a": ValueError("one"), "b": 2, "c": "x"})
    assert result.data == {"a": None, "b": 2, "c": None}
    assert told(result) == [("one", ["a"]), ("Int cannot represent non-integer value: 'x'", ["c"])]


def test_an_error_of_a_non_null_field_makes_its_object_null():
    """6.4.4: propagated to the parent field."""
    result = ask("type Query { a: A b: Int } type A { n: Int! }", "{ a { n } b }", {"a": {}, "b": 2})
    assert (result.data, told(result)) == (
        {"a": None, "b": 2},
        [("Cannot return null for non-nullable field A.n.", ["a", "n"])],
    )


def test_an_error_goes_up_to_the_nearest_position_that_may_be_null():
    """6.4.4: if the parent too must not be null, further."""
    sdl = "type Query { a: A b: Int } type A { up: B! n: Int } type B { up: C! } type C { n: Int! }"
    result = ask(sdl, "{ a { n up { up { n } } } b }", {"a": {"n": 1, "up": {"up": {"n": None}}}, "b": 2})
    assert result.data == {"a": None, "b": 2}
    assert [path for _, path in told(result)] == [["a", "up", "up", "n"]]


def test_an_error_that_meets_no_position_that_may_be_null_makes_the_data_null():
    """6.4.4: to the root."""
    result = ask("type Query { a: A! b: Int } type A { n: Int! }", "{ b a { n } }", {"a": {}, "b": 2})
    assert result.data is None
    assert [path for _, path in told(result)] == [["a", "n"]]


@pytest.mark.parametrize(
    ("type", "data"),
    [("[Int]", [1, None, 3]), ("[Int]!", [1, None, 3]), ("[Int!]", None), ("[Int!]!", "root")],
)
@pytest.mark.parametrize("bad", [None, "x"])
def test_an_item_that_is_null_or_wrong_spreads_as_the_types_of_item_and_list_say(type: str, data: Any, bad: Any):
    """6.4.4: List types that wrap Non-Null, and the reverse."""
    result = ask(f"type Query {{ a: {type} }}", "{ a }", {"a": [1, bad, 3]})
    assert result.data == (None if data == "root" else {"a": data})
    paths = [error.path for error in result.errors or ()]
    assert paths == ([] if bad is None and "!" not in type.rstrip("!") else [["a", 1]])


def test_one_field_gives_one_error():
    """6.4.4: if all of several fields that must not be null fail, one error is enough, and it is the first."""
    result = ask("type Query { a: A } type A { n: Int! m: Int! }", "{ a { n m } }", {"a": {}})
    assert (result.data, told(result)) == (
        {"a": None},
        [("Cannot return null for non-nullable field A.n.", ["a", "n"])],
    )


def test_an_error_below_a_nulled_position_does_not_hide_those_that_came_before():
    """6.4.4: errors of nullable siblings stay."""
    result = ask("type Query { a: A } type A { o: Int n: Int! }", "{ a { o n } }", {"a": {"o": "x"}})
    assert result.data == {"a": None}
    assert [path for _, path in told(result)] == [["a", "o"], ["a", "n"]]


def test_an_error_has_message_path_locations_and_its_extensions():
    """7.1.2 Errors: what an execution error tells; a path goes by response names and indexes."""
    error = GraphQLError("no", extensions={"code": "NO"})
    schema = schema_of("type Query { list: [A] } type A { n: Int }")
    result = once(schema, "{ x: list {\n  y: n } }", {"list": [{"n": 1}, {"n": error}]})
    assert [each.formatted for each in result.errors or ()] == [
        {
            "message": "no",
            "path": ["x", 1, "y"],
            "locations": [{"line": 2, "column": 3}],
            "extensions": {"code": "NO"},
        }
    ]
