"""The documents whose vectors are nearest to one.

All of the bits that may be meant are looked through, those that differ in the
fewest become candidates, and their bytes put them in order. Filters come first:
what they leave is what is looked through, so that a narrow filter does not find
that the nearest of all documents are others. Where they leave more than is
worth listing, so many candidates are taken that enough of them pass.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic import Snapshot, from_json, to_json
from synthetic_search.index.filters import EVERYTHING, Filters
from synthetic_search.index.places import filter_condition
from synthetic_search.meaning.codes import signs_of, turned
from synthetic_search.meaning.model import ModelRecord, Similar
from synthetic_search.meaning.vectors import Block

CANDIDATES_MIN = 1_000
CANDIDATES_SHARE = 0.01
CANDIDATES_MAX = 10_000
"""Of 200,000 documents, 2,000 candidates have 0.98 of the twenty nearest."""

EXACT_MAX = 4_000
"""Where a filter leaves no more, their bytes are read without looking at bits: it costs about the same."""

LISTED_MAX = 100_000
"""A filter that leaves more is asked about candidates instead."""

BROAD_FACTOR = 8
"""So many times the candidates are taken then."""

WIDENING = 4
"""Where too many candidates have gone, or do not pass, so many times as many are taken, and again."""


class _Looked(NamedTuple):
    """What was looked through.

    Attributes:
        ids: Of the documents.
        differing: In how many bits each differs from what is sought.
        enough: How many candidates are to be put in order.
    """

    ids: NDArray[np.int64]
    differing: NDArray[np.uint16]
    enough: int

    def nearest(self, count: int) -> NDArray[np.int64]:
        """Ids of those that differ least, in order; at most so many."""
        if len(self.ids) <= count:
            return np.sort(self.ids)
        return np.sort(self.ids[np.argpartition(self.differing, count)[:count]])


class _Filter(NamedTuple):
    """What a filter leaves.

    Attributes:
        condition: In SQL, over `search_documents d JOIN search_groups g`.
        params: What is bound in it.
        ids: The documents, in order; None: not listed.
        is_broad: Whether there are more than are listed.
    """

    condition: str
    params: dict[str, Any]
    ids: NDArray[np.int64] | None
    is_broad: bool


_LAST_ID = 2**63 - 1
_NO_FILTER = _Filter("TRUE", {}, None, is_broad=False)


def find_nearest(
    snapshot: Snapshot,
    model: ModelRecord,
    vector: NDArray[np.float32],
    filters: Filters,
    limit: int,
    *,
    through: int | None = None,
) -> tuple[Similar, ...]:
    """The documents nearest to a vector, best first; of a long one, its nearest part.

    Args:
        snapshot: To read in.
        model: Whose vectors are meant.
        vector: Of the model's dimension.
        filters: What documents must be.
        limit: How many at most.
        through: Up to which row of the index; None: all of it.
    """
    sought = turned(vector.reshape(1, -1).astype(np.float32))
    last = _LAST_ID if through is None else through
    narrowed = _NO_FILTER if filters == EVERYTHING else _narrow(snapshot, filters, last)
    if narrowed.ids is not None and len(narrowed.ids) <= EXACT_MAX:
        return _rescore(snapshot, model, sought[0], narrowed.ids, narrowed, limit)[0]
    looked = _look_through(snapshot, model, sought, narrowed, last)
    widest = min(len(looked.ids), CANDIDATES_MAX * BROAD_FACTOR)
    most = looked.enough * (BROAD_FACTOR if narrowed.is_broad else 1)
    while True:
        found, passed = _rescore(snapshot, model, sought[0], looked.nearest(most), narrowed, limit)
        is_enough = len(found) == limit and 2 * passed >= looked.enough
        if is_enough or most >= widest:
            return found
        most = min(widest, most * WIDENING)


def _narrow(snapshot: Snapshot, filters: Filters, last: int) -> _Filter:
    condition, params = filter_condition(filters)
    sql = f"""
        SELECT json_group_array(id) FROM (
            SELECT d.id FROM search_documents AS d JOIN search_groups AS g ON g.key = d.group_key
            WHERE {condition} AND +d.id <= :last LIMIT {LISTED_MAX + 1}
        )
    """
    found = np.array(from_json(snapshot.value(sql, {**params, "last": last})), dtype=np.int64)
    found.sort()
    is_broad = len(found) > LISTED_MAX
    return _Filter(condition, dict(params), None if is_broad else found, is_broad)


def _look_through(
    snapshot: Snapshot, model: ModelRecord, sought: NDArray[np.float32], narrowed: _Filter, last: int
) -> _Looked:
    """The bits of all that may be meant."""
    bits = signs_of(sought, np.frombuffer(model.middle, dtype="<f4"))[0]
    listed = narrowed.ids
    sql = "SELECT ids, bits FROM search_vector_blocks WHERE model_key = :key AND first_id <= :last"
    params: dict[str, Any] = {"key": model.key, "last": last}
    if listed is not None:
        sql += " AND last_id >= :first"
        params |= {"first": int(listed[0]), "last": int(listed[-1])}
    found: list[NDArray[np.int64]] = []
    differing: list[NDArray[np.uint16]] = []
    for row in snapshot.iterate(sql, params):
        block = Block.read(*row)
        difference = np.zeros(len(block.ids), dtype=np.uint16)
        for stored, wanted in zip(block.bits, bits, strict=True):
            difference += np.bitwise_count(stored ^ wanted)
        ids = block.ids
        if listed is not None:
            at = np.searchsorted(listed, ids)
            at[at == len(listed)] = 0
            is_listed = listed[at] == ids
            ids, difference = ids[is_listed], difference[is_listed]
        elif len(ids) and ids[-1] > last:
            is_meant = ids <= last
            ids, difference = ids[is_meant], difference[is_meant]
        found.append(ids)
        differing.append(difference)
    every = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
    differences = np.concatenate(differing) if found else np.zeros(0, dtype=np.uint16)
    return _Looked(every, differences, min(CANDIDATES_MAX, max(CANDIDATES_MIN, int(len(every) * CANDIDATES_SHARE))))


def _rescore(
    snapshot: Snapshot,
    model: ModelRecord,
    sought: NDArray[np.float32],
    candidates: NDArray[np.int64],
    narrowed: _Filter,
    limit: int,
) -> tuple[tuple[Similar, ...], int]:
    """Candidates by their bytes, best first; without those that have gone, or that a filter leaves out.

    Returns:
        The best, and of how many they are the best.
    """
    groups = "JOIN search_groups AS g ON g.key = d.group_key" if narrowed.is_broad else ""
    sql = f"""
        SELECT v.document_id, v.scale, v.levels, d.entity_key, d.ordinal
        FROM json_each(:ids) AS candidate
        CROSS JOIN search_vectors AS v ON v.model_key = :model AND v.document_id = candidate.value
        CROSS JOIN search_documents AS d ON d.id = v.document_id {groups}
        WHERE {narrowed.condition if narrowed.is_broad else "TRUE"}
    """
    params = (narrowed.params if narrowed.is_broad else {}) | {"ids": to_json(candidates.tolist()), "model": model.key}
    rows = snapshot.rows(sql, params)
    if not rows:
        return (), 0
    levels = np.frombuffer(b"".join(row[2] for row in rows), dtype=np.int8).reshape(len(rows), -1)
    scores = (levels.astype(np.float32) @ sought) * np.array([row[1] for row in rows], dtype=np.float32)
    best: dict[tuple[int, int], Similar] = {}
    for number in np.argsort(-scores, kind="stable"):
        id, _scale, _levels, entity_key, ordinal = rows[number]
        best.setdefault((entity_key, ordinal), Similar(id, float(scores[number])))
        if len(best) == limit:
            break
    return tuple(best.values()), len(rows)
