"""Pages of a list: a connection for each of one or many parents, by one statement.

What is read stands in `synthetic.graphql.selections`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from synthetic.database.snapshot import Row, Snapshot, Value
from synthetic.graphql.connections import Connection
from synthetic.graphql.cursors import Order, Window, read_window
from synthetic.graphql.executor import EVERYTHING, Asked, LeafFields
from synthetic.graphql.page_layouts import PageLayout, page_asked, page_layout
from synthetic.graphql.row_types import Shape, row_type_of
from synthetic.graphql.selections import PARENT, PARENTS, PLACE, Selection, array_of, kind_of
from synthetic.graphql.written_pages import PageWriter
from synthetic.kernel_settings import LimitSettings

NodeT = TypeVar("NodeT")


def page(
    snapshot: Snapshot,
    node_class: type[NodeT],
    selection: Selection,
    *,
    order: Order,
    asked: Asked = EVERYTHING,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection[NodeT]:
    """Read one page of a list: one statement, and one more to count the whole list when that is asked for.

    Args:
        snapshot: To read in.
        node_class: What is listed: a type whose objects are made by `FromRecord`, or the class of a record.
        selection: What the list is read from.
        order: The order of the list.
        asked: What is asked for of the connection; columns that it does not need are not read.
        first: How many from the start.
        after: Only what follows this cursor.
        last: How many from the end.
        before: Only what precedes this cursor.

    Raises:
        BadUserInputError: See `read_window`.
    """
    window = read_window(snapshot.settings(LimitSettings), order, first, after, last, before)
    shape, writer, layout = _layout(node_class, selection, order, window, asked)

    def count() -> int:
        return snapshot.value(selection.count_sql(by_rows=snapshot.counts_by_rows), selection.params)

    params = selection.params | _parameters(window)

    def rows_of_page() -> list[Row]:
        return shape.rows(snapshot, selection.page_sql(shape.select, order, window), params)

    if not _may_be_written(snapshot, layout, selection):
        rows = rows_of_page() if layout.asked.rows else []
        return layout.connections_of_read([rows], lambda: [count()])[0]

    def read(_places: Sequence[int]) -> list[list[Row]]:
        rows = rows_of_page()
        layout.cut([rows])
        return [rows]

    def write(fields: LeafFields) -> list[str | None]:
        # Nobody asks whether more follows, so not one row too many is read.
        own = params | {"page_rows": window.size}

        def page_sql(row: str) -> str:
            sql_of = functools.partial(selection.written_sql, order=order, window=window)
            return writer.sql(snapshot, row, shape.select, sql_of, own)

        return [writer.write(snapshot, fields, page_sql, own)]

    return layout.connection_of_unread(snapshot, read, write, count)


def pages(
    snapshot: Snapshot,
    node_class: type[NodeT],
    selection: Selection,
    *,
    each: Sequence[Value],
    order: Order,
    asked: Asked = EVERYTHING,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> list[Connection[NodeT]]:
    """Read a page of the list of each of many parents: one statement for all, and one more to count all the lists.

    Args:
        snapshot: To read in.
        node_class: As for `page`.
        selection: What the lists are read from; `EACH` stands in its conditions for the value of the parent.
        each: The values of the parents, all texts or all integers; the same one may be there many times.
        order: As for `page`, like all that follow.
        asked: See there.
        first: See there.
        after: See there.
        last: See there.
        before: See there.

    Returns:
        A page for each value, in order; not to be changed: connections are made when somebody looks at one.

    Raises:
        BadUserInputError: See `read_window`.
    """
    distinct = list(dict.fromkeys(each))
    if not distinct:
        return []
    if len(distinct) == 1:
        # A list that is alone is walked in the order of its index, and nothing is sorted.
        alone = replace(selection, params=selection.params | {PARENT: distinct[0]})
        window_of: dict[str, Any] = {"first": first, "after": after, "last": last, "before": before}
        return [page(snapshot, node_class, alone, order=order, asked=asked, **window_of)] * len(each)
    window = read_window(snapshot.settings(LimitSettings), order, first, after, last, before)
    shape, writer, layout = _layout(node_class, selection, order, window, asked, (PLACE,))
    lists = _Lists(snapshot, selection, shape, writer, layout, order, distinct)
    connections = lists.connections()
    if len(distinct) == len(each):
        return connections
    found = dict(zip(distinct, connections, strict=True))
    return [found[value] for value in each]


class _Lists:
    """The lists of many parents, of each of which a page is wanted."""

    def __init__(
        self,
        snapshot: Snapshot,
        selection: Selection,
        shape: Shape,
        writer: PageWriter,
        layout: PageLayout,
        order: Order,
        parents: Sequence[Value],
    ) -> None:
        self._snapshot = snapshot
        self._selection = selection
        self._shape = shape
        self._writer = writer
        self._layout = layout
        self._order = order
        self._parents = parents
        self._kind = kind_of(parents)
        self._array = array_of(parents)

    def connections(self) -> list[Connection[Any]]:
        """The page of each."""
        layout, size = self._layout, len(self._parents)
        if self._selection.merged is None and _may_be_written(self._snapshot, layout, self._selection):
            return layout.connections_of_unread(self._snapshot, size, self._pages, self._write, self._counts)
        if layout.asked.only_nodes and not layout.window.backward:
            rows = self._read(range(size), layout.window.size)
            return layout.connections_of_rows(rows, _sizes(rows, size), self._counts)
        return layout.connections_of_read(self._rows(range(size)), self._counts)

    def _counts(self) -> list[int]:
        sql = self._selection.counts_sql(self._kind, by_rows=self._snapshot.counts_by_rows)
        params = self._selection.params | {PARENTS: self._array}
        return [count for (count,) in self._snapshot.rows(sql, params)]

    def _rows(self, places: Sequence[int]) -> list[list[Row]]:
        """Rows of the pages at some places, as they are read: one too many where there are more."""
        found: list[list[Row]] = [[] for _ in places]
        if self._layout.asked.rows:
            for row in self._read(places, self._layout.window.size + 1):
                place: int = row[-1]
                found[place].append(row)
        return found

    def _read(self, places: Sequence[int], size: int) -> list[Row]:
        """Rows of the pages at some places, one page after the other; their place stands last in them.

        Args:
            places: Which of the parents.
            size: How many rows of each.
        """
        window = self._layout.window
        is_all = len(places) == len(self._parents)
        array = self._array if is_all else array_of([self._parents[place] for place in places])
        sql = self._selection.pages_sql(self._shape.select, self._order, window, self._kind)
        params = self._selection.params | _parameters(window) | {PARENTS: array, "page_rows": size}
        return self._shape.rows(self._snapshot, sql, params)

    def _pages(self, places: Sequence[int]) -> list[list[Row]]:
        found = self._rows(places)
        self._layout.cut(found)
        return found

    def _write(self, fields: LeafFields) -> list[str | None]:
        window = self._layout.window
        # Nobody asks whether more follows, so not one row too many is read.
        own = {PARENTS: self._array, "page_rows": window.size}
        params = self._selection.params | _parameters(window) | own

        def pages_sql(row: str) -> str:
            sql_of = functools.partial(
                self._selection.written_sql_of_many, order=self._order, window=window, kind=self._kind
            )
            return self._writer.sql(self._snapshot, row, self._shape.select, sql_of, params)

        return self._writer.write_many(self._snapshot, fields, pages_sql, params, len(self._parents))


def _may_be_written(snapshot: Snapshot, layout: PageLayout, selection: Selection) -> bool:
    """Whether the database may write pages as JSON."""
    # Of a table the types of the columns are known; what a join or a subquery makes of them is not.
    is_forward = not layout.window.backward
    return snapshot.is_for_json and layout.has_only_nodes and is_forward and selection.source.isidentifier()


def _layout(
    node_class: type[Any],
    selection: Selection,
    order: Order,
    window: Window,
    asked: Asked,
    extra: tuple[str, ...] = (),
) -> tuple[Shape, PageWriter, PageLayout]:
    """The columns that are read for pages, by what is asked for, what writes them as JSON, and what the rows are.

    Args:
        node_class: What is listed.
        selection: What the list is read from.
        order: Of the list.
        window: Which part of it.
        asked: Of the connection.
        extra: What else is read, behind all others.
    """
    # Where lists are merged, the columns of the order are read though nobody asks for cursors.
    is_merged = not extra and selection.merged is not None
    key = node_class, selection.source, order.columns, order.descending, extra, is_merged
    known = asked.memory.get(key)
    if known is None:
        known = _shape_of(node_class, selection.source, order, asked, extra, with_order=is_merged)
        if asked is not EVERYTHING:
            asked.memory[key] = known
    shape, writer, order_of_cursors, places = known
    return shape, writer, page_layout(shape.layout, order_of_cursors, places, window, page_asked(asked))


def _shape_of(
    node_class: type[Any], source: str, order: Order, asked: Asked, extra: tuple[str, ...], *, with_order: bool
) -> tuple[Shape, PageWriter, Order | None, tuple[int, ...]]:
    """The columns and what writes them; the order, if cursors are made of it; and where its columns are in a row."""
    of_nodes, of_edges = asked.reads("nodes"), asked.reads("edges", "node")
    attributes = None if of_nodes is None or of_edges is None else of_nodes | of_edges
    has_cursors = page_asked(asked).cursors
    columns = order.columns if has_cursors or with_order else ()
    row_type = row_type_of(node_class)
    shape = row_type.shape(attributes, columns + extra)
    return (
        shape,
        PageWriter(source, row_type.json_sources),
        order if has_cursors else None,
        tuple([shape.places[column] for column in columns]),
    )


def _sizes(rows: Sequence[Row], count: int) -> list[int]:
    """How many rows belong to each of so many parents, whose place stands last in the row."""
    sizes = [0] * count
    for row in rows:
        sizes[row[-1]] += 1
    return sizes


def _parameters(window: Window) -> dict[str, Value]:
    found: dict[str, Value] = {"page_rows": window.size + 1}
    for prefix, values in (("after_", window.after), ("before_", window.before)):
        if values is not None:
            found |= {f"{prefix}{index}": value for index, value in enumerate(values)}
    return found
