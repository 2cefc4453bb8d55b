"""Records of saved searches, and what may be in them: pure, no SQL."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict

from synthetic import check_text, from_json, to_json
from synthetic_search.asking.inputs import filters_as_json, filters_from_json
from synthetic_search.index.filters import Filters
from synthetic_search.settings import SearchSettings

NAME_CHARACTERS_MAX = 200


class SavedSearch(NamedTuple):
    """A row of `saved_searches`; instants are Unix milliseconds UTC.

    Attributes:
        id: The caller's, or a UUIDv7.
        name: One line for a person.
        query: In the query language.
        filter: JSON of conditions beside those of the query.
        seen_through: Up to which row of the index it was looked for.
        created_by: Who saved it, as the store knows the caller.
        version: 1 at first, one more with each change.
        created_at: When it was saved first.
        updated_at: When it was changed last.
    """

    id: str
    name: str
    query: str
    filter: str
    seen_through: int
    created_by: str
    version: int
    created_at: int
    updated_at: int

    @property
    def filters(self) -> Filters:
        """Its conditions beside those of the query."""
        return filters_from_json(from_json(self.filter))


class SavedSearchHit(NamedTuple):
    """A row of `saved_search_hits`.

    Attributes:
        key: Grows.
        search_id: The search that has found it.
        kind: What kind of document it is.
        entity_id: The entity that it comes from.
        ordinal: Its place among the documents of that.
        hit_at: When it was found, Unix milliseconds UTC.
    """

    key: int
    search_id: str
    kind: str
    entity_id: str
    ordinal: int
    hit_at: int


class SearchContent(TypedDict, total=False):
    """What a save says; a key that is absent says nothing about its field."""

    name: str
    query: str
    filters: Filters


class SavedSearchResult(NamedTuple):
    """What a save came to.

    Attributes:
        search: As it is stored now.
        created: Whether it was not there before.
        changed: Whether anything was written.
    """

    search: SavedSearch
    created: bool
    changed: bool


def check_content(content: SearchContent, settings: SearchSettings) -> dict[str, Any]:
    """The columns that a save gives, each acceptable and as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    columns: dict[str, Any] = {}
    if "name" in content:
        columns["name"] = check_text(content["name"], "name", characters_min=1, characters_max=NAME_CHARACTERS_MAX)
    if "query" in content:
        columns["query"] = check_text(content["query"], "query", characters_max=settings.query_characters)
    if "filters" in content:
        columns["filter"] = to_json(filters_as_json(content["filters"]))
    return columns
