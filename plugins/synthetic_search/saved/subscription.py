"""Root subscription fields: `savedSearchHits`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Self

import strawberry

from synthetic import AfterPosition, Event, Live, Position, Snapshot, bad_input, batched, check_id, subscription
from synthetic_search.saved.events import SEARCH_MATCHED
from synthetic_search.saved.finding import Noted, find_hits
from synthetic_search.types import SearchHit

IDS_MAX = 200
"""Most searches of one subscription that are named."""


@strawberry.type(description="What a saved search has found, at one place in the log.")
class SavedSearchUpdate:
    """What an event of a saved search tells; the documents are read when they are selected."""

    position: Position = strawberry.field(description="Where to go on from, for whoever has seen this update.")
    search_id: strawberry.ID = strawberry.field(description="Id of the saved search.")
    noted: strawberry.Private[list[Noted]]

    @classmethod
    def of(cls, event: Event, position: Position) -> Self:
        """The object of an event."""
        hits = event.data()["hits"]
        noted = [(event.entity_id, hit["kind"], hit["entityId"], hit["ordinal"]) for hit in hits]
        return cls(position=position, search_id=strawberry.ID(event.entity_id), noted=noted)

    @batched(needs=("noted",))
    @staticmethod
    def hits(snapshot: Snapshot, parents: "Sequence[SavedSearchUpdate]") -> list[list[SearchHit]]:
        """The documents as they are now, the one that was indexed first first; those that are gone are left out."""
        found = iter(find_hits(snapshot, [noted for parent in parents for noted in parent.noted]))
        return [[hit for hit in (next(found) for _ in parent.noted) if hit is not None] for parent in parents]


@subscription
async def saved_search_hits(
    live: Live,
    ids: Annotated[
        list[strawberry.ID] | None, strawberry.argument(description="Only these saved searches; all without it.")
    ] = None,
    after: AfterPosition = None,
) -> AsyncGenerator[SavedSearchUpdate]:
    """What saved searches come to find, each document once for each search."""
    if ids is not None and len(ids) > IDS_MAX:
        raise bad_input("ids", f"must hold at most {IDS_MAX} values")
    wanted = None if ids is None else frozenset(check_id(str(id), "ids") for id in ids)
    only_id = ids[0] if ids is not None and len(ids) == 1 else None
    async with aclosing(live.follow(after, (SEARCH_MATCHED,), entity_id=only_id)) as events:
        async for event in events:
            if wanted is None or event.entity_id in wanted:
                yield SavedSearchUpdate.of(event, live.at(event))
