"""What clients send in: the inputs of mutations."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Collection

import strawberry

from synthetic_search.asking.inputs import SearchFilter
from synthetic_search.index.filters import EVERYTHING
from synthetic_search.saved.model import SearchContent


@strawberry.input(description="A search that is to be kept. What is left out of an existing one stays as it is.")
class SaveSearchInput:
    """The input of `saveSearch`."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="1 to 200 printable characters. Without it, the search is new and gets a UUIDv7.",
    )
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed; without it, other content is a CONFLICT."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="One line for a person: 1 to 200 characters. A new search needs it."
    )
    query: str | None = strawberry.field(
        default=strawberry.UNSET, description="What `search` takes as its query. A new search needs it."
    )
    filter: SearchFilter | None = strawberry.field(
        default=strawberry.UNSET, description="What `search` takes as its filter; null: none."
    )

    def content(self, kinds: Collection[str]) -> SearchContent:
        """The fields that it gives.

        Args:
            kinds: The kinds of documents that there are.

        Raises:
            BadUserInputError: A value of the filter is not acceptable.
        """
        content = SearchContent()
        if self.name is not strawberry.UNSET:
            content["name"] = self.name or ""
        if self.query is not strawberry.UNSET:
            content["query"] = self.query or ""
        if self.filter is not strawberry.UNSET:
            content["filters"] = EVERYTHING if self.filter is None else self.filter.filters(kinds)
        return content


@strawberry.input(description="Which saved search is to be deleted.")
class DeleteSearchInput:
    """The input of `deleteSearch`."""

    id: strawberry.ID = strawberry.field(description="The id of the search.")
