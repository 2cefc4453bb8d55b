"""What a filter on one table is in SQL, and which index serves it.

The narrowest condition leads, and its index ends in the order of the list; the
others are tested on what it finds. Several values of the column that leads are
one query each, merged as they come: `IN` would read and sort every match of all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from synthetic import EACH, Selection, Value, bad_input, check_id

VALUES_MAX = 500
"""Most values of one condition."""

MERGED_MAX = 8
"""Most queries that are merged in order; more values are looked up and sorted."""


class Condition(NamedTuple):
    """A column that a filter may name values of.

    Attributes:
        column: The column.
        attribute: Of the criteria: a text, several, or None, which says nothing.
        field: What the filter calls it.
    """

    column: str
    attribute: str
    field: str


class Span(NamedTuple):
    """Which instants of a column are meant, Unix milliseconds: from one on, and before another; None says nothing."""

    column: str
    first: int | None
    before: int | None


def select_rows(
    table: str,
    conditions: Sequence[Condition],
    criteria: object,
    span: Span,
    *,
    each: str | None = None,
    key: str | None = None,
    not_indexed: Collection[str] = (),
) -> Selection:
    """The rows of a table that meet criteria.

    Args:
        table: The table.
        conditions: What the criteria may name, the narrowest first. One whose attribute is `ids` names the key.
        criteria: Has the attributes.
        span: Of instants.
        each: A column that names the parent of a row, for `pages`.
        key: The key of a table without rowids; None: it has some.
        not_indexed: Columns that no index begins with, which never lead.

    Raises:
        BadUserInputError: A value is not acceptable, or they are too many.
    """
    params: dict[str, Value] = {}

    def bind(value: Value) -> str:
        name = f"value_{len(params)}"
        params[name] = value
        return f":{name}"

    def among(column: str, values: Sequence[str]) -> str:
        # One value is an equality, which keeps the order of the index that it is found by.
        if len(values) == 1:
            return f"{column} = {bind(values[0])}"
        return f"{column} IN ({', '.join(map(bind, values))})" if values else "FALSE"

    merged = None
    # The parent leads where there is one; a unary plus keeps the others off their indexes.
    where = [] if each is None else [f"{each} = {EACH}"]
    for column, attribute, field in conditions:
        given = getattr(criteria, attribute)
        if given is None:
            continue
        values = check_values([given] if isinstance(given, str) else given, f"filter.{field}")
        leads = not where and merged is None and column not in not_indexed
        if leads and attribute != "ids" and 2 <= len(values) <= MERGED_MAX:
            merged = [f"{column} = {bind(value)}" for value in values]
        else:
            where.append(among(column if leads else f"+{column}", values))
    for operator, instant in ((">=", span.first), ("<", span.before)):
        if instant is not None:
            where.append(f"{span.column} {operator} {bind(instant)}")
    return Selection(table, where, params, merged, None if key is None else (key,))


def check_values(values: Sequence[str], field: str) -> list[str]:
    """The distinct values of a condition that names several, in order.

    Raises:
        BadUserInputError: They are too many, or one can be no id.
    """
    if len(values) > VALUES_MAX:
        raise bad_input(field, f"must hold at most {VALUES_MAX} values")
    return sorted({check_id(str(value), field) for value in values})
