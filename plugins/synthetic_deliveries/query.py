"""Root query fields: `delivery`, `deliveries`, `deliveryTarget` and `deliveryTargets`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Order, Selection, Snapshot, find_row, page, query
from synthetic_deliveries.model import Criteria
from synthetic_deliveries.store import select_deliveries
from synthetic_deliveries.store.filters import NEWEST_FIRST
from synthetic_deliveries.types import Delivery, DeliveryTarget, Filter

Id = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
OLDEST_FIRST = Order(("created_at", "id"), (int, str))


@query
def delivery_target(snapshot: Snapshot, asked: Asked, id: Id) -> DeliveryTarget | None:
    """The delivery target with this id, or null."""
    return find_row(snapshot, DeliveryTarget, "delivery_targets", id, asked)


@query
def delivery_targets(
    snapshot: Snapshot,
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[DeliveryTarget]:
    """Where events are posted to, the first stored first."""
    return page(
        snapshot,
        DeliveryTarget,
        Selection("delivery_targets", [], {}),
        order=OLDEST_FIRST,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@query
def delivery(snapshot: Snapshot, asked: Asked, id: Id) -> Delivery | None:
    """The delivery with this id, or null."""
    return find_row(snapshot, Delivery, "deliveries", id, asked)


@query
def deliveries(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Delivery]:
    """Events that are to be posted to targets, or were, the last taken up first."""
    criteria = Criteria() if filter is None else filter.criteria()
    return page(
        snapshot,
        Delivery,
        select_deliveries(criteria),
        order=NEWEST_FIRST,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
