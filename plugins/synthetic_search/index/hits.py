"""What rows of the index come to: documents, of a long one its best part."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, TypeAlias

from synthetic import Snapshot, to_json

LOOKED_UP = 500
"""Hits whose documents are looked up at once."""

ALL_ARE_SORTED_FROM = 8
"""Where one in so many rows is wanted, or more, all are sorted."""

Scores: TypeAlias = list[tuple[float, int]]
"""Scores and ids of rows of the index."""

# A long document is several rows, and is counted once.
_COUNTED = """
SELECT count(*) FROM (
    SELECT DISTINCT d.entity_key, d.ordinal
    FROM json_each(:ids) AS j CROSS JOIN search_documents AS d ON d.id = j.value
)
"""


class Hit(NamedTuple):
    """A document that matches.

    Attributes:
        id: Of its row in `search_documents`; of a long document, its best part.
        score: By BM25: the more, the better.
    """

    id: int
    score: float


class Retrieval(NamedTuple):
    """What a search by words came to.

    Attributes:
        hits: Best first; of equal scores, those first that were indexed last.
        matched: How many documents were found to match, listed or not; a long one counts once. Where they were not
            to be counted, at least so many.
        is_complete: Whether that is all there are: else more match, and the newest were looked at.
    """

    hits: tuple[Hit, ...]
    matched: int
    is_complete: bool


def retrieved(snapshot: Snapshot, scores: Scores, limit: int, *, is_complete: bool, is_counted: bool) -> Retrieval:
    """What rows of the index come to as documents."""
    hits = _best_parts(snapshot, scores, limit)
    matched = len(hits)
    if matched == limit and is_counted:
        matched = snapshot.value(_COUNTED, {"ids": to_json([id for _, id in scores])})
    return Retrieval(hits, matched, is_complete=is_complete)


def _best_parts(snapshot: Snapshot, scores: Scores, limit: int) -> tuple[Hit, ...]:
    """The first hits, of each document only the best part."""
    hits: list[Hit] = []
    seen: set[tuple[int, int]] = set()
    in_order = _in_order(scores, limit)
    while some := list(islice(in_order, min(limit, LOOKED_UP))):
        documents = {
            id: (entity, ordinal)
            for id, entity, ordinal in snapshot.rows(
                "SELECT d.id, d.entity_key, d.ordinal FROM json_each(:ids) j"
                " CROSS JOIN search_documents d ON d.id = j.value",
                {"ids": to_json([id for _, id in some])},
            )
        }
        for score, id in some:
            document = documents.get(id)
            if document is None or document in seen:
                continue
            seen.add(document)
            hits.append(Hit(id, score))
            if len(hits) >= limit:
                return tuple(hits)
    return tuple(hits)


def _in_order(scores: Scores, expected: int) -> Iterator[tuple[float, int]]:
    """The best first; to put no more in order than are expected to be taken is much faster."""
    taken = 0
    if expected < len(scores) // ALL_ARE_SORTED_FROM:
        taken = expected
        yield from heapq.nlargest(expected, scores)
    yield from sorted(scores, reverse=True)[taken:]
