from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from tests.plugins.search.index.making import index_all, say
from tests.plugins.search.meaning.endpoint import Endpoint

from synthetic.testing import copy_template, open_test_store
from synthetic_search.meaning.checks import CHECKS
from synthetic_search.meaning.filling import take_turn

ASK = """
query ($query: String!, $mode: SearchMode, $filter: SearchFilter) {
  search(query: $query, mode: $mode, filter: $filter, first: 10) {
    mode nodes { id snippet { text } explanation { wordRank meaningRank similarity } }
  }
}
"""


@pytest.fixture
def endpoint():
    opened = Endpoint()
    yield opened
    opened.close()


@pytest.fixture
def opening(template, tmp_path):
    """Opens the store of the test, again if need be, with settings of the plugin."""
    directory = copy_template(template, tmp_path / "store")

    @contextmanager
    def open_store(**settings):
        chosen = {f"plugins.search.{name}": str(value) for name, value in settings.items()}
        with open_test_store(directory, settings=chosen) as store:
            yield store

    return open_store


@pytest.fixture
def asking(opening, endpoint):
    """Opens the store with the endpoint as its embedder."""

    def open_store(**settings):
        return opening(embedder="http", embedder_url=endpoint.url, **settings)

    return open_store


def sync_status(store):
    found = store.graphql('{ syncStatus(module: "search.meaning") { status error { code } } }')["data"]["syncStatus"]
    return [(each["status"], each["error"] and each["error"]["code"]) for each in found]


def count(store, table):
    return store.read(lambda snapshot: snapshot.value(f"SELECT count(*) FROM {table}"))


def findings(store):
    """What the checks of vectors and models find."""
    return [row for check in CHECKS for row in store.read(lambda snapshot, sql=check.sql: snapshot.rows(sql))]


def learn(store):
    """Index what there is, and let the embedder do all that is to be done."""
    index_all(store)
    return embed_all(store)


def embed_all(store):
    done = 0
    while turn := take_turn(store):
        done += turn
    return done


def ask(store, query, mode=None, **variables):
    """The mode, the ids of the hits, and the codes of the notices of a search."""
    answer = store.graphql(ASK, {"query": query, "mode": mode, **variables})
    assert "errors" not in answer, json.dumps(answer["errors"])
    found = answer["data"]["search"]
    codes = [notice["code"] for notice in answer.get("extensions", {}).get("notices", ())]
    return found["mode"], [node["id"] for node in found["nodes"]], codes


__all__ = ["ask", "count", "embed_all", "findings", "learn", "say", "sync_status"]
