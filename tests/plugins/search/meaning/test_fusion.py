"""One ranking of two, by reciprocal ranks."""

from __future__ import annotations

import pytest

from synthetic_search.index.hits import Hit
from synthetic_search.meaning.fusion import Fused, fuse
from synthetic_search.meaning.model import Similar

WORDS = (Hit(1, 9.0), Hit(2, 7.0), Hit(3, 2.0))
SIMILAR = (Similar(3, 0.9), Similar(4, 0.8))


def test_a_document_has_the_sum_of_its_reciprocal_ranks(opening):
    with opening(hybrid_rank_constant=60) as store:
        fused = store.read(fuse, WORDS, SIMILAR, 1.0)
    assert [each.id for each in fused] == [3, 1, 4, 2]
    assert fused[0] == Fused(3, pytest.approx(1 / 63 + 1 / 61), 3, 2.0, 1, 0.9)
    assert fused[2] == Fused(4, pytest.approx(1 / 62), None, None, 2, 0.8)


def test_a_query_of_which_little_is_understood_keeps_the_order_of_words(opening):
    with opening() as store:
        assert [each.id for each in store.read(fuse, WORDS, SIMILAR, 0.01)] == [1, 2, 3, 4]
        assert [each.id for each in store.read(fuse, WORDS, SIMILAR, 0.0)] == [1, 2, 3, 4]
    with opening(hybrid_words_weight=0.0) as store:
        assert [each.id for each in store.read(fuse, WORDS, SIMILAR, 1.0)][:2] == [3, 4]
