"""Root query fields: `construct` and `constructs`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Before, Connection, First, Last, Order, Snapshot, query
from synthetic_constructs.enums import ConstructOrder
from synthetic_constructs.inputs import ConstructFilter
from synthetic_constructs.model import Criteria
from synthetic_constructs.store import find_construct
from synthetic_constructs.types import Construct, page_of_constructs


@query
def construct(
    snapshot: Snapshot, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Construct | None:
    """The construct with this id, or null."""
    record = find_construct(snapshot, id)
    return None if record is None else Construct.of(record)


@query
def constructs(
    snapshot: Snapshot,
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
    column, direction = order_by.value.split()
    criteria = Criteria() if filter is None else filter.criteria()
    order = Order((column, "id"), descending=direction == "desc")
    return page_of_constructs(snapshot, criteria, order, first, after, last, before)
