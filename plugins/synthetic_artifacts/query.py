"""Root query fields: `artifact` and `artifacts`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, find_row, page, query
from synthetic_artifacts.enums import ArtifactOrder
from synthetic_artifacts.model import Criteria
from synthetic_artifacts.store import select_artifacts
from synthetic_artifacts.store.rows import TABLE
from synthetic_artifacts.types import Artifact, Filter, OrderBy, order_of


@query
def artifact(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Artifact | None:
    """The artifact with this id, or null."""
    return find_row(snapshot, Artifact, TABLE, id, asked)


@query
def artifacts(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = ArtifactOrder.CREATED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Artifact]:
    """Artifacts, what was stored last first unless asked otherwise; deleted ones only where the filter names them."""
    criteria = Criteria() if filter is None else filter.criteria()
    return page(
        snapshot,
        Artifact,
        select_artifacts(criteria),
        order=order_of(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
