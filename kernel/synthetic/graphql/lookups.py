"""Rows of many ids or parents: one statement for all of them, and only the columns that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from synthetic.database.snapshot import Row, Snapshot, Value
from synthetic.graphql.cursors import FROM_THE_START, Order
from synthetic.graphql.executor import EVERYTHING, Asked, Rows
from synthetic.graphql.row_types import row_type_of
from synthetic.graphql.selections import PARENTS, PLACE, Selection, array_of, kind_of

NodeT = TypeVar("NodeT")


def find_row(
    snapshot: Snapshot,
    node_class: type[NodeT],
    table: str,
    id: Value,
    asked: Asked = EVERYTHING,
    *,
    key: str = "id",
) -> NodeT | None:
    """The object whose row has this id, or None.

    Args:
        snapshot: To read in.
        node_class: A type whose objects are made by `FromRecord`.
        table: Where its rows are: what stands after FROM.
        id: The id.
        asked: What is read of the object.
        key: The column of ids, which is unique.
    """
    place = find_row, node_class, table, key
    known = asked.memory.get(place)
    if known is None:
        shape = row_type_of(node_class).shape(asked.reads(), ())
        known = f"SELECT {shape.select} FROM {table} WHERE {key} = :id", shape.layout.make
        if asked is not EVERYTHING:
            asked.memory[place] = known
    sql, make = known
    row = snapshot.row(sql, {"id": id})
    return None if row is None else make(row)


def find_rows(
    snapshot: Snapshot,
    node_class: type[NodeT],
    table: str,
    ids: Sequence[Value],
    asked: Asked = EVERYTHING,
    *,
    key: str = "id",
) -> list[NodeT | None]:
    """For each id the object whose row has it, or None; None too where the id is None.

    Args:
        snapshot: To read in.
        node_class: A type whose objects are made by `FromRecord`.
        table: Where its rows are: what stands after FROM.
        ids: The ids; the same one may be there many times.
        asked: What is read of the objects.
        key: The column of ids, which is unique.
    """
    shape = row_type_of(node_class).shape(asked.reads(), (key,))
    wanted = list({id for id in ids if id is not None})
    found: dict[Any, Row] = {}
    if wanted:
        place = shape.places[key]
        rows = shape.rows(
            snapshot,
            f"SELECT {shape.select} FROM {table} WHERE {key} IN (SELECT value FROM json_each(:ids))",
            {"ids": array_of(wanted)},
        )
        found = {row[place]: row for row in rows}
    # To who looks it is a list of objects; to the executor, rows.
    return cast("list[NodeT | None]", Rows([found.get(id) for id in ids], shape.layout))


def list_rows(
    snapshot: Snapshot,
    node_class: type[NodeT],
    table: str,
    parents: Sequence[Value],
    asked: Asked = EVERYTHING,
    *,
    key: str,
    order: Order,
) -> list[list[NodeT]]:
    """For each parent all objects that belong to it; for few, since they are not cut into pages.

    Args:
        snapshot: To read in.
        node_class: A type whose objects are made by `FromRecord`.
        table: Where its rows are: what stands after FROM.
        parents: The values of the parents.
        asked: What is read of the objects.
        key: The column that names the parent.
        order: The order of each list.
    """
    shape = row_type_of(node_class).shape(asked.reads(), (key,))
    place = shape.places[key]
    found: dict[Any, list[Row]] = {parent: [] for parent in parents}
    for row in shape.rows(
        snapshot,
        f"SELECT {shape.select} FROM {table} WHERE {key} IN (SELECT value FROM json_each(:parents))"
        # In one direction, so that an index of the key and the order's columns can be walked.
        f" ORDER BY {key} {'DESC' if order.descending else 'ASC'}, {order.clause(reverse=False)}",
        {"parents": array_of(list(found))},
    ):
        found[row[place]].append(row)
    return cast("list[list[NodeT]]", [Rows(found[parent], shape.layout, is_whole=True) for parent in parents])


def first_of_each(
    snapshot: Snapshot,
    node_class: type[NodeT],
    selection: Selection,
    *,
    each: Sequence[Value],
    order: Order,
    asked: Asked = EVERYTHING,
) -> list[NodeT | None]:
    """For each of many parents the first object of its list, or None where that is empty.

    Args:
        snapshot: To read in.
        node_class: A type whose objects are made by `FromRecord`.
        selection: What the lists are read from; `EACH` stands in its conditions for the value of the parent.
        each: The values of the parents, all texts or all integers.
        order: The order of the lists.
        asked: What is read of the objects.
    """
    shape = row_type_of(node_class).shape(asked.reads(), (PLACE,))
    distinct = list(dict.fromkeys(each))
    params = selection.params | {PARENTS: array_of(distinct), "page_rows": 1}
    rows = shape.rows(snapshot, selection.pages_sql(shape.select, order, FROM_THE_START, kind_of(distinct)), params)
    found: dict[Value, Row] = {distinct[row[shape.places[PLACE]]]: row for row in rows}
    return cast("list[NodeT | None]", Rows([found.get(value) for value in each], shape.layout))
