"""Pages of a list: a connection for each of one or many parents, by one statement.

What is read stands in `synthetic.graphql.selections`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from synthetic.database.snapshot import Row, Snapshot, Value
from synthetic.graphql.connections import Connection, PageLayout, page_asked, page_layout
from synthetic.graphql.cursors import Order, Window, read_window
from synthetic.graphql.executor import EVERYTHING, Asked, LeafFields, Unread, Written
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
    shape, writer, layout = _layout(node_class, order, window, asked, with_order=selection.merged is not None)

    def count() -> int:
        return snapshot.value(selection.count_sql(by_rows=snapshot.counts_by_rows), selection.params)

    if not layout.asked.rows:
        return layout.connection_of_read([], count)
    sql, params = selection.page_sql(shape.select, order, window), selection.params | _parameters(window)
    # Of a table the types of the columns are known; what a join or a subquery makes of them is not.
    if not (snapshot.is_for_json and layout.has_only_nodes and selection.source.isidentifier()):
        return layout.connection_of_read(shape.rows(snapshot, sql, params), count)

    def read() -> list[Row]:
        rows = shape.rows(snapshot, sql, params)
        layout.cut(rows)
        return rows

    def write(fields: LeafFields) -> Written | None:
        # Nobody asks whether more follows, so not one row too many is read.
        return writer.write(snapshot, fields, sql, params | {"page_rows": window.size})

    nodes = Unread(layout.nodes, read, write)
    snapshot.keep_until_end(nodes.keep)
    return layout.connection_of_unread(nodes, count)


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
        A page for each value, in order.

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
    shape, _, layout = _layout(node_class, order, window, asked, (PLACE,))
    params = selection.params | {PARENTS: array_of(distinct)}
    kind = kind_of(distinct)
    found: list[list[Row]] = [[] for _ in distinct]
    if layout.asked.rows:
        sql = selection.pages_sql(shape.select, order, window, kind)
        _share_out(shape.rows(snapshot, sql, params | _parameters(window)), found)

    @functools.cache
    def counts() -> list[int]:
        sql = selection.counts_sql(kind, by_rows=snapshot.counts_by_rows)
        return [count for (count,) in snapshot.rows(sql, params)]

    made = {
        value: layout.connection_of_read(rows, lambda index=index: counts()[index])
        for index, (value, rows) in enumerate(zip(distinct, found, strict=True))
    }
    return [made[value] for value in each]


def _layout(
    node_class: type[Any],
    order: Order,
    window: Window,
    asked: Asked,
    extra: tuple[str, ...] = (),
    *,
    with_order: bool = False,
) -> tuple[Shape, PageWriter, PageLayout]:
    """The columns that are read for pages, by what is asked for, what writes them as JSON, and what the rows are.

    Args:
        node_class: What is listed.
        order: Of the list.
        window: Which part of it.
        asked: Of the connection.
        extra: What else is read, behind all others.
        with_order: Whether the columns of the order are read though nobody asks for cursors.
    """
    key = node_class, order, extra, with_order
    known = asked.memory.get(key)
    if known is None:
        known = _shape_of(node_class, order, asked, extra, with_order=with_order)
        if asked is not EVERYTHING:
            asked.memory[key] = known
    shape, writer, order_of_cursors, places = known
    return shape, writer, page_layout(shape.layout, order_of_cursors, places, window, page_asked(asked))


def _shape_of(
    node_class: type[Any], order: Order, asked: Asked, extra: tuple[str, ...], *, with_order: bool
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
        PageWriter(row_type.json_sources),
        order if has_cursors else None,
        tuple([shape.places[column] for column in columns]),
    )


def _share_out(rows: Sequence[Row], found: Sequence[list[Row]]) -> None:
    """Give each row to the list of its parent, whose place stands last in the row."""
    for row in rows:
        place: int = row[-1]
        found[place].append(row)


def _parameters(window: Window) -> dict[str, Value]:
    found: dict[str, Value] = {"page_rows": window.size + 1}
    for prefix, values in (("after_", window.after), ("before_", window.before)):
        if values is not None:
            found |= {f"{prefix}{index}": value for index, value in enumerate(values)}
    return found
