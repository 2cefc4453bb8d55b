"""How scores came about: what each phrase of an expression adds to that of a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthetic import Snapshot, from_json, to_json
from synthetic_search.index.counting import WordCounts, make_matcher
from synthetic_search.index.expressions import Expression, Phrase
from synthetic_search.index.extent import Extent
from synthetic_search.index.lengths import DocumentLengths
from synthetic_search.index.scoring import plan_text, terms_of
from synthetic_search.settings import SearchSettings


class WordScore(NamedTuple):
    """What one phrase of an expression adds to the score of a document.

    Attributes:
        phrase: As it was asked for.
        occurrences: How often it occurs in the title and the body.
        documents: In about how many documents it occurs.
        score: What that comes to.
    """

    phrase: Phrase
    occurrences: int
    documents: int
    score: float


def explain_words(
    snapshot: Snapshot, expression: Expression, ids: Sequence[int], extent: Extent | None = None
) -> list[tuple[WordScore, ...]]:
    """For each document what the phrases of the expression add to its score; nothing for one that does not match.

    Args:
        snapshot: To search in.
        expression: What was asked.
        ids: Of the documents.
        extent: What their scores are made of; None: all that is indexed now.
    """
    settings = snapshot.settings(SearchSettings)
    counts = WordCounts(snapshot, settings.scored_matches, extent)
    matcher = make_matcher(snapshot, counts)
    query = matcher.query(expression)
    if query is None:
        return [() for _ in ids]
    told: dict[int, tuple[WordScore, ...]] = {}
    for id, text in snapshot.rows(
        "SELECT rowid, search_explain(search_text, :plan) FROM search_text WHERE search_text MATCH :query"
        " AND rowid IN (SELECT value FROM json_each(:ids))",
        {
            "query": query,
            "ids": to_json(ids),
            "plan": plan_text(
                terms_of(matcher.scored, counts.extent),
                counts.extent,
                settings.title_weight,
                snapshot.resource(DocumentLengths),
            ),
        },
    ):
        told[id] = tuple(
            WordScore(each.phrase, occurrences, each.documents, score)
            for each, (occurrences, score) in zip(matcher.scored, from_json(text), strict=True)
        )
    return [told.get(id, ()) for id in ids]
