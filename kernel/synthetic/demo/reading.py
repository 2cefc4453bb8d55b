"""Reading what there is, for steps of `live`: a bounded number of rows, whatever has become of the store."""

from __future__ import annotations

from typing import TypeVar

from synthetic.database.snapshot import Snapshot
from synthetic.graphql.cursors import Order
from synthetic.graphql.pages import page
from synthetic.graphql.selections import Selection

RecordT = TypeVar("RecordT")


def read_first(
    snapshot: Snapshot, record_class: type[RecordT], selection: Selection, order: Order, count: int
) -> list[RecordT]:
    """The first so many rows of a list, as records.

    Args:
        snapshot: To read in.
        record_class: With a field for each column.
        selection: What the list is read from, as a plugin's `select_...` gives it.
        order: Its order.
        count: How many at most; no more than a page may have.
    """
    return list(page(snapshot, record_class, selection, order=order, first=count).nodes)
