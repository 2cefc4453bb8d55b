"""What is known of the lengths of documents gives the scores that FTS5's own gives, and is learnt bit by bit."""

from __future__ import annotations

import random

import pytest

from plugins.search.index.making import index_all, say, words
from synthetic import Snapshot
from synthetic.testing import copy_template, open_test_store
from synthetic_search.index import lengths
from synthetic_search.index.explaining import explain_words
from synthetic_search.index.extent import Extent, measure
from synthetic_search.index.filters import EVERYTHING
from synthetic_search.index.lengths import DocumentLengths
from synthetic_search.index.retrieval import find_by_words

ASKED = words("pumpkins")


@pytest.fixture
def store(tmp_path, template):
    draw = random.Random(1)
    settings = {"plugins.search.results": "10000", "plugins.search.part_characters": "100000"}
    with open_test_store(copy_template(template, tmp_path / "store"), settings=settings) as opened:
        say(opened, "t", *("pumpkins " + "straw " * draw.randint(1, 300) for _ in range(1_100)), "straw " * 16_000)
        index_all(opened)
        yield opened


def scores(snapshot: Snapshot) -> dict[int, float]:
    return {hit.id: hit.score for hit in find_by_words(snapshot, ASKED, EVERYTHING, 2_000).hits}


def test_scores_are_the_same_when_lengths_are_known(store):
    before = store.read(scores)
    known = store.read(lambda snapshot: [id for id, length in enumerate(_lengths(snapshot)) if length])
    assert set(known) >= before.keys()
    assert store.read(scores) == before
    (told,) = store.read(explain_words, ASKED, known[:1])
    assert told[0].score == pytest.approx(before[known[0]])


def test_lengths_are_learnt_the_newest_first_and_what_is_new_is_added(store, monkeypatch):
    monkeypatch.setattr(lengths, "LEARNT_AT_ONCE", 400)
    sizes = []
    for _ in range(4):
        store.read(scores)
        sizes.append(store.read(lambda snapshot: sum(map(bool, _lengths(snapshot)))))
    assert sizes == [400, 800, 1_101, 1_101]
    say(store, "more", *["pumpkins again"] * 30)
    index_all(store)
    found = store.read(scores)
    assert store.read(lambda snapshot: _lengths(snapshot)[measure(snapshot).through]) > 0
    assert store.read(scores) == found


def test_a_row_that_a_cursor_made_up_takes_no_room(store):
    def ask(snapshot: Snapshot) -> int:
        find_by_words(snapshot, ASKED, EVERYTHING, 5, extent=Extent(1 << 60, 1_101, 100_000))
        return len(_lengths(snapshot))

    assert store.read(ask) == store.read(measure).through + 1


def _lengths(snapshot: Snapshot):
    return snapshot.resource(DocumentLengths).by_id
