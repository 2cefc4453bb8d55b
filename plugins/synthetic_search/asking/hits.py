"""From what was found to what a client sees: the documents of a page are read again, and snippets cut from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import strawberry

from synthetic import JSON, DateTime, Long, RawJSON, Snapshot
from synthetic_search.asking.model import Found
from synthetic_search.asking.snippets import Snippet, SnippetMaker, wanted_of
from synthetic_search.documents import SearchDocument, SearchDocuments
from synthetic_search.index.explaining import WordScore, explain_words
from synthetic_search.index.expressions import phrases_of
from synthetic_search.index.extent import Extent
from synthetic_search.index.places import Place, find_places, read_documents
from synthetic_search.language.model import Query
from synthetic_search.settings import SearchSettings
from synthetic_search.types import SearchExplanation, SearchHighlight, SearchHit, SearchSnippet, SearchWordScore

NO_SNIPPET = SearchSnippet(text="", highlights=[])


class Wishes(NamedTuple):
    """What is asked of hits beyond their own fields.

    Attributes:
        snippets: The stretches that say why.
        explanations: How scores came about.
        extent: What these scores were made of; None: all that is indexed now.
    """

    snippets: bool = True
    explanations: bool = False
    extent: Extent | None = None


def read_hits(
    snapshot: Snapshot, query: Query, found: Sequence[Found], wishes: Wishes
) -> list[tuple[Found, SearchHit]]:
    """The hits of a page, in order; those whose documents are gone by now are left out.

    Args:
        snapshot: To read in.
        query: What was asked.
        found: Those of the page.
        wishes: What is asked of them.
    """
    types = {record.kind: record.type_name for record in snapshot.contributed(SearchDocuments)}
    pairs = zip(found, find_places(snapshot, [each.id for each in found]), strict=True)
    placed = [(each, place) for each, place in pairs if place is not None]
    documents = read_documents(snapshot, [place for _, place in placed], with_bodies=wishes.snippets)
    wanted = wanted_of(tuple(phrases_of(query.wanted))) if wishes.snippets and query.wanted is not None else ()
    maker = SnippetMaker(wanted, snapshot.settings(SearchSettings).snippet_characters)
    explained: dict[int, tuple[WordScore, ...]] = {}
    if wishes.explanations and query.expression is not None:
        ids = [each.id for each, _ in placed]
        explained = dict(zip(ids, explain_words(snapshot, query.expression, ids, wishes.extent), strict=True))
    hits: list[tuple[Found, SearchHit]] = []
    for (each, place), document in zip(placed, documents, strict=True):
        if document is not None:
            snippet = _snippet(maker.make(document.body)) if wishes.snippets else NO_SNIPPET
            explanation = _explanation(each, explained.get(each.id, ())) if wishes.explanations else None
            hits.append((each, _hit(each, place, document, types.get(place.kind, ""), snippet, explanation)))
    return hits


def _hit(
    found: Found,
    place: Place,
    document: SearchDocument,
    type_name: str,
    snippet: SearchSnippet,
    explanation: SearchExplanation | None,
) -> SearchHit:
    return SearchHit(
        kind=place.kind,
        id=strawberry.ID(document.id),
        node_id=strawberry.ID(f"{type_name}:{document.id}") if type_name else None,
        title=document.title,
        snippet=snippet,
        score=found.score,
        construct_id=_id(place.construct_id),
        session_id=_id(place.session_id),
        status=place.status,
        facets=cast("JSON", RawJSON(place.facets)),
        occurred_at=DateTime(place.occurred_at),
        group_size=found.group_size,
        explanation=explanation,
    )


def _id(value: str | None) -> strawberry.ID | None:
    return None if value is None else strawberry.ID(value)


def _snippet(made: Snippet) -> SearchSnippet:
    return SearchSnippet(
        text=made.text, highlights=[SearchHighlight(start=at.start, end=at.end) for at in made.highlights]
    )


def _explanation(found: Found, words: Sequence[WordScore]) -> SearchExplanation:
    return SearchExplanation(
        word_rank=found.word_rank,
        word_score=found.word_score,
        meaning_rank=found.meaning_rank,
        similarity=found.similarity,
        words=[
            SearchWordScore(
                phrase=word.phrase.text, occurrences=word.occurrences, documents=Long(word.documents), score=word.score
            )
            for word in words
        ],
    )
