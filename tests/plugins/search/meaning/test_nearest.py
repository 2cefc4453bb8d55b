"""The nearest of what there is: documents that have gone are in nobody's way."""

from __future__ import annotations

import numpy as np
from tests.plugins.search.meaning.conftest import count, findings, learn, say

from synthetic_search.index.filters import EVERYTHING
from synthetic_search.meaning import vectors
from synthetic_search.meaning.codes import encode, turned
from synthetic_search.meaning.model import ModelRecord
from synthetic_search.meaning.nearest import find_nearest
from synthetic_search.meaning.store import find_ready_model, insert_model, promote

DIMENSION = 64
DOCUMENTS = 4_096
GONE = range(100, 1_600)
SOUGHT = range(3_000, 3_020)
FIRST = 1_000


def write_vectors(tx, stored):
    """A model with a block of vectors, of whose documents some have gone."""
    group, entity = tx.row("SELECT group_key, entity_key FROM search_documents LIMIT 1")
    tx.execute_many(
        "INSERT INTO search_documents (id, entity_key, ordinal, part, group_key, occurred_at, first_id)"
        " VALUES (:id, :entity, :id, 0, :group, 1, :id)",
        [{"id": FIRST + n, "entity": entity, "group": group} for n in range(DOCUMENTS) if n not in GONE],
    )
    middle = np.zeros(DIMENSION, dtype="<f4")
    record = ModelRecord(0, "http", "m", DIMENSION, "FILLING", 1, DOCUMENTS, 0, middle.tobytes(), 0, None)
    assert promote(tx, insert_model(tx, record, b""))
    model = find_ready_model(tx)
    ids = [FIRST + n for n in range(DOCUMENTS)]
    vectors.store_vectors(tx, model, ids[-1], ids, encode(turned(stored), middle))
    return model


def test_documents_that_have_gone_take_nobodys_place(opening):
    rng = np.random.default_rng(1)
    sought = np.eye(1, DIMENSION, dtype=np.float32)[0]
    stored = rng.standard_normal((DOCUMENTS, DIMENSION)).astype(np.float32)
    stored[GONE] = sought + 0.05 * rng.standard_normal((len(GONE), DIMENSION))
    stored[SOUGHT] = sought + 0.12 * rng.standard_normal((len(SOUGHT), DIMENSION))
    with opening(embedder="") as store:
        say(store, "t", "Something.")
        learn(store)
        model = store.write(write_vectors, stored)
        wanted = {FIRST + n for n in SOUGHT}
        assert {hit.id for hit in store.read(find_nearest, model, sought, EVERYTHING, len(SOUGHT))} == wanted
        assert store.read(vectors.find_next_block, model.key, 0) == (1, True)
        assert store.write(vectors.tidy_block, model.key, 1) == len(GONE)
        assert count(store, "search_vectors") == DOCUMENTS - len(GONE)
        store.write(lambda tx: tx.execute("DELETE FROM search_documents WHERE id = :id", {"id": FIRST}))
        assert store.read(vectors.find_next_block, model.key, 0) == (1, True)  # one is enough
        store.write(vectors.tidy_block, model.key, 1)
        assert store.read(vectors.find_next_block, model.key, 0) == (1, False)
        assert {hit.id for hit in store.read(find_nearest, model, sought, EVERYTHING, len(SOUGHT))} == wanted
        assert not findings(store)
