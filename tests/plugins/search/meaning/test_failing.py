"""Embedders that fail: what is lost by it, which is little, and what is told."""

from __future__ import annotations

import json
import threading

import pytest
from tests.plugins.search.index.making import index_all
from tests.plugins.search.meaning.conftest import ask, count, embed_all, findings, learn, say, sync_status
from tests.plugins.search.meaning.endpoint import DIMENSION

from synthetic_search.asking.answering import answer, understand
from synthetic_search.asking.enums import SearchMode
from synthetic_search.asking.model import Question
from synthetic_search.index.extent import measure
from synthetic_search.meaning.asking import QueryMeaning
from synthetic_search.meaning.errors import EmbedderError
from synthetic_search.meaning.filling import take_turn
from synthetic_search.meaning.metrics import count_refused, count_unembedded
from synthetic_search.meaning.services import Embedding
from synthetic_search.meaning.store import find_ready_model, promote
from synthetic_search.meaning.threads import DaemonThreads

TEXTS = ("The ship lies in the harbour.", "The oven is hot.", "A conductor on his platform.", "Nothing of note.")
DEADLINE = 60


def test_another_model_is_filled_though_the_one_before_cannot_be_asked_any_more(asking, endpoint):
    with asking(embedder_model="old") as store:
        say(store, "t", *TEXTS)
        learn(store)
    reply = endpoint.reply
    endpoint.reply = lambda body: (404, b"no such model") if body["model"] == "old" else reply(body)
    with asking(embedder_model="new") as store:
        say(store, "t", "One more vessel.")
        learn(store)
        assert json.loads(store.read(find_ready_model).model)["model"] == "new"
        assert "t:5" in ask(store, "harbour", "SEMANTIC")[1]
        assert sum(body["model"] == "old" for _headers, body in endpoint.requests[1:]) <= 4


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\nX-Long: x", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]
)
def test_an_endpoint_that_answers_a_byte_at_a_time_is_given_up_in_time(asking, endpoint, begun):
    with asking(embedder_timeout_ms=300, meaning_timeout_ms=300) as store:
        say(store, "t", *TEXTS)
        learn(store)
        endpoint.drips = begun
        assert ask(store, "oven") == ("LEXICAL", ["t:2"], ["SEARCH_LEXICAL_ONLY"])
        assert endpoint.was_left.wait(DEADLINE)
        endpoint.was_left.clear()
        say(store, "t", "One more vessel.")
        index_all(store)
        with pytest.raises(EmbedderError, match=r"did not answer|something else"):
            take_turn(store)


def test_no_end_of_a_process_waits_for_a_query_and_what_was_cancelled_is_not_run():
    begun, free = threading.Event(), threading.Event()
    threads = DaemonThreads(1, "asked")
    ran = []
    first = threads.submit(lambda: (begun.set(), free.wait(DEADLINE)))
    assert begun.wait(DEADLINE)
    assert [each.daemon for each in threading.enumerate() if each.name == "asked-1"] == [True]
    second, third = threads.submit(ran.append, 2), threads.submit(ran.append, 3)
    assert second.cancel()
    free.set()
    third.result(DEADLINE)
    assert (first.result(DEADLINE)[1], ran) == (True, [3])


def test_a_key_is_sent_without_its_end_of_line_and_told_to_nobody(asking, endpoint, monkeypatch):
    monkeypatch.setenv("EMBEDDER_KEY", "sk-SECRET\n")
    with asking(embedder_key_variable="EMBEDDER_KEY") as store:
        say(store, "t", *TEXTS)
        index_all(store)
        endpoint.answer = (401, b"The key sk-SECRET is wrong.")
        with pytest.raises(EmbedderError) as caught:
            take_turn(store)
        assert caught.value.details == {"status": 401, "body": "The key [key] is wrong."}
    assert endpoint.requests[0][0]["Authorization"] == "Bearer sk-SECRET"


@pytest.mark.parametrize("key", ["sk-SECRET-\u00e9", "sk-SECRET\r\nX-Other: 1", " \n"])
def test_a_key_that_is_none_is_refused_by_the_name_of_its_variable(asking, endpoint, monkeypatch, key):
    monkeypatch.setenv("EMBEDDER_KEY", key)
    with asking(embedder_key_variable="EMBEDDER_KEY") as store:
        say(store, "t", *TEXTS)
        index_all(store)
        with pytest.raises(EmbedderError, match="EMBEDDER_KEY") as caught:
            take_turn(store)
    assert "SECRET" not in repr((caught.value, caught.value.details, caught.value.action))
    assert not endpoint.requests


def test_a_password_in_the_url_is_refused_and_not_repeated(opening):
    with opening(embedder="http", embedder_url="http://somebody:SECRET@127.0.0.1:1/") as store:
        say(store, "t", *TEXTS)
        index_all(store)
        with pytest.raises(EmbedderError, match="a name or a password") as caught:
            take_turn(store)
    assert "SECRET" not in repr((caught.value, caught.value.details, caught.value.action))


def test_texts_that_are_refused_are_set_aside_tried_again_and_hold_up_no_other(asking, endpoint):
    with asking() as store:
        say(store, "t", *TEXTS)
        learn(store)
        endpoint.refused = "boat"
        say(store, "t", "boat one", "boat two", "a loaf of bread", "boat three")
        learn(store)
        assert (store.read(count_unembedded), store.read(count_refused), count(store, "search_vectors")) == (0, 3, 5)
        assert "t:7" in ask(store, "baker", "SEMANTIC")[1]
        say(store, "t", "a locomotive")
        store.write(lambda tx: tx.execute("UPDATE search_refused SET next_try_at = 0"))
        learn(store)  # refused again: later
        assert store.read(lambda snapshot: snapshot.rows("SELECT DISTINCT tries FROM search_refused")) == [(2,)]
        endpoint.refused = None
        store.write(lambda tx: tx.execute("UPDATE search_refused SET next_try_at = 0"))
        embed_all(store)
        assert (store.read(count_refused), count(store, "search_vectors")) == (0, 9)
        assert {"t:5", "t:6", "t:8"} <= set(ask(store, "harbour sailor", "SEMANTIC")[1])
        assert not findings(store)


def test_a_text_that_is_too_long_and_answered_with_500_is_found_among_others(asking, endpoint):
    reply = endpoint.reply
    endpoint.reply = lambda body: (500, b"too large") if any(len(t) > 3_000 for t in body["input"]) else reply(body)
    with asking() as store:
        say(store, "t", "boat " * 700, *TEXTS)
        learn(store)
        assert (count(store, "search_vectors"), store.read(count_refused)) == (4, 1)
        assert ask(store, "baker", "SEMANTIC")[1][0] == "t:3"


def test_an_endpoint_that_refuses_everything_for_a_while_costs_no_document_its_vector(asking, endpoint):
    work = Embedding().work
    with asking() as store:
        say(store, "t", *TEXTS)
        learn(store)
        endpoint.answer = (400, b'{"error": "model not loaded"}')
        for number in range(3):
            say(store, "t", f"vessel number {number}")
            index_all(store)
            with pytest.raises(EmbedderError):
                work(store)
        assert sync_status(store) == [("FAILED", "SEARCH_TEXT_REFUSED")]
        endpoint.answer = None
        embed_all(store)
        assert (count(store, "search_vectors"), store.read(count_refused)) == (7, 0)


@pytest.mark.parametrize("number", ["1e39", "3e38", "1e-46"])
def test_numbers_of_any_size_are_a_direction(asking, endpoint, number):
    with asking() as store:
        say(store, "t", *TEXTS)
        learn(store)
        vector = f'{{"index": 0, "embedding": [{", ".join([number] * DIMENSION)}]}}'
        endpoint.answer = (200, f'{{"data": [{vector}]}}'.encode())
        mode, ids, notices = ask(store, "oven", "SEMANTIC")
        assert (mode, len(ids), notices) == ("SEMANTIC", 4, [])
        say(store, "t", "One more vessel.")
        learn(store)
        assert ask(store, "oven", "SEMANTIC")[1][0] == "t:5"


@pytest.mark.parametrize("size", [8_193, 400_000])
def test_an_answer_of_more_than_was_asked_for_is_not_read(asking, endpoint, size):
    with asking() as store:
        say(store, "t", *TEXTS)
        learn(store)
        endpoint.answer = (200, b'{"data": [{"index": 0, "embedding": [' + b"0," * size + b"0]}]}")
        assert ask(store, "oven") == ("LEXICAL", ["t:2"], ["SEARCH_LEXICAL_ONLY"])
        say(store, "t", "One more vessel.")
        index_all(store)
        with pytest.raises(EmbedderError, match=r"more than it should|something else than vectors\."):
            take_turn(store)


def test_that_the_endpoint_is_back_is_told_with_the_first_batch(asking, endpoint):
    work = Embedding().work
    with asking() as store:
        say(store, "t", *(f"ship {number}" for number in range(150)))
        index_all(store)
        endpoint.answer = (503, b"")
        with pytest.raises(EmbedderError):
            work(store)
        endpoint.answer = None
        assert work(store)  # begun
        assert sync_status(store) == [("FAILED", "SEARCH_EMBEDDER_FAILED")]
        assert work(store)
        assert sync_status(store) == [("SYNCED", None)]
        assert store.read(count_unembedded) > 0


def test_a_model_that_is_given_up_meanwhile_takes_nobodys_place(asking):
    with asking() as store:
        say(store, "t", *TEXTS)
        learn(store)
        key = store.read(find_ready_model).key
        assert store.write(promote, key + 1) == 0
        assert store.read(find_ready_model).key == key


def test_a_query_whose_model_was_replaced_meanwhile_is_answered_by_words(asking):
    with asking() as store:
        say(store, "t", *TEXTS)
        learn(store)
        model = store.read(find_ready_model)
        gone = QueryMeaning(model._replace(key=model.key + 1), [1.0] * DIMENSION, 1.0)

        def find(snapshot):
            found = answer(
                snapshot, Question(understand(snapshot, "oven"), SearchMode.SEMANTIC, None), gone, measure(snapshot)
            )
            return found.mode, len(found.found)

        assert store.read(find) == (SearchMode.LEXICAL, 1)
