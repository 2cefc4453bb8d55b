"""How well what is found answers what was asked, in the three modes of `search`, by judged collections.

`SYNTHETIC_COLLECTION` names the folder of one (`judged` says in which forms).
Without it, two that are made here are judged (`own_collections` says how little
that tells). What is promised is that HYBRID is no worse than LEXICAL.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from synthetic import Store
from synthetic.testing import expect_data, open_test_store
from synthetic_projections.documents.store import save_document
from synthetic_search.index.indexing import index_pending
from synthetic_search.index.pending import note
from synthetic_search.meaning.filling import take_turn
from synthetic_search.meaning.store import find_ready_model

from .judged import RECALL_DEPTH, Collection, Relevance, judge, read_collection
from .own_collections import make_functions, make_sections
from .promises import Promise

FOLDER = os.environ.get("SYNTHETIC_COLLECTION", "")
COLLECTIONS = (
    {Path(FOLDER).name: lambda: read_collection(Path(FOLDER))}
    if FOLDER
    else {"functions": make_functions, "sections": make_sections}
)
MODES = ("LEXICAL", "SEMANTIC", "HYBRID")
PATIENT = {"plugins.search.meaning_timeout_ms": "60000"}
SAVED_AT_ONCE = 500
TITLE_CHARACTERS = 500
QUERY = """
query ($text: String!, $mode: SearchMode!, $first: Int!) {
  search(query: $text, mode: $mode, first: $first) { mode nodes { id } }
}
"""


@pytest.mark.parametrize("name", COLLECTIONS)
def test_relevance(tmp_path: Path, promise: Callable[[Promise], None], name: str) -> None:
    collection = COLLECTIONS[name]()
    with open_test_store(tmp_path / "store", settings=PATIENT) as store:
        save(store, collection)
        measured = {mode: judge_mode(store, collection, mode) for mode in MODES}
    lexical = measured["LEXICAL"]
    for mode, relevance in measured.items():
        promise(
            Promise(
                f"{name} ({len(collection.documents)} documents, {len(collection.judgments)} questions), {mode}",
                "nDCG@10 {:.3f}, recall@100 {:.3f}, MRR {:.3f}".format(*relevance),
                f"{lexical.ndcg_at_10:.3f} LEXICAL",
                relevance.ndcg_at_10 / lexical.ndcg_at_10,
                at_least=1.0 if mode == "HYBRID" else None,
            )
        )


def save(store: Store, collection: Collection) -> None:
    """Store the documents, index them, and let the embedder learn from them."""
    documents = collection.documents
    for begin in range(0, len(documents), SAVED_AT_ONCE):
        chosen = documents[begin : begin + SAVED_AT_ONCE]

        def write(tx, chosen=chosen):
            for each in chosen:
                title = each.title[:TITLE_CHARACTERS] or "-"
                save_document(tx, {"kind": "note", "title": title, "body": each.text}, id=each.id)
            note(tx, [("document", each.id) for each in chosen])

        store.write(write)
    while index_pending(store):
        pass
    while take_turn(store):
        pass
    assert store.read(find_ready_model) is not None


def judge_mode(store: Store, collection: Collection, mode: str) -> Relevance:
    """Ask every question through the API, and judge what comes back."""
    found: dict[str, list[str]] = {}
    for query in collection.queries:
        text = f"{query.title} {query.text}".strip()
        answer = store.graphql(QUERY, {"text": text, "mode": mode, "first": RECALL_DEPTH})
        # A question of which the embedder knows no word is answered by words, whatever the mode.
        found[query.id] = [node["id"] for node in expect_data(answer)["search"]["nodes"]]
    return judge(found, collection.judgments)
