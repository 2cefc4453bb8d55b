"""The GraphQL type of a review, and the field that it adds to constructs."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from fleet_reviews.model import ReviewRecord
from synthetic import (
    EACH,
    EVERYTHING,
    After,
    Asked,
    Before,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Node,
    Order,
    Selection,
    Snapshot,
    batched,
    find_rows,
    pages,
)
from synthetic_constructs.types import Construct

OF_A_CONSTRUCT = Selection("reviews", [f"construct_id = {EACH}"], {})
NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)


@strawberry.type(description="What a reviewer thinks of a construct.")
class Review(Node):
    """A row of `reviews`."""

    id: strawberry.ID = strawberry.field(description="The caller's id.")
    verdict: str = strawberry.field(description="APPROVED or REJECTED.")
    body: str = strawberry.field(description="Why.")
    created_at: DateTime = strawberry.field(description="When it was given.")
    construct_id: strawberry.Private[str]

    of = FromRecord(ReviewRecord)


@batched(needs=("id",))
def reviews(
    snapshot: Snapshot,
    parents: Sequence[Construct],
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Review]]:
    """What reviewers think of it, the newest first."""
    return pages(
        snapshot,
        Review,
        OF_A_CONSTRUCT,
        each=[parent.id for parent in parents],
        order=NEWEST_FIRST,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def find_review_nodes(snapshot: Snapshot, ids: Sequence[str], asked: Asked = EVERYTHING) -> list[Review | None]:
    """For each id, the review or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Review, "reviews", ids, asked)
