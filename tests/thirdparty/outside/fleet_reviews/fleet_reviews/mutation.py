"""The root mutation field `saveReview`."""

from __future__ import annotations

import strawberry

from fleet_reviews import store as stored
from fleet_reviews.types import Review
from synthetic import Transaction, mutation


@strawberry.input(description="What a reviewer thinks of a construct.")
class SaveReviewInput:
    """The input of `saveReview`."""

    id: strawberry.ID = strawberry.field(description="1 to 200 printable characters.")
    construct_id: strawberry.ID = strawberry.field(description="The construct.")
    verdict: str = strawberry.field(description="APPROVED or REJECTED.")
    body: str = strawberry.field(description="Why.")


@strawberry.type(description="What `saveReview` came to.")
class SaveReviewPayload:
    """The payload of `saveReview`."""

    review: Review = strawberry.field(description="The review as it is stored.")


@mutation(entity="review")
def save_review(tx: Transaction, input: SaveReviewInput) -> SaveReviewPayload:
    """Store a review."""
    record = stored.save_review(tx, input.id, input.construct_id, input.verdict, input.body)
    return SaveReviewPayload(review=Review.of(record))
