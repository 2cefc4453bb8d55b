"""Reading what there is, for steps of `live`: a bounded number of rows, whatever has become of the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from synthetic.database.transaction import Snapshot
from synthetic.graphql.pages import Order, Selection, page

RecordT = TypeVar("RecordT")


def read_first(
    snapshot: Snapshot, record_class: Callable[..., RecordT], selection: Selection, order: Order, count: int
) -> list[RecordT]:
    """The first so many rows of a list, as records.

    Args:
        snapshot: To read in.
        record_class: Built from each row's columns.
        selection: What the list is read from, as a plugin's `select_...` gives it.
        order: Its order.
        count: How many at most; no more than a page may have.
    """
    found = page(
        snapshot,
        record_class,
        select=selection.select,
        where=selection.where,
        params=selection.params,
        order=order,
        make=_as_it_is,
        first=count,
    )
    return [edge.node for edge in found.edges]


def _as_it_is(record: RecordT) -> RecordT:
    return record
