"""GraphQL specification, section 6.1 "Executing Requests", rule by rule.

Numbers and names of algorithms are those of the editions of October 2021 and
September 2025.
"""

from __future__ import annotations

from typing import Any

import pytest
from graphql import ExecutionResult, parse, validate

from .asking import ask, once, schema_of, told

ARGUMENTS = """
enum Color { RED GREEN }
input Point { x: Int! y: Int = 2 }
type Query { show(n: Int, s: String, c: Color, p: Point, many: [Int!]): String }
"""


def shown(_source: Any, _info: Any, **arguments: Any) -> str:
    return repr(arguments)


def variables(declared: str, used: str, values: dict[str, Any]) -> ExecutionResult:
    """What becomes of variables."""
    schema = schema_of(ARGUMENTS, {"Query.show": shown})
    return once(schema, f"query Q({declared}) {{ show({used}) }}", None, values)


def refused(declared: str, used: str, values: dict[str, Any]) -> str:
    """The message of the request error that variables are; nothing was executed."""
    result = variables(declared, used, values)
    assert result.data is None
    assert result.errors is not None
    assert result.errors[0].path is None
    return result.errors[0].message


def test_get_operation_takes_the_only_operation_when_no_name_is_given():
    """6.1 GetOperation(document, null), one operation."""
    assert ask("type Query { a: Int }", "{ a }", {"a": 1}).data == {"a": 1}


def test_get_operation_without_a_name_among_several_is_a_request_error():
    """6.1 GetOperation(document, null), several operations."""
    result = once(schema_of("type Query { a: Int }"), "query A { a } query B { a }", {"a": 1})
    assert (result.data, told(result)) == (
        None,
        [("Must provide operation name if query contains multiple operations.", None)],
    )


def test_get_operation_takes_the_operation_of_the_name():
    """6.1 GetOperation(document, operationName), found."""
    result = once(schema_of("type Query { a: Int b: Int }"), "query A { a } query B { b }", {"b": 2}, operation="B")
    assert result.data == {"b": 2}


@pytest.mark.parametrize("document", ["query A { a }", "query A { a } query B { a }", "fragment F on Query { a }"])
def test_get_operation_of_an_unknown_name_is_a_request_error(document: str):
    """6.1 GetOperation(document, operationName), not found."""
    result = once(schema_of("type Query { a: Int }"), document, {"a": 1}, operation="C")
    assert (result.data, told(result)) == (None, [("Unknown operation named 'C'.", None)])


def test_a_document_without_an_operation_is_a_request_error():
    """6.1 GetOperation(document, null), none."""
    result = once(schema_of("type Query { a: Int }"), "fragment F on Query { a }", {"a": 1})
    assert (result.data, told(result)) == (None, [("Must provide an operation.", None)])


def test_a_document_that_was_validated_before_is_executed_without_validating_it_again():
    """6.1.1 Validating Requests: a request known to be valid may be executed; what is unknown gives no entry."""
    schema, document = schema_of("type Query { a: Int }"), "{ a missing }"
    assert [error.message for error in validate(schema, parse(document))]
    assert once(schema, document, {"a": 1}).data == {"a": 1}


def test_a_variable_that_is_not_given_takes_its_default():
    """6.1.2 CoerceVariableValues: no value, a default."""
    assert variables("$n: Int = 5", "n: $n", {}).data == {"show": "{'n': 5}"}


def test_a_variable_that_is_null_keeps_its_default_out():
    """6.1.2 CoerceVariableValues: null is a value, and no default takes its place."""
    assert variables("$n: Int = 5", "n: $n", {"n": None}).data == {"show": "{'n': None}"}


def test_a_variable_that_is_neither_given_nor_has_a_default_is_no_entry():
    """6.1.2 CoerceVariableValues: no value, no default, nullable."""
    assert variables("$n: Int", "n: $n", {}).data == {"show": "{}"}


def test_a_variable_that_must_be_given_and_is_not_is_a_request_error():
    """6.1.2 CoerceVariableValues: no value, no default, non-null."""
    assert "'Int!'" in refused("$n: Int!", "n: $n", {})


def test_a_variable_that_must_not_be_null_and_is_is_a_request_error():
    """6.1.2 CoerceVariableValues: null for a non-null type."""
    assert "'Int!'" in refused("$n: Int!", "n: $n", {"n": None})


def test_a_default_of_a_non_null_variable_is_used_when_it_is_not_given():
    """6.1.2 CoerceVariableValues: a default for a non-null type."""
    assert variables("$n: Int! = 7", "n: $n", {}).data == {"show": "{'n': 7}"}


@pytest.mark.parametrize(
    ("declared", "used", "value"),
    [
        ("$v: Int", "n: $v", "5"),
        ("$v: Int", "n: $v", 2**31),
        ("$v: String", "s: $v", 5),
        ("$v: Color", "c: $v", "BLUE"),
        ("$v: Color", "c: $v", 1),
        ("$v: Point", "p: $v", {"y": 1}),
        ("$v: Point", "p: $v", {"x": 1, "z": 1}),
        ("$v: Point", "p: $v", 5),
        ("$v: [Int!]", "many: $v", [1, None]),
    ],
)
def test_a_variable_that_its_type_cannot_take_is_a_request_error(declared: str, used: str, value: Any):
    """6.1.2 CoerceVariableValues: the value cannot be coerced."""
    assert "$v" in refused(declared, used, {"v": value})


@pytest.mark.parametrize(
    ("declared", "used", "value", "seen"),
    [
        ("$v: Int", "n: $v", 5.0, "{'n': 5}"),
        ("$v: Color", "c: $v", "RED", "{'c': 'RED'}"),
        ("$v: Point", "p: $v", {"x": 1}, "{'p': {'x': 1, 'y': 2}}"),
        ("$v: Point", "p: $v", {"x": 1, "y": None}, "{'p': {'x': 1, 'y': None}}"),
        ("$v: [Int!]", "many: $v", 3, "{'many': [3]}"),
    ],
)
def test_a_variable_is_coerced_by_the_rules_of_its_type(declared: str, used: str, value: Any, seen: str):
    """6.1.2 CoerceVariableValues: the coerced value is what resolvers see."""
    assert variables(declared, used, {"v": value}).data == {"show": seen}


def test_each_wrong_variable_is_told():
    """6.1.2 CoerceVariableValues: every request error is raised."""
    result = variables("$n: Int!, $s: String!", "n: $n, s: $s", {"n": "x"})
    assert [error.message[:12] for error in result.errors or ()] == ["Variable '$n", "Variable '$s"]


def test_a_value_for_an_undeclared_variable_is_ignored():
    """6.1.2 CoerceVariableValues goes over the declared variables only."""
    assert variables("$n: Int", "n: $n", {"n": 1, "other": 2}).data == {"show": "{'n': 1}"}


def test_one_plan_serves_all_values_of_a_variable():
    """6.1.2 Coercing Variable Values: variables are of the request, and not of the document."""
    schema = schema_of(ARGUMENTS, {"Query.show": shown})
    document = "query ($n: Int) { show(n: $n) }"
    assert [once(schema, document, None, {"n": n}).data for n in (1, 2)] == [{"show": "{'n': 1}"}, {"show": "{'n': 2}"}]
