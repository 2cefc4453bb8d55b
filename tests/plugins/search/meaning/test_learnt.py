"""The embedder that learns from texts: what it knows of words that never stand together."""

from __future__ import annotations

import numpy as np
import pytest
from tests.plugins.search.meaning.endpoint import THEMES

from synthetic_search.meaning import learnt
from synthetic_search.meaning.learnt import fit_texts, open_fitted
from synthetic_search.meaning.sparse import SparseRows


def texts_of_themes(count=300):
    """Each of some words of one theme, and of some that all have; the first two of a theme never stand together."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(count):
        theme = THEMES[rng.integers(len(THEMES))]
        without = theme[rng.integers(2)]
        words = [word for word in rng.permutation(theme)[:3] if word != without]
        found.append(" ".join([*words, "the", "agent", f"n{rng.integers(3)}"]))
    return found


@pytest.fixture(scope="module")
def texts():
    return texts_of_themes()


@pytest.fixture(scope="module")
def embedder(texts):
    return open_fitted(fit_texts(texts))


def test_a_product_is_that_of_the_same_rows_written_out():
    rng = np.random.default_rng(0)
    written_out = rng.standard_normal((150, 40)) * (rng.random((150, 40)) < 0.1)
    written_out[[0, 3, 149]] = 0  # rows without anything
    row, column = written_out.nonzero()
    starts = np.searchsorted(row, np.arange(151))
    rows = SparseRows(column.astype(np.int32), written_out[row, column].astype(np.float32), starts)
    matrix = rng.standard_normal((40, 7)).astype(np.float32)
    other = rng.standard_normal((150, 7)).astype(np.float32)
    assert np.allclose(rows.times(matrix), written_out @ matrix, atol=1e-5)
    assert np.allclose(rows.transposed(40).times(other), written_out.T @ other, atol=1e-5)


def test_words_of_one_theme_are_near_though_they_never_stand_together(embedder):
    ship, harbour, bread = embedder.embed_documents(["ship", "harbour", "bread"])
    assert ship @ harbour > 0.25 > abs(ship @ bread) + 0.1


def test_vectors_have_length_one_and_a_text_of_unknown_words_has_none(embedder):
    vectors = embedder.embed_documents(["Ships and sailors", "qwertz", "", "the agent"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0, 0, 0], atol=1e-5)


def test_a_query_weighs_as_much_as_the_embedder_knows_of_it(embedder):
    assert embedder.embed_query("sailors the agent").weight == 1.0
    assert 0 < embedder.embed_query("sailors ERR_49021").weight < 0.6
    assert embedder.embed_query("ERR_49021").weight == 0.0


def test_the_same_texts_make_the_same_model(texts):
    first, second = fit_texts(texts), fit_texts(iter(texts))
    vectors = [open_fitted(each).embed_documents(texts[:20]) for each in (first, second)]
    assert np.array_equal(*vectors)


@pytest.mark.parametrize("texts", [[], ["alone"], ["one two", "one three"], ["same same"] * 5, ["", " "]])
def test_too_few_texts_make_a_model_that_finds_nothing_and_does_no_harm(texts):
    embedder = open_fitted(fit_texts(texts))
    assert np.isfinite(embedder.embed_documents(["one two", "same"])).all()
    assert embedder.embed_query("one same").weight <= 1


def test_scripts_without_spaces_are_learnt_by_their_characters():
    texts = ["重试代码", "重试策略", "面包烤箱", "面包面粉"] * 5
    code, retry, bread = open_fitted(fit_texts(texts)).embed_documents(["代码", "重试", "烤箱"])
    assert code @ retry > 0.5 > abs(code @ bread)


def test_ids_and_hashes_are_not_learnt_and_yet_are_strange_in_a_query(texts):
    named = [f"{text} {number % 3}7e04d19" for number, text in enumerate(texts)]
    embedder = open_fitted(fit_texts(named))
    assert not embedder.embed_documents(["17e04d19"]).any()
    assert embedder.embed_query("sailors 57e04d19").weight < 1


def test_of_ever_new_words_only_the_frequent_are_held(texts, monkeypatch):
    monkeypatch.setattr(learnt, "TERMS_HELD", 100)
    rng = np.random.default_rng(3)
    named = [f"{text} {' '.join(f'w{each}x' for each in rng.integers(1e9, size=9))}" for text in texts]
    ship, harbour, bread = open_fitted(fit_texts(named)).embed_documents(["ship", "harbour", "bread"])
    assert ship @ harbour > 0.25 > abs(ship @ bread) + 0.1
