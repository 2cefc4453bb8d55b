"""Columns as SQLite writes them into JSON: for each kind of attribute its expression, and which values are none of it.

What it writes is what would be made of the column in Python, to the last
character, but for numbers with a fraction: SQLite writes some of these with one
more digit, of the same number. That columns have the type that the record says,
and NULL only where it says so, is the table's doing, which is STRICT. Of a value
that GraphQL's type cannot have, `wrong` tells, and the rows are read in place of
the JSON. Where the table itself checks what may be in a column, nobody looks
again: a fifth of what a page with two enums costs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple, TypeAlias, cast

import strawberry
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)

from synthetic.graphql.scalars import LONG_MAX, Long

INT_MAX = 2**31 - 1
FLOAT_MAX = "1.7976931348623157e308"


class JsonColumn(NamedTuple):
    """How a column stands for a leaf.

    Attributes:
        sql: Its JSON, as an argument of `json_object`.
        wrong: A condition that holds of values that the leaf cannot have, and never of NULL; "" if there are none.
        among: Of a column with texts, those that the leaf can have, where others are `wrong`.
        within: Of a column with integers, the least and the largest that the leaf can have, where others are `wrong`.
    """

    sql: str
    wrong: str = ""
    among: tuple[str, ...] = ()
    within: tuple[int, int] | None = None


ColumnOf: TypeAlias = Callable[[str, GraphQLLeafType], JsonColumn | None]
"""From the name of a column and a leaf to its JSON; None where that is not known for the leaf."""


def column_of(kind: Any, stored: tuple[Any, bool] | None, *, is_optional: bool) -> ColumnOf | None:
    """How columns become the JSON of attributes of a type; None where that is not known.

    Args:
        kind: The type of the attribute, without None.
        stored: The type of the record's field, and whether it may be None.
        is_optional: Whether the attribute may be None.
    """
    if stored is None or (stored[1] and not is_optional):
        return None
    storage = stored[0]
    if isinstance(kind, type) and issubclass(cast("type[Any]", kind), Enum):
        values = [member.value for member in cast("type[Enum]", kind)]
        return _enum_of(values) if storage in (str, kind) and all(isinstance(each, str) for each in values) else None
    written = _WRITTEN.get(kind)
    return written[1] if written is not None and storage in written[0] else None


def _text(name: str, leaf: GraphQLLeafType) -> JsonColumn | None:
    return JsonColumn(name) if leaf in (GraphQLString, GraphQLID) else None


def _integer(name: str, leaf: GraphQLLeafType) -> JsonColumn | None:
    return _within(name, -INT_MAX - 1, INT_MAX) if leaf is GraphQLInt else None


def _long(name: str, leaf: GraphQLLeafType) -> JsonColumn | None:
    return _within(name, -LONG_MAX, LONG_MAX) if leaf.name == "Long" else None


def _within(name: str, least: int, largest: int) -> JsonColumn:
    return JsonColumn(name, f"{name} NOT BETWEEN {least} AND {largest}", within=(least, largest))


def _real(name: str, leaf: GraphQLLeafType) -> JsonColumn | None:
    return JsonColumn(name, f"abs({name}) > {FLOAT_MAX}") if leaf is GraphQLFloat else None


def _boolean(name: str, leaf: GraphQLLeafType) -> JsonColumn | None:
    if leaf is not GraphQLBoolean:
        return None
    return JsonColumn(f"json(CASE WHEN {name} THEN 'true' WHEN NOT {name} THEN 'false' END)")


_WRITTEN: dict[Any, tuple[tuple[type[Any], ...], ColumnOf]] = {
    str: ((str,), _text),
    strawberry.ID: ((str,), _text),
    int: ((int,), _integer),
    Long: ((int,), _long),
    float: ((float,), _real),
    bool: ((int, bool), _boolean),
}
"""For the types of attributes, how they are stored and written. An instant is none: Python writes it as fast."""


def _enum_of(values: list[str]) -> ColumnOf:
    """For an enum whose values are stored as these texts."""

    def enum(name: str, leaf: GraphQLLeafType) -> JsonColumn | None:
        if not isinstance(leaf, GraphQLEnumType):
            return None
        names = {value: leaf.coerce_output_value(value) for value in values}
        # In SQLite a few comparisons cost less than to look one of these up.
        known = " ".join(f"WHEN {quoted(value)} THEN FALSE" for value in values)
        wrong = f"CASE {name} COLLATE BINARY {known} ELSE {name} IS NOT NULL END"
        if all(written == value for value, written in names.items()):
            return JsonColumn(name, wrong, tuple(values))
        cases = " ".join(f"WHEN {quoted(value)} THEN {quoted(written)}" for value, written in names.items())
        return JsonColumn(f"CASE {name} COLLATE BINARY {cases} END", wrong, tuple(values))

    return enum


def quoted(text: str) -> str:
    """A text as a literal in SQL."""
    return "'" + text.replace("'", "''") + "'"


def is_checked(table_sql: str, name: str, column: JsonColumn) -> bool:
    """Whether a table lets nothing into a column but what the leaf can have.

    Args:
        table_sql: Its CREATE TABLE.
        name: Name of the column; it is found where it is written `name TEXT ... CHECK (name IN ('A', 'B'))` or
            `name INTEGER ... CHECK (name BETWEEN 0 AND 9)`.
        column: What the leaf can have.

    Returns:
        False also where that cannot be told, as where a column of the table has a collation.
    """
    sql = _COMMENTS.sub("", table_sql)
    if "COLLATE" in sql.upper():
        return False
    if column.within is not None:
        found = _find_check(sql, name, "INTEGER", rf"BETWEEN ({_INTEGER}) AND ({_INTEGER})")
        least, largest = column.within
        return found is not None and least <= int(found[1]) and int(found[2]) <= largest
    found = _find_check(sql, name, "TEXT", rf"IN \(({_LITERAL}(?:, {_LITERAL})*)\)")
    return found is not None and {text[1:-1].replace("''", "'") for text in re.findall(_LITERAL, found[1])} <= {
        *column.among
    }


def _find_check(sql: str, name: str, kind: str, check: str) -> re.Match[str] | None:
    return re.search(rf"[(,]\s*{name} {kind}\b[^,]*?\bCHECK \({name} {check}\)", sql)


_LITERAL = "'(?:[^']|'')*'"
_INTEGER = "-?[0-9]+"
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
