"""Root mutation fields: `saveSearch` and `deleteSearch`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, Transaction, mutation
from synthetic_search.asking.answering import kinds_of
from synthetic_search.saved import store as search_store
from synthetic_search.saved.inputs import DeleteSearchInput, SaveSearchInput
from synthetic_search.saved.types import SavedSearch


@strawberry.type(description="What `saveSearch` came to.")
class SaveSearchPayload:
    """The payload of `saveSearch`."""

    search: SavedSearch = strawberry.field(description="The search as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@strawberry.type(description="What `deleteSearch` did.")
class DeleteSearchPayload:
    """The payload of `deleteSearch`."""

    id: strawberry.ID = strawberry.field(description="The id of the search.")


@mutation(entity="saved_search")
def save_search(tx: Transaction, input: SaveSearchInput) -> SaveSearchPayload:
    """Keep a search, and look for it in all that is indexed from now on; the same again is returned as it is."""
    content = input.content(kinds_of(tx))
    saved = search_store.save_search(tx, content, id=input.id, if_version=input.if_version)
    return SaveSearchPayload(search=SavedSearch.of(saved.search), created=saved.created, changed=saved.changed)


@mutation(entity="saved_search", frees=True)
def delete_search(store: BlockingStore, input: DeleteSearchInput) -> DeleteSearchPayload:
    """Delete a saved search, and the list of what it has found."""
    search_store.delete_search(store, input.id)
    return DeleteSearchPayload(id=input.id)
