"""How many of the documents that match are of which kind, construct, session and status, and have which facets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from synthetic import Snapshot, from_json, to_json
from synthetic_search.index.retrieval import list_matches, which_match
from synthetic_search.language.model import Query

MATCHES_MAX = 10_000
"""Most matches that are counted: of more, the newest."""

VALUES_MAX = 20
"""Most values of a facet that are told: those with the most documents."""

DIMENSIONS = ("kind", "construct", "session", "status")
"""What every document may have; facets of their own come behind these."""

# A long document is several rows, and is counted once.
_COUNTED = """
SELECT g.kind, g.construct_id, g.session_id, g.status, g.facets, count(*)
FROM (
    SELECT DISTINCT entity_key, ordinal, group_key FROM search_documents
    WHERE id IN (SELECT value FROM json_each(:ids))
) AS d
JOIN search_groups AS g ON g.key = d.group_key
GROUP BY g.key
"""


class Facet(NamedTuple):
    """A facet of what was found.

    Attributes:
        name: Of the facet.
        values: Each with its number of documents, the largest number first.
        is_exact: Whether all that match were counted, and no value is left out.
    """

    name: str
    values: tuple[tuple[str, int], ...]
    is_exact: bool


def count_facets(snapshot: Snapshot, query: Query) -> list[Facet]:
    """The facets of all that match by words; where nothing is said in words, of what the filters leave."""
    ids, is_complete = list_matches(snapshot, query.expression, query.filters, MATCHES_MAX)
    if query.expression is None and query.unwanted is not None:
        unwanted = which_match(snapshot, query.unwanted, ids)
        ids = [id for id in ids if id not in unwanted]
    return _facets(snapshot.rows(_COUNTED, {"ids": to_json(ids)}), is_complete=is_complete)


def _facets(groups: Sequence[tuple[Any, ...]], *, is_complete: bool) -> list[Facet]:
    counters: dict[str, Counter[str]] = {name: Counter() for name in DIMENSIONS}
    for *values, facets, count in groups:
        named = {**dict(zip(DIMENSIONS, values, strict=True)), **from_json(facets)}
        for name, value in named.items():
            if value:
                counters.setdefault(name, Counter())[value] += count
    return [
        Facet(name, tuple(_largest(counter)), is_complete and len(counter) <= VALUES_MAX)
        for name, counter in counters.items()
        if counter
    ]


def _largest(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:VALUES_MAX]
