"""How leaves are written into an answer: scalars and enums, chosen when a plan is compiled.

Each leaf has two forms that mean the same. A function, which takes any value
and raises what graphql-core would; and an expression for generated code, which
is right about the values that are usual and calls the function for the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)
from graphql.pyutils import Undefined, inspect

from synthetic.graphql.executor.waiting import is_awaitable

Write = Callable[[Any], Any]

EXACT_KINDS: dict[GraphQLLeafType, str] = {
    GraphQLString: "({again} if type({given}) is str else {name}({again}))",
    GraphQLID: "({again} if type({given}) is str else {name}({again}))",
    GraphQLBoolean: "({again} if type({given}) is bool else {name}({again}))",
    GraphQLInt: "({again} if type({given}) is int and -2147483648 <= {again} <= 2147483647 else {name}({again}))",
    GraphQLFloat: "({again} if type({given}) is float and -1e308 < {again} < 1e308 else {name}({again}))",
}
"""Expressions of the scalars that every schema has: values of the very type are written as they are."""

KINDS_AS_THEY_ARE: dict[GraphQLLeafType, type[Any]] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}
"""Types of which every value is written as it is."""

ENUM_VALUES_KEPT = 1_000
"""Outputs of an enum that are remembered by their values: one that takes any text must not fill the memory."""


def null_error(parent: str, field: str) -> TypeError:
    """What graphql-core says where a value is null that must not be."""
    return TypeError(f"Cannot return null for non-nullable field {parent}.{field}.")


def writer_of(leaf: GraphQLLeafType) -> Callable[[Any], Any]:
    """A function that writes a value that is neither None nor an exception.

    It raises what the type's own function raises, and TypeError where that gives nothing.
    """
    coerce = leaf.coerce_output_value

    def write(value: Any) -> Any:
        written = coerce(value)
        if written is None or written is Undefined:
            raise TypeError(
                f"Expected `{inspect(leaf)}.coerce_output_value({inspect(value)})` to return non-nullable value,"
                f" returned: {inspect(written)}"
            )
        return written

    return write


TYPES_KEPT = 1_024
"""Leaf types whose writers are kept; a schema has some dozens."""


class EnumNames(dict[Any, str]):
    """The names of an enum's values as they are met; the type itself says what is right."""

    def __init__(self, write: Callable[[Any], Any]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, value: Any) -> Any:
        name = self._write(value)
        # Of other types, values may be equal that the enum tells apart, such as 1 and True.
        if isinstance(value, Enum | str) and len(self) < ENUM_VALUES_KEPT:
            self[value] = name
        return name


@functools.lru_cache(maxsize=TYPES_KEPT)
def _writing(leaf: GraphQLLeafType) -> tuple[Callable[[Any], Any], EnumNames | None]:
    """What writes the values of a type, and knows its names if it is an enum; shared by all fields of it."""
    write = writer_of(leaf)
    return write, EnumNames(write) if isinstance(leaf, GraphQLEnumType) else None


class Leaf:
    """How the values of a field of a leaf type are written.

    Attributes:
        kind: The type.
        write: Writes a value that is neither None nor an exception.
        is_non_null: Whether None is an error.
    """

    __slots__ = ("_names", "_place", "is_non_null", "kind", "write")

    def __init__(self, leaf: GraphQLLeafType, place: tuple[str, str], *, is_non_null: bool) -> None:
        """Make it.

        Args:
            leaf: The type.
            place: Names of the parent type and the field, for errors.
            is_non_null: Whether None is an error.
        """
        self.write, self._names = _writing(leaf)
        self.is_non_null = is_non_null
        self.kind = leaf
        self._place = place

    @property
    def is_plain(self) -> bool:
        """Whether what is written of any value is a text, a number or a boolean."""
        return self._names is not None or self.kind in EXACT_KINDS

    def are_written(self, values: Sequence[Any]) -> bool:
        """Whether each of these values is written as it is, which is known by their types."""
        kinds = {*map(type, values)}
        if not self.is_non_null:
            kinds.discard(type(None))
        return kinds == {KINDS_AS_THEY_ARE.get(self.kind)}

    def any(self, value: Any) -> Any:
        """Write any value.

        Raises:
            Exception: It cannot be written, is null and must not be, or is itself an exception.
        """
        if isinstance(value, Exception):
            raise value
        if value is None or value is Undefined:
            if self.is_non_null:
                raise null_error(*self._place)
            return None
        return self.write(value)

    def copied(self, value: Any) -> Any:
        """Write the value of an attribute, as `any` does, unless it must be awaited first.

        A scalar may well write anything, such as a coroutine.

        Raises:
            Exception: As `any`; TypeError, where it is to be awaited.
        """
        if is_awaitable(value):
            raise TypeError("a value that is to be awaited")
        return self.any(value)

    def uncalled(self, value: Any) -> Any:
        """Write the value of an attribute, as `copied` does, unless graphql-core's default resolver would call it.

        Raises:
            Exception: As `copied`; TypeError, where it is to be called.
        """
        if callable(value):
            raise TypeError("a value that is to be called")
        return self.copied(value)

    def expression(
        self,
        value: str,
        name: str,
        names: dict[str, Any],
        write: Write,
        *,
        is_column: bool = False,
        is_exact: bool = False,
    ) -> str:
        """The expression that writes a value.

        Args:
            value: An expression of the value; evaluated once, unless it is a name.
            name: What the names that the expression uses begin with.
            names: Given what they stand for.
            write: One of this leaf's functions: what writes a value that is not a usual one.
            is_column: Whether the value comes from a row.
            is_exact: Whether the value is known to be one of the Python type that the leaf is of, and not null where
                it must not be.
        """
        names[name] = write
        given, again = (value, value) if value.isidentifier() else (f"(v := {value})", "v")
        if self._names is not None:
            names[f"{name}_names"] = self._names
            return f"({name}_names[{again}] if {given} is not None else {name}(None))"
        if self.kind in EXACT_KINDS:
            return value if is_exact else EXACT_KINDS[self.kind].format(given=given, again=again, name=name)
        if is_column:
            # What a row holds is no exception and need not be awaited: only what is made of it has to be looked at.
            names[f"{name}_coerce"] = self.kind.coerce_output_value
            names["Undefined"] = Undefined
            made = f"(w if (w := {name}_coerce({again})) is not None and w is not Undefined else {name}({again}))"
            return f"({made} if {given} is not None else {name}(None))"
        return f"{name}({value})" if self.is_non_null else f"(None if {given} is None else {name}({again}))"
