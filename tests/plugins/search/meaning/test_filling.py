"""From documents to vectors: a model begins, is filled, answers, follows, and is replaced while it answers."""

from __future__ import annotations

import pytest
from tests.plugins.search.index.making import index_all
from tests.plugins.search.meaning.conftest import ask, count, embed_all, findings, learn, say
from tests.plugins.search.meaning.test_learnt import texts_of_themes

from synthetic import SyntheticError
from synthetic.testing import expect_data
from synthetic_search.meaning.filling import take_turn
from synthetic_search.meaning.model import ModelState
from synthetic_search.meaning.store import find_model, find_ready_model
from synthetic_search.meaning.vectors import BLOCK_DOCUMENTS


def test_nothing_is_learnt_of_too_few_documents_and_searches_are_by_words(opening):
    with opening(embedder_learns_at=50) as store:
        say(store, "t", *texts_of_themes(49))
        assert learn(store) == 0
        assert ask(store, "harbour")[0] == "LEXICAL"
        say(store, "t", "one more ship")
        learn(store)
        assert ask(store, "harbour")[0] == "HYBRID"


def test_what_is_said_later_is_embedded_and_found_by_words_that_it_does_not_have(opening):
    with opening(embedder_learns_at=50) as store:
        say(store, "t", *texts_of_themes())
        learn(store)
        say(store, "later", "A sailor on his quay.", session_id="later")
        learn(store)
        later = {"filter": {"sessionIds": ["later"]}}
        assert ask(store, "harbour ship vessel boat", "LEXICAL", **later) == ("LEXICAL", [], [])
        assert ask(store, "harbour ship vessel boat", "SEMANTIC", **later) == ("SEMANTIC", ["later:1"], [])
        assert count(store, "search_vectors") == 301
        assert not findings(store)


def test_a_filter_is_applied_before_the_nearest_are_taken(opening):
    with opening(embedder_learns_at=50) as store:
        say(store, "t", *["The ship is in the harbour"] * 150, *texts_of_themes(60), session_id="many")
        say(store, "few", "bread of the baker", "a loaf", session_id="few")
        learn(store)
        assert set(ask(store, "ship", "SEMANTIC", filter={"sessionIds": ["few"]})[1]) <= {"few:1", "few:2"}
        assert set(ask(store, "oven", "SEMANTIC", filter={"sessionIds": ["few"]})[1]) == {"few:1", "few:2"}
        assert ask(store, "oven", "SEMANTIC", filter={"sessionIds": ["none"]})[1] == []


PAGE = """
query ($mode: SearchMode, $filter: SearchFilter, $after: String) {
  search(query: "harbour", mode: $mode, filter: $filter, first: 5, after: $after) {
    nodes { id } pageInfo { endCursor }
  }
}
"""


@pytest.mark.parametrize("filter", [None, {"sessionIds": ["s"]}])
@pytest.mark.parametrize("mode", ["SEMANTIC", "HYBRID"])
def test_what_is_embedded_meanwhile_takes_no_place_in_the_pages_that_follow(opening, mode, filter):
    with opening(embedder_learns_at=50, results=10) as store:
        say(store, "t", *texts_of_themes(80))
        learn(store)

        def page(after=None):
            return expect_data(store.graphql(PAGE, {"mode": mode, "filter": filter, "after": after}))["search"]

        cursor = page()["pageInfo"]["endCursor"]
        second = [hit["id"] for hit in page(cursor)["nodes"]]
        say(store, "later", *["harbour"] * 30)
        learn(store)
        assert [hit["id"] for hit in page(cursor)["nodes"]] == second
        assert len(second) == 5
        assert page()["nodes"][0]["id"].startswith("later")


def test_a_model_learns_anew_when_there_is_twice_as_much_and_the_old_one_answers_until_then(opening):
    # It learns from a sample that has become full already.
    with opening(embedder_learns_at=50, embedder_learns_from=100) as store:
        say(store, "t", *texts_of_themes(100))
        learn(store)
        first = store.read(find_ready_model)
        assert ask(store, "zeppelin", "SEMANTIC")[0] == "LEXICAL"
        later = texts_of_themes(110)
        say(store, "u", *(f"{text} zeppelin" for text in later[:50]), *later[50:])
        index_all(store)
        while store.read(find_model, ModelState.FILLING) is None:
            assert take_turn(store)
            assert store.read(find_ready_model).key == first.key
            assert ask(store, "harbour", "SEMANTIC")[0] == "SEMANTIC"
        embed_all(store)
        second = store.read(find_ready_model)
        assert (second.key > first.key, second.documents) == (True, 210)
        assert ask(store, "zeppelin", "SEMANTIC")[0] == "SEMANTIC"
        assert count(store, "search_models") == 1  # what was replaced has gone
        assert count(store, "search_vectors") == 210


def test_vectors_go_after_their_documents(opening):
    with opening(embedder_learns_at=50) as store:
        expect_data(
            store.graphql(
                'mutation { c: saveConstruct(input: {id: "c", type: "task", title: "x"}) { created }'
                ' s: saveSession(input: {id: "s", constructId: "c", agent: "builder-3"}) { created } }'
            )
        )
        say(store, "kept", *texts_of_themes(40), session_id="other")
        say(store, "t", *texts_of_themes(100), session_id="s")
        learn(store)
        before = count(store, "search_vectors")
        expect_data(store.graphql('mutation { deleteConstruct(input: {id: "c"}) { __typename } }'))
        index_all(store)
        assert all(id.startswith("kept") for id in ask(store, "harbour ship", "SEMANTIC")[1])
        for _ in range(3):  # a block a turn, and one from the last to the first
            embed_all(store)
        assert (before, count(store, "search_vectors")) == (140, 40)
        stored = store.read(lambda snapshot: snapshot.value("SELECT sum(documents) FROM search_vector_blocks"))
        assert stored == 40
        assert not findings(store)


@pytest.mark.full
def test_a_block_is_filled_before_the_next_is_begun(opening):
    with opening(embedder_learns_at=50) as store:
        count_of_texts = BLOCK_DOCUMENTS + 70
        texts = texts_of_themes(count_of_texts)
        for begin in range(0, count_of_texts, 500):
            say(store, "t", *texts[begin : begin + 500])
        learn(store)
        blocks = store.read(
            lambda snapshot: snapshot.rows("SELECT documents FROM search_vector_blocks ORDER BY number")
        )
        assert blocks == [(BLOCK_DOCUMENTS,), (70,)]
        assert len(ask(store, "harbour ship", "SEMANTIC")[1]) == 10


def test_without_an_embedder_all_vectors_go_and_searches_are_by_words(opening):
    with opening(embedder_learns_at=50) as store:
        say(store, "t", *texts_of_themes(60))
        learn(store)
    with opening(embedder="") as store:
        embed_all(store)
        assert [count(store, table) for table in ("search_models", "search_model_parts", "search_vectors")] == [0, 0, 0]
        assert ask(store, "harbour")[0] == "LEXICAL"


def test_an_embedder_that_nobody_brings_is_named_with_those_that_there_are(opening):
    with opening(embedder="lernt") as store, pytest.raises(SyntheticError) as caught:
        take_turn(store)
    assert caught.value.code == "SEARCH_EMBEDDER_UNKNOWN"
    assert "http, learnt, model2vec, sentence_transformers" in caught.value.message
