"""Root query fields: `search`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from dataclasses import replace
from typing import Annotated, Any

import strawberry

from synthetic import (
    After,
    Asked,
    Before,
    First,
    Last,
    LimitSettings,
    PageInfo,
    PreparingReads,
    Snapshot,
    query,
    read_window,
)
from synthetic_search.asking.answering import NOTHING, answer, kinds_of, plain_words_of, understand
from synthetic_search.asking.enums import SearchGrouping, SearchMode
from synthetic_search.asking.facets import count_facets
from synthetic_search.asking.hits import Wishes, read_hits
from synthetic_search.asking.inputs import SearchFilter
from synthetic_search.asking.model import Question
from synthetic_search.asking.paging import ORDER, extent_of, is_far_enough, listed_for, page_of
from synthetic_search.asking.suggestions import suggest_query
from synthetic_search.asking.types import SearchConnection, connection_of_hits
from synthetic_search.index.filters import EVERYTHING
from synthetic_search.language.model import Query
from synthetic_search.meaning.asking import NO_MEANING, QueryMeaning, prepare_meaning

LONG = 1 << 40
"""More bytes than may be worked through on the thread that serves connections: a search belongs into the pool."""


def _words(snapshot: Snapshot, text: str) -> str:
    understood = understand(snapshot, text)
    return "" if understood is None else plain_words_of(understood)


async def prepare_search(reads: PreparingReads, query: str, mode: SearchMode | None = None, **_: Any) -> QueryMeaning:
    """The meaning of a query's words, as far as it is asked for and can be told; it waits for an embedder."""
    if mode is SearchMode.LEXICAL:
        return NO_MEANING
    words = await reads.read(_words, query)
    return await prepare_meaning(reads, words) if words else NO_MEANING


@query(prepare=prepare_search, reads=("search.index",))
def search(
    snapshot: Snapshot,
    asked: Asked,
    query: Annotated[
        str,
        strawberry.argument(
            description='Words, and if you like "phrases", -exclusions, AND, OR, NOT, NEAR(a b, 5), pre*, (groups), '
            "title:word, kind:, construct:, session:, status:, before: and after:. What is no valid syntax is searched "
            "for as words."
        ),
    ],
    prepared: QueryMeaning,
    mode: Annotated[
        SearchMode | None,
        strawberry.argument(description="How to search; without it, HYBRID where the store can, else LEXICAL."),
    ] = None,
    filter: Annotated[SearchFilter | None, strawberry.argument(description="Which documents; all without it.")] = None,
    group_by: Annotated[
        SearchGrouping | None, strawberry.argument(description="List the best hit of each group, and no others.")
    ] = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> SearchConnection:
    """What is found, the best first; of a query without words, the newest.

    Pages are stable: what is indexed after the first page was made is not in
    the pages that follow it, and does not change their order.
    """
    snapshot.spend(LONG)
    window = read_window(snapshot.settings(LimitSettings), ORDER, first, after, last, before)
    filters = EVERYTHING if filter is None else filter.filters(kinds_of(snapshot))
    understood = understand(snapshot, query, filters)
    found = NOTHING
    extent = extent_of(snapshot, window, has_words=understood is not None and understood.wanted is not None)
    if understood is not None:
        question = Question(understood, mode, group_by, asked.has("totalCount"), listed_for(window))
        found = answer(snapshot, question, prepared, extent)
        if question.listed is not None and not is_far_enough(found.found, window):
            found = answer(snapshot, replace(question, listed=None), prepared, extent)
    page = page_of(found.found, window, extent, with_cursors=asked.has("edges") or asked.has("pageInfo"))
    wishes = Wishes(_is_asked(asked, "snippet"), _is_asked(asked, "explanation"), extent)
    hits = read_hits(snapshot, understood or Query(), page.found, wishes)
    cursors = dict(zip((each.id for each in page.found), page.cursors, strict=True))
    return connection_of_hits(
        found,
        [(cursors[each.id], hit) for each, hit in hits],
        PageInfo(
            has_next_page=window.before is not None if window.backward else page.has_more,
            has_previous_page=page.has_more if window.backward else window.after is not None,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.cursors[-1] if page.cursors else None,
        ),
        count_facets=lambda: [] if understood is None else count_facets(snapshot, understood),
        suggest_query=lambda: None if understood is None or found.found else suggest_query(snapshot, query, understood),
    )


def _is_asked(asked: Asked, field: str) -> bool:
    return asked.has("nodes", field) or asked.has("edges", "node", field)
