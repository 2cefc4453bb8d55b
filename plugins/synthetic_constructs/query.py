"""Root query fields: `construct` and `constructs`."""

from __future__ import annotations

import functools
from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Order, Snapshot, find_row, query
from synthetic_constructs.enums import ConstructOrder
from synthetic_constructs.inputs import ConstructFilter
from synthetic_constructs.model import ALL_CONSTRUCTS
from synthetic_constructs.types import Construct, page_of_constructs


@query
def construct(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Construct | None:
    """The construct with this id, or null."""
    return find_row(snapshot, Construct, "constructs", id, asked)


@query
def constructs(
    snapshot: Snapshot,
    asked: Asked,
    filter: Annotated[ConstructFilter | None, strawberry.argument(description="Which; all without it.")] = None,
    order_by: Annotated[
        ConstructOrder, strawberry.argument(description="In which order.")
    ] = ConstructOrder.CREATED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Construct]:
    """Constructs, the newest first unless asked otherwise."""
    criteria = ALL_CONSTRUCTS if filter is None else filter.criteria()
    order = order_of(order_by)
    return page_of_constructs(snapshot, criteria, order, asked, first=first, after=after, last=last, before=before)


@functools.cache
def order_of(order_by: ConstructOrder) -> Order:
    """The order that a client asks for."""
    column, direction = order_by.value.split()
    return Order((column, "id"), (str if column == "title" else int, str), descending=direction == "desc")
