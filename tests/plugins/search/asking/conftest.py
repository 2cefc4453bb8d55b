from __future__ import annotations

from pathlib import Path

import pytest

from plugins.search.index.making import NOW, index_all, say
from synthetic import Store
from synthetic.testing import ManualClock, copy_template, expect_data, open_test_store

SAVE = """
mutation ($document: String!) {
  first: saveConstruct(input: {
    id: "c1", type: "plan", projectId: "atlas", title: "Keeper of leases", description: "Renews what workers hold."
  }) { created }
  second: saveConstruct(input: {id: "c2", type: "task", title: "Parser", status: ACTIVE}) { created }
  session: saveSession(input: {id: "s1", constructId: "c1", agent: "builder-3"}) { created }
  job: saveJob(input: {
    id: "j1", kind: "build", command: "make keeper", constructId: "c1", params: {target: "zeppelin"}
  }) { created }
  approval: requestApproval(input: {
    id: "a1", tool: "deploy", arguments: {host: "gondola"}, reason: "The keeper must be live.", constructId: "c1"
  }) { created }
  letter: saveDeadLetter(input: {
    id: "d1", source: "importer", error: {code: "HOST_GONE", message: "The xylophone fell silent."}, constructId: "c2"
  }) { created }
  document: saveDocument(input: {
    id: "n1", kind: "NOTE", title: "On keepers", body: $document, constructId: "c2", status: "draft"
  }) { created }
}"""

LONG_BODY = "\n\n".join(f"Paragraph {number} tells of the weather." for number in range(400)) + " A quokka hides here."
"""Longer than one part of a document."""


def fill(store: Store) -> None:
    """Something of each kind, and 60 messages of which all have one word, and each third another."""
    expect_data(store.graphql(SAVE, {"document": LONG_BODY}))
    texts = [f"Message {number} about pumpkins{' and turnips' if number % 3 == 0 else ''}." for number in range(60)]
    say(store, "t1", *texts, "🎃🎃 The retryPolicy of naïve turnips: 重试代码.", session_id="s1", occurred_at=NOW)
    index_all(store)


@pytest.fixture(scope="module")
def filled(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a store with something to be found."""
    directory = copy_template(template, tmp_path_factory.mktemp("asking") / "store")
    with open_test_store(directory, clock=ManualClock(NOW)) as store:
        fill(store)
    return directory


@pytest.fixture(scope="module")
def store(filled: Path):
    """The store, which tests of a file share and only read."""
    with open_test_store(filled, clock=ManualClock(NOW)) as opened:
        yield opened


@pytest.fixture
def search(store: Store):
    """Search, and give what the field answers."""

    def search(query: str, selection: str = "nodes { kind id }", arguments: str = "mode: LEXICAL", **variables):
        text = f"query ($query: String!) {{ search(query: $query, {arguments}) {{ {selection} }} }}"
        return expect_data(store.graphql(text, {"query": query, **variables}))["search"]

    return search
