"""Hybrid search: two rankings made one, by reciprocal ranks.

A document gets, for each ranking that it is in, 1 / (k + its rank there), times
the weight of that ranking (Cormack, Clarke and Buettcher: Reciprocal Rank
Fusion outperforms Condorcet and individual Rank Learning Methods, SIGIR 2009).
Scores of the two rankings need not be comparable for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthetic import Snapshot
from synthetic_search.index.hits import Hit
from synthetic_search.meaning.model import Similar
from synthetic_search.settings import SearchSettings


class Fused(NamedTuple):
    """A document that was found by its words, its meaning, or both.

    Attributes:
        id: Of its row in `search_documents`.
        score: The sum of the weighted reciprocal ranks.
        word_rank: From 1; None: not found by words.
        word_score: What it has by words; None as above.
        meaning_rank: From 1; None: not found by meaning.
        similarity: What it has by meaning; None as above.
    """

    id: int
    score: float
    word_rank: int | None
    word_score: float | None
    meaning_rank: int | None
    similarity: float | None


def fuse(snapshot: Snapshot, words: Sequence[Hit], similar: Sequence[Similar], weight: float) -> list[Fused]:
    """One ranking of two, best first; of equal scores, the newest first.

    Args:
        snapshot: For the settings.
        words: What was found by words, best first.
        similar: What was found by meaning, best first.
        weight: How much of the words that vector stands for by which it was found, from 0 to 1.
    """
    settings = snapshot.settings(SearchSettings)
    constant, for_meaning = settings.hybrid_rank_constant, settings.hybrid_meaning_weight * weight
    by_words = {hit.id: (rank, hit.score) for rank, hit in enumerate(words, start=1)}
    by_meaning = {hit.id: (rank, hit.similarity) for rank, hit in enumerate(similar, start=1)}
    fused: list[Fused] = []
    for id in by_words | by_meaning:
        word_rank, word_score = by_words.get(id, (None, None))
        meaning_rank, similarity = by_meaning.get(id, (None, None))
        score = 0.0
        if word_rank is not None:
            score += settings.hybrid_words_weight / (constant + word_rank)
        if meaning_rank is not None:
            score += for_meaning / (constant + meaning_rank)
        fused.append(Fused(id, score, word_rank, word_score, meaning_rank, similarity))
    return sorted(fused, key=lambda each: (-each.score, -each.id))
