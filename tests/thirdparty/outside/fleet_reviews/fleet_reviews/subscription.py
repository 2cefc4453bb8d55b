"""The root subscription field `reviews`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from fleet_reviews.events import REVIEW_SAVED
from synthetic import AfterPosition, Live, Position, subscription


@strawberry.type(description="A review that was saved.")
class ReviewUpdate:
    """What the event of a review tells."""

    position: Position = strawberry.field(description="Where to go on from.")
    review_id: strawberry.ID = strawberry.field(description="Its id.")
    verdict: str = strawberry.field(description="Its verdict.")


@subscription(graphql_name="reviews")
async def review_updates(live: Live, after: AfterPosition = None) -> AsyncGenerator[ReviewUpdate]:
    """Reviews as they are saved, each once and in order."""
    async with aclosing(live.follow(after, (REVIEW_SAVED,))) as events:
        async for event in events:
            yield ReviewUpdate(
                position=live.at(event), review_id=strawberry.ID(event.entity_id), verdict=event.data()["verdict"]
            )
