"""The embedder that asks an endpoint, with one that is really asked."""

from __future__ import annotations

import pytest
from tests.plugins.search.index.making import index_all
from tests.plugins.search.meaning.conftest import ask, embed_all, learn, say, sync_status
from tests.plugins.search.meaning.endpoint import DIMENSION

from synthetic import SyntheticError
from synthetic_search.meaning.errors import EmbedderError
from synthetic_search.meaning.filling import take_turn
from synthetic_search.meaning.services import Embedding
from synthetic_search.meaning.store import find_ready_model

TEXTS = ("The ship lies in the harbour.", "The oven is hot.", "A conductor on his platform.", "Nothing of note.")


def test_documents_are_found_by_the_vectors_of_the_endpoint(asking, endpoint, monkeypatch):
    monkeypatch.setenv("EMBEDDER_KEY", "not-to-be-told")
    prefixes = {"embedder_document_prefix": "passage: ", "embedder_query_prefix": "query: "}
    with asking(embedder_model="small", embedder_key_variable="EMBEDDER_KEY", **prefixes) as store:
        say(store, "t", *TEXTS)
        learn(store)
        assert ask(store, "sailor", "SEMANTIC")[1][0] == "t:1"
        mode, ids, _notices = ask(store, "bread")
        assert (mode, ids[0]) == ("HYBRID", "t:2")
        assert store.read(find_ready_model).dimension == DIMENSION
    sent = [body["input"] for _headers, body in endpoint.requests]
    assert ["query: sailor"] in sent
    assert f"passage: {TEXTS[0]}" in sent[0]
    assert {headers["Authorization"] for headers, _body in endpoint.requests} == {"Bearer not-to-be-told"}
    assert {body["model"] for _headers, body in endpoint.requests} == {"small"}


def test_another_model_is_filled_while_the_one_before_answers(asking, endpoint):
    with asking(embedder_model="old") as store:
        say(store, "t", *TEXTS)
        learn(store)
    with asking(embedder_model="new") as store:
        assert take_turn(store)  # begun
        assert ask(store, "baker", "SEMANTIC")[1][0] == "t:2"
        assert endpoint.requests[-1][1]["model"] == "old"
        embed_all(store)
        assert ask(store, "baker", "SEMANTIC")[1][0] == "t:2"
        assert endpoint.requests[-1][1]["model"] == "new"


def test_a_query_that_waits_too_long_is_answered_by_words_with_a_notice(asking, endpoint):
    with asking(meaning_timeout_ms=50) as store:
        say(store, "t", *TEXTS)
        learn(store)
        endpoint.is_open.clear()
        assert ask(store, "oven") == ("LEXICAL", ["t:2"], ["SEARCH_LEXICAL_ONLY"])
        endpoint.is_open.set()
    with asking() as store:
        assert ask(store, "oven")[0] == "HYBRID"


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"out of order"),
        (200, b"<html>"),
        (200, b'{"data": []}'),
        (200, b'{"data": [{"index": 0, "embedding": []}]}'),
        (200, b'{"data": [{"index": 0, "embedding": [1e999]}]}'),
        (200, b'{"data": [{"index": 0, "embedding": ["x"]}]}'),
        (200, b'{"data": [{"index": 0, "embedding": [1.0, 2.0]}]}'),
    ],
)
def test_an_endpoint_that_answers_with_something_else_costs_no_more_than_the_meaning(asking, endpoint, answer):
    with asking() as store:
        say(store, "t", *TEXTS)
        learn(store)
        endpoint.answer = answer
        assert ask(store, "oven") == ("LEXICAL", ["t:2"], ["SEARCH_LEXICAL_ONLY"])
        say(store, "t", "One more vessel.")
        index_all(store)
        with pytest.raises(EmbedderError):
            take_turn(store)
        endpoint.answer = None
        embed_all(store)
        assert "t:5" in ask(store, "harbour", "SEMANTIC")[1]


def test_sync_status_tells_of_an_endpoint_that_is_down_and_of_its_return(asking, endpoint):
    work = Embedding().work
    with asking() as store:
        say(store, "t", *TEXTS)
        index_all(store)
        endpoint.answer = (503, b"")
        with pytest.raises(SyntheticError):
            work(store)
        assert sync_status(store) == [("FAILED", "SEARCH_EMBEDDER_FAILED")]
        endpoint.answer = None
        while work(store):
            pass
        assert sync_status(store) == [("SYNCED", None)]


def test_a_text_that_is_refused_keeps_no_other_from_being_found(asking, endpoint):
    endpoint.refused = "oven"
    with asking() as store:
        say(store, "t", *TEXTS)
        learn(store)
        assert "t:2" not in ask(store, "bread baker", "SEMANTIC")[1]
        assert ask(store, "sailor", "SEMANTIC")[1][0] == "t:1"
        assert "t:2" in ask(store, "oven", "LEXICAL")[1]
        say(store, "t", "Another oven, alone.")
        learn(store)


def test_an_endpoint_that_refuses_every_text_is_a_failure(asking, endpoint):
    endpoint.refused = ""
    with asking() as store:
        say(store, "t", *TEXTS)
        index_all(store)
        with pytest.raises(SyntheticError) as caught:
            take_turn(store)
    assert caught.value.code == "SEARCH_TEXT_REFUSED"
    assert caught.value.details["status"] == 400


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"embedder": "http"}, "no endpoint"),
        ({"embedder": "http", "embedder_url": "http://127.0.0.1:1/", "embedder_key_variable": "NO_SUCH"}, "NO_SUCH"),
        ({"embedder": "http", "embedder_url": "http://127.0.0.1:1/"}, "did not answer"),
        ({"embedder": "model2vec", "embedder_path": "/nowhere"}, "not there"),
        ({"embedder": "sentence_transformers"}, "not there"),
    ],
)
def test_settings_that_lead_nowhere_are_told(opening, settings, part):
    with opening(**settings) as store:
        say(store, "t", *TEXTS)
        index_all(store)
        with pytest.raises(EmbedderError, match=part):
            take_turn(store)
        assert ask(store, "oven")[:2] == ("LEXICAL", ["t:2"])
