"""The root query field `review`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from fleet_reviews.types import Review
from synthetic import Asked, Snapshot, find_row, query


@query
def review(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Review | None:
    """The review with this id, or null."""
    return find_row(snapshot, Review, "reviews", id, asked)
