"""`Selection`: what a list is read from, and the SQL that reads a page of it.

A page of one list is one walk in an index. The pages of many parents are one
statement too: for each parent, a subquery walks the index up to the end of the
page and yields only what the rows are found by; the rows of all pages are then
read, and put in order. So each parent costs a seek and its page, however many
rows belong to it, which a window function or a plain join would all read.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from synthetic.database.snapshot import Value
from synthetic.errors import BadUserInputError
from synthetic.graphql.cursors import Order, Window
from synthetic.json_text import to_json

EACH = ":each_parent"
"""In the conditions of a selection, the value of the parent whose list it is: `construct_id = :each_parent`."""

PARENT = "each_parent"
PARENTS = "each_parents"
"""Names of the parameters that hold the value of the parent, and the values of many as a JSON array."""

LIMIT = "LIMIT :page_rows + 0"
"""The end of a page. What is bound for a limit alone, SQLite looks at when it plans: it would compile the statement
anew each time, and for a few rows prefer to read and sort all that match to a walk in the order of the list."""

STATEMENTS_KEPT = 512
"""Statements that are remembered: clients choose what they ask for, and must not fill the memory."""

PLACE = "each_place"
"""The column that says of which parent a row is, as a place in the sequence of their values."""


def kind_of(values: Sequence[Value]) -> str:
    """The type in SQL of the values of parents, which are all of one.

    SQLite has to know it: compared with a value of no type, a column is not taken for constant where rows are put in
    order, and all of a parent's rows would be read and sorted.
    """
    return "TEXT" if isinstance(next(iter(values), ""), str) else "INTEGER"


def array_of(values: Sequence[Value]) -> str:
    """Ids, or the values of parents, as the JSON array that is bound for `json_each`.

    Raises:
        BadUserInputError: A text among them is not valid, or an integer too large, as where they are bound themselves.
    """
    try:
        return to_json(values)
    except TypeError as error:
        raise BadUserInputError(
            "A number or text among the ids is larger than the store can hold, or not valid text."
        ) from error


def _each(kind: str) -> str:
    return f"WITH each_one ({PLACE}, each_value) AS (SELECT key, CAST(value AS {kind}) FROM json_each(:{PARENTS}))"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a list is read from, before columns are chosen and it is put in order and cut into pages.

    Attributes:
        source: What stands after FROM: the name of a table, a join, or a subquery.
        where: Conditions that all hold.
        params: Values of the placeholders in both; the kernel's own begin with `after_`, `before_`, `each_` and
            `page_`.
        merged: Conditions of which exactly one holds of each row of the list: each is then read by a query of its
            own, from an index that ends in the order, and their rows are merged as they come. `IN` would read and
            sort all that match. The same condition twice counts once. None: there are no such.
        keys: Columns by which a row is found again, for the pages of many parents; None: the source is a table, and
            its rows are found by their rowids.
    """

    source: str
    where: Sequence[str]
    params: dict[str, Value]
    merged: Sequence[str] | None = None
    keys: tuple[str, ...] | None = None

    @classmethod
    def of_all(cls, source: str, *, each: str | None = None) -> Selection:
        """All rows of a table, or all that belong to each of many parents by this column."""
        return cls(source, () if each is None else (f"{each} = {EACH}",), {})

    def sql(self, select: str) -> str:
        """The whole list, without an order; one can be added by columns that are selected."""
        return " UNION ALL ".join(self._queries(select, self.where))

    def page_sql(self, select: str, order: Order, window: Window) -> str:
        """The rows of a page, and one more if there are more; in the order of the page, or the other way round.

        Args:
            select: The columns; where queries are merged, those of the order are among them.
            order: Of the list.
            window: Which part of it.
        """
        return _page_sql(*self._parts, select, order, _kind_of_window(window))

    @property
    def _parts(self) -> tuple[str, tuple[str, ...], tuple[str, ...] | None, tuple[str, ...] | None]:
        """All but the values, which a statement does not have."""
        return self.source, tuple(self.where), None if self.merged is None else tuple(self.merged), self.keys

    def pages_sql(self, select: str, order: Order, window: Window, kind: str) -> str:
        """The rows of the pages of many parents, parent by parent, in the order of the pages; `PLACE` is a column.

        Args:
            select: The columns.
            order: Of each list.
            window: Which part of it.
            kind: See `kind_of`.
        """
        return _pages_sql(*self._parts, select, order, _kind_of_window(window), kind)

    def written_sql(self, aggregate: str, select: str, order: Order, window: Window) -> str:
        """What is made of the rows of a page.

        Args:
            aggregate: Makes it of these rows, which come in the order of the page.
            select: What of each row it is made of.
            order: Of the list.
            window: Which part of it; read forwards, and not one row too many.
        """
        return _written_sql(*self._parts, aggregate, select, order, _kind_of_window(window))

    def written_sql_of_many(self, aggregate: str, select: str, order: Order, window: Window, kind: str) -> str:
        """For each of many parents its place, and what is made of the rows of its page; of what is not `merged`.

        Args:
            aggregate: Makes it of these rows, which come in the order of the page.
            select: What of each row it is made of.
            order: Of each list.
            window: Which part of it; read forwards, and not one row too many.
            kind: See `kind_of`.

        Returns:
            A statement that selects `PLACE` and what is made.
        """
        [query] = self._queries(select, [*_bounds(order, _kind_of_window(window)), *self.where])
        page = f"{query} ORDER BY {order.clause(reverse=False)} {LIMIT}".replace(EACH, "each_value")
        return f"{_each(kind)} SELECT {PLACE}, (SELECT {aggregate} FROM ({page})) FROM each_one"

    def count_sql(self, *, by_rows: bool) -> str:
        """How many rows the whole list has; `by_rows` as for `Snapshot.counts_by_rows`."""
        return f"SELECT {self._count(by_rows=by_rows)}"

    def counts_sql(self, kind: str, *, by_rows: bool) -> str:
        """How many rows the list of each parent has, in the order of the parents."""
        count = self._count(by_rows=by_rows).replace(EACH, "each_value")
        return f"{_each(kind)} SELECT {count} FROM each_one ORDER BY {PLACE}"

    def _count(self, *, by_rows: bool) -> str:
        # With a condition, even one that always holds, SQLite goes from row to row.
        conditions = self.where or (["TRUE"] if by_rows else [])
        return " + ".join(f"({query})" for query in self._queries("count(*)", conditions)) or "0"

    def _queries(self, select: str, conditions: Sequence[str]) -> list[str]:
        """The query of the list, or those that are merged."""
        return _queries(self.source, self.merged, select, conditions)


class _WindowKind(NamedTuple):
    """What a statement says of a window; all else are values."""

    backward: bool
    has_after: bool
    has_before: bool


def _kind_of_window(window: Window) -> _WindowKind:
    return _WindowKind(window.backward, window.after is not None, window.before is not None)


@functools.lru_cache(maxsize=STATEMENTS_KEPT)
def _page_sql(
    source: str,
    where: tuple[str, ...],
    merged: tuple[str, ...] | None,
    _keys: tuple[str, ...] | None,
    select: str,
    order: Order,
    window: _WindowKind,
) -> str:
    sql = " UNION ALL ".join(_queries(source, merged, select, [*_bounds(order, window), *where]))
    return f"{sql} ORDER BY {order.clause(reverse=window.backward)} {LIMIT}"


@functools.lru_cache(maxsize=STATEMENTS_KEPT)
def _written_sql(
    source: str,
    where: tuple[str, ...],
    merged: tuple[str, ...] | None,
    keys: tuple[str, ...] | None,
    aggregate: str,
    select: str,
    order: Order,
    window: _WindowKind,
) -> str:
    # Rows of queries that are merged are put in order by what is selected.
    selected = select if merged is None else ", ".join((select, *order.columns))
    return f"SELECT {aggregate} FROM ({_page_sql(source, where, merged, keys, selected, order, window)})"


@functools.lru_cache(maxsize=STATEMENTS_KEPT)
def _pages_sql(
    source: str,
    where: tuple[str, ...],
    merged: tuple[str, ...] | None,
    keys: tuple[str, ...] | None,
    select: str,
    order: Order,
    window: _WindowKind,
    kind: str,
) -> str:
    clause = order.clause(reverse=window.backward)
    end = f" ORDER BY {clause} {LIMIT}"
    found_by = ", ".join(keys or (f"{source}.rowid",))
    conditions = [*_bounds(order, window), *where]
    if merged is None:
        found = f"{_queries(source, merged, found_by, conditions)[0]}{end}"
    else:
        # Below another query SQLite does not merge but sorts, so each brings no more than can be in the page.
        columns = ", ".join(dict.fromkeys([*(keys or (f"{source}.rowid AS row_id",)), *order.columns]))
        queries = _queries(source, merged, columns, conditions)
        parts = " UNION ALL ".join(f"SELECT * FROM ({each}{end})" for each in queries)
        found = f"SELECT {', '.join(keys or ('row_id',))} FROM ({parts}){end}"
    return (
        f"{_each(kind)} SELECT {select} FROM each_one CROSS JOIN {source}"
        f" WHERE ({found_by}) IN ({found.replace(EACH, 'each_value')}) ORDER BY {PLACE}, {clause}"
    )


def _queries(source: str, merged: Sequence[str] | None, select: str, conditions: Sequence[str]) -> list[str]:
    if merged is None:
        return [f"SELECT {select} FROM {source}{_where(conditions)}"]
    # A row that two of them bring would be in the list twice.
    distinct = dict.fromkeys(merged) or ("FALSE",)
    return [f"SELECT {select} FROM {source}{_where([*conditions, each])}" for each in distinct]


def _bounds(order: Order, window: _WindowKind) -> list[str]:
    # Before the others: of two bounds on one column SQLite seeks by the one that stands first.
    bounds: list[str] = []
    if window.has_after:
        bounds.append(order.beyond("after_", forward=True))
    if window.has_before:
        bounds.append(order.beyond("before_", forward=False))
    return bounds


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE ({') AND ('.join(conditions)})" if conditions else ""
