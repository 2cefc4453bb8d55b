"""`PlainVariables`: the variables of an operation, coerced without a walk through their types where they are plain.

graphql-core looks up the type of each variable for each request. Most are a
text or a number whose coerced value is the value itself: of these it is known
beforehand what is right. Whatever else comes is graphql-core's to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

VARIABLE_ERRORS = 50
NO_VARIABLES = VariableValues({}, {})
INT_MAX = 2**31 - 1

kind_of: Callable[[object], Any] = type

STORED_AS: Mapping[Any, type[Any]] = {GraphQLString: str, GraphQLID: str, GraphQLInt: int, GraphQLBoolean: bool}
"""The scalars of the specification whose value, if it is of this type in JSON, is the coerced value."""


class _Variable(NamedTuple):
    """A variable of a plain type.

    Attributes:
        name: Its name.
        signature: graphql-core's.
        kind: The type that its value has.
        is_non_null: Whether null does not fit.
        has_default: Whether it has a value where none is given.
        absent: What is known of it where none is given.
    """

    name: str
    signature: GraphQLVariableSignature
    kind: type[Any]
    is_non_null: bool
    has_default: bool
    absent: VariableValueSource


class PlainVariables:
    """Coerces the variables of one operation."""

    __slots__ = ("_definitions", "_plain", "_schema")

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        """Look at the operation's variables."""
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        found = [get_variable_signature(schema, definition) for definition in self._definitions]
        plain = [_plain(each) for each in found]
        self._plain: Sequence[_Variable] | None = None if None in plain else cast("list[_Variable]", plain)

    def coerced(self, given: Mapping[str, Any], *, hides_suggestions: bool) -> VariableValues | list[GraphQLError]:
        """The coerced values, or what is wrong with them.

        Args:
            given: The values as JSON had them.
            hides_suggestions: Whether errors must not say what in the schema may have been meant.
        """
        if not self._definitions:
            return NO_VARIABLES
        return self._find(given) or get_variable_values(
            self._schema,
            self._definitions,
            dict(given),
            max_errors=VARIABLE_ERRORS,
            hide_suggestions=hides_suggestions,
        )

    def _find(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The coerced values where all of them are plain and right."""
        if self._plain is None:
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for name, signature, kind, is_non_null, has_default, absent in self._plain:
            value = given.get(name, Undefined)
            if value is Undefined:
                if has_default or is_non_null:
                    return None
                sources[name] = absent
                continue
            if kind_of(value) is not kind:
                if value is not None or is_non_null:
                    return None
            elif kind is int and not -INT_MAX <= value <= INT_MAX:
                return None
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = value
        return VariableValues(sources, coerced)


def _plain(signature: GraphQLVariableSignature | GraphQLError) -> _Variable | None:
    if isinstance(signature, GraphQLError):
        return None
    declared: Any = cast("Any", signature).type
    is_non_null = isinstance(declared, GraphQLNonNull)
    kind: Any = cast("Any", declared).of_type if is_non_null else declared
    # By identity, since a schema may have a scalar of its own under the name of one of these.
    known = next((python for scalar, python in STORED_AS.items() if scalar is kind), None)
    if known is None:
        return None
    absent = VariableValueSource(signature)
    return _Variable(signature.name, signature, known, is_non_null, signature.default is not None, absent)
