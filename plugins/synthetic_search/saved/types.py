"""The GraphQL types of saved searches."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
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
    Snapshot,
    batched,
    find_rows,
    pages,
    values_of,
)
from synthetic_search.saved.finding import find_hits
from synthetic_search.saved.model import SavedSearch as SearchRecord
from synthetic_search.saved.model import SavedSearchHit as HitRecord
from synthetic_search.saved.store import TABLE, select_hits
from synthetic_search.types import SearchHit

LAST_FIRST = Order(("key",), (int,), descending=True)


@strawberry.type(description="Something that a saved search has found.")
class SavedSearchHit:
    """A row of `saved_search_hits`."""

    kind: str = strawberry.field(description="What kind of document it is.")
    hit_at: DateTime = strawberry.field(description="When it was found.")
    search_id: strawberry.Private[str]
    entity_id: strawberry.Private[str]
    ordinal: strawberry.Private[int]

    of = FromRecord(HitRecord)

    @batched(needs=("search_id", "kind", "entity_id", "ordinal"))
    @staticmethod
    def hit(snapshot: Snapshot, parents: "Sequence[SavedSearchHit]") -> list[SearchHit | None]:
        """The document as it is now; null where it is gone."""
        columns = (values_of(parents, name) for name in ("search_id", "kind", "entity_id", "ordinal"))
        return find_hits(snapshot, list(zip(*columns, strict=True)))


@strawberry.type(description="A search that is kept, and looked for in all that is indexed from then on.")
class SavedSearch(Node):
    """A row of `saved_searches`."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    name: str = strawberry.field(description="One line for a person.")
    query: str = strawberry.field(description="What it looks for, as `search` takes it.")
    filter: JSON = strawberry.field(
        description="Conditions beside those of the query: a JSON object, with instants as Unix milliseconds."
    )
    created_by: str = strawberry.field(description="Who saved it, as the store knows the caller.")
    version: int = strawberry.field(description="1 at first, one more with each change.")
    created_at: DateTime = strawberry.field(description="When it was saved first.")
    updated_at: DateTime = strawberry.field(description="When it was changed last.")

    of = FromRecord(SearchRecord)

    @batched(needs=("id",))
    @staticmethod
    def hits(
        snapshot: Snapshot,
        parents: "Sequence[SavedSearch]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[SavedSearchHit]]:
        """What it has found since it was saved, each document once, the last found first.

        It is forgotten after `plugins.search.keep_search_hits_ms`.
        """
        return pages(
            snapshot,
            SavedSearchHit,
            select_hits(),
            each=values_of(parents, "id"),
            order=LAST_FIRST,
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )


def find_saved_search_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[SavedSearch | None]:
    """For each id, the saved search or None: how `node(id:)` finds them."""
    return find_rows(snapshot, SavedSearch, TABLE, ids, asked)
