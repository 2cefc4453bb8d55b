"""From what was noted of a hit to the hit: the document as it is now, with the part that the search has matched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from synthetic import Snapshot
from synthetic_search.asking.answering import understand_kept
from synthetic_search.asking.hits import Wishes, read_hits
from synthetic_search.asking.model import Found
from synthetic_search.index.retrieval import which_match
from synthetic_search.language.model import Query
from synthetic_search.saved.store import find_search, list_rows_of
from synthetic_search.types import SearchHit

Noted: TypeAlias = tuple[str, str, str, int]
"""The search, and the kind, entity and ordinal of what it has found."""

PARTS_MAX = 200
"""Most parts of long documents among which those that match are looked for."""


def find_hits(snapshot: Snapshot, noted: Sequence[Noted]) -> list[SearchHit | None]:
    """For each, the hit, or None where the document or the search is gone."""
    hits: list[SearchHit | None] = [None] * len(noted)
    by_search: dict[str, list[int]] = {}
    for place, (search_id, *_) in enumerate(noted):
        by_search.setdefault(search_id, []).append(place)
    for search_id, places in by_search.items():
        search = find_search(snapshot, search_id)
        query = None if search is None else understand_kept(snapshot, search.query, search.filters)
        for place, hit in _hits_of(snapshot, query or Query(), [(place, noted[place]) for place in places]).items():
            hits[place] = hit
    return hits


def _hits_of(snapshot: Snapshot, query: Query, noted: Sequence[tuple[int, Noted]]) -> dict[int, SearchHit]:
    """The hits of one search, by their places."""
    rows = list_rows_of(snapshot, [each[1:] for _, each in noted])
    parts = [row for of_one in rows if len(of_one) > 1 for row in of_one][:PARTS_MAX]
    matching = frozenset[int]() if query.expression is None else which_match(snapshot, query.expression, parts)
    chosen = {
        next((row for row in of_one if row in matching), of_one[0]): place
        for (place, _), of_one in zip(noted, rows, strict=True)
        if of_one
    }
    found = [Found(row, 0.0) for row in chosen]
    return {chosen[each.id]: hit for each, hit in read_hits(snapshot, query, found, Wishes())}
