"""Root query fields: `savedSearch` and `savedSearches`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import (
    After,
    Asked,
    Before,
    Connection,
    First,
    Last,
    Order,
    Selection,
    Snapshot,
    find_row,
    page,
    query,
)
from synthetic_search.saved.store import TABLE
from synthetic_search.saved.types import SavedSearch

NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)


@query
def saved_search(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> SavedSearch | None:
    """The saved search with this id, or null."""
    return find_row(snapshot, SavedSearch, TABLE, id, asked)


@query
def saved_searches(
    snapshot: Snapshot,
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[SavedSearch]:
    """The saved searches, the newest first."""
    return page(
        snapshot,
        SavedSearch,
        Selection(TABLE, [], {}),
        order=NEWEST_FIRST,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
