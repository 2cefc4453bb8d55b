"""The GraphQL types of an answer as a whole. Those of what is found stand in `synthetic_search.types`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Callable
from typing import Self

import strawberry

from synthetic import Connection, Edge, Long, PageInfo
from synthetic_search.asking.enums import SearchMode
from synthetic_search.asking.facets import Facet
from synthetic_search.asking.model import Answer
from synthetic_search.types import SearchHit


@strawberry.type(description="A value of a facet.")
class SearchFacetValue:
    """How many of the documents that match have a value."""

    value: str = strawberry.field(description="The value, as `filter` takes it.")
    count: Long = strawberry.field(description="How many of the documents that match have it.")


@strawberry.type(description="By what one may narrow a search, and how many documents that would leave.")
class SearchFacet:
    """A facet of an answer."""

    name: str = strawberry.field(
        description="`kind`, `construct`, `session`, `status`, or what `filter.facets` takes: `type`, `project`."
    )
    values: list[SearchFacetValue] = strawberry.field(description="Its values, at most 20: the most frequent first.")
    is_exact: bool = strawberry.field(
        description="Whether these are all its values, counted among all that match; else among the newest 10,000."
    )

    @classmethod
    def of(cls, facet: Facet) -> Self:
        """The object of a count."""
        values = [SearchFacetValue(value=value, count=Long(count)) for value, count in facet.values]
        return cls(name=facet.name, values=values, is_exact=facet.is_exact)


@strawberry.type(description="A page of what was found, and what can be said of all of it.")
class SearchConnection(Connection[SearchHit]):
    """What `search` gives. What costs more than the page is found when it is asked for, in the same snapshot."""

    mode: SearchMode = strawberry.field(description="How it was searched: what was asked for, or what could be done.")
    is_exact: bool = strawberry.field(
        description="Whether `totalCount` is all that match; else at least so many do, and the best are listed."
    )
    count_facets: strawberry.Private[Callable[[], list[Facet]]]
    suggest_query: strawberry.Private[Callable[[], str | None]]

    @strawberry.field(description="By what the search may be narrowed; counted among what matches by words.")
    def facets(self) -> list[SearchFacet]:
        """Counts in the operation's snapshot."""
        return [SearchFacet.of(facet) for facet in self.count_facets()]

    @strawberry.field(
        description="Where nothing was found: the query with words that occur nowhere replaced by near ones that do; "
        "null: there are none."
    )
    def did_you_mean(self) -> str | None:
        """Looks in the words of the index."""
        return self.suggest_query()


def connection_of_hits(
    answer: Answer,
    hits: list[tuple[str, SearchHit]],
    page_info: PageInfo,
    *,
    count_facets: Callable[[], list[Facet]],
    suggest_query: Callable[[], str | None],
) -> SearchConnection:
    """The connection of a page.

    Args:
        answer: Of which it is a page.
        hits: Its hits that are still there, each with its cursor.
        page_info: Where it stands.
        count_facets: Called when facets are asked for.
        suggest_query: Called when a suggestion is asked for.
    """
    return SearchConnection(
        edges=[Edge(node=hit, cursor=cursor) for cursor, hit in hits],
        nodes=[hit for _, hit in hits],
        page_info=page_info,
        count=lambda: answer.matched,
        mode=answer.mode,
        is_exact=answer.is_exact,
        count_facets=count_facets,
        suggest_query=suggest_query,
    )
