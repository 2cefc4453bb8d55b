"""The nearest of 200,000 vectors of 256 dimensions (with `--full`, of 1,000,000), beside vec0 of sqlite-vec.

The vectors are made up: clusters in a space whose first directions say most, as
those of an embedder do. Questions are vectors with a good deal of noise, so that
the twenty nearest are close together. Beside the time the recall is promised: the
share of the twenty nearest, by the vectors as they were made, that are found.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import apsw
import numpy as np
import pytest
import sqlite_vec
from numpy.typing import NDArray

from synthetic import Store, Transaction
from synthetic.testing import open_test_store
from synthetic_search.index.filters import EVERYTHING, Filters
from synthetic_search.meaning.codes import encode, turned
from synthetic_search.meaning.model import ModelRecord
from synthetic_search.meaning.nearest import find_nearest
from synthetic_search.meaning.store import find_ready_model, insert_model, promote
from synthetic_search.meaning.vectors import store_vectors

from .promises import Promise, in_time

VECTORS = 200_000
FULL_VECTORS = 1_000_000
P95_SECONDS = 0.02
"""Of `VECTORS`; of more it takes longer."""

RECALL = 0.98
DIMENSION = 256
AT_ONCE = 4_096
NEAREST = 20
QUESTIONS = 100
VEC0_QUESTIONS = 10
SELECTED_ONE_OF = 100
SELECTED = Filters(construct_ids=("selected",))


class Filled(NamedTuple):
    """A store with vectors, the same in vec0, and questions."""

    store: Store
    vec0: apsw.Connection
    vectors: NDArray[np.float32]
    questions: NDArray[np.float32]


def make_vectors(count: int) -> NDArray[np.float32]:
    """Vectors of length one, in clusters."""
    rng = np.random.default_rng(7)
    spread = (1 / np.sqrt(1 + np.arange(DIMENSION) / 16)).astype(np.float32)
    centres = rng.standard_normal((count // 100, DIMENSION), dtype=np.float32) * spread
    vectors = centres[rng.integers(len(centres), size=count)]
    for begin in range(0, count, AT_ONCE):
        part = vectors[begin : begin + AT_ONCE]
        part += 0.7 * spread * rng.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def fill(tx: Transaction, first: int, vectors: NDArray[np.float32]) -> None:
    """Store documents that have nothing but vectors."""
    if first == 1:
        for key, construct in ((1, ""), (2, "selected")):
            tx.execute(
                "INSERT INTO search_groups (key, kind, construct_id, session_id, status, facets, month, words)"
                " VALUES (:key, 'MADE', :construct, '', '', '{}', 0, 'made')",
                {"key": key, "construct": construct},
            )
        tx.execute(
            "INSERT INTO search_entities (key, kind, entity_id, fingerprint, indexed_at)"
            " VALUES (1, 'MADE', 'made', '', 0)"
        )
        middle = turned(vectors).mean(axis=0).astype("<f4").tobytes()
        insert_model(tx, ModelRecord(0, "made", "up", DIMENSION, "FILLING", 0, 0, 0, middle, 0, None), b"")
    ids = range(first, first + len(vectors))
    tx.execute_many(
        "INSERT INTO search_documents (id, entity_key, ordinal, part, group_key, occurred_at, first_id)"
        " VALUES (:id, 1, :id, 0, :group_key, 0, :id)",
        ({"id": id, "group_key": 2 if id % SELECTED_ONE_OF == 0 else 1} for id in ids),
    )
    columns = ", ".join(ModelRecord._fields)
    model = tx.record(ModelRecord, f"SELECT {columns} FROM search_models")
    assert model is not None
    store_vectors(tx, model, ids[-1], ids, encode(turned(vectors), np.frombuffer(model.middle, dtype="<f4")))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, is_full: bool) -> Iterator[Filled]:
    folder: Path = tmp_path_factory.mktemp("nearest")
    vectors = make_vectors(FULL_VECTORS if is_full else VECTORS)
    vec0 = apsw.Connection(str(folder / "vec0.db"))
    vec0.enable_load_extension(True)  # noqa: FBT003 - the driver's
    vec0.load_extension(sqlite_vec.loadable_path())
    vec0.execute(f"CREATE VIRTUAL TABLE made USING vec0 (vector float[{DIMENSION}], is_selected integer)")
    with open_test_store(folder / "store", settings={"plugins.search.embedder": ""}) as store:
        for begin in range(0, len(vectors), AT_ONCE):
            part = vectors[begin : begin + AT_ONCE]
            store.write(fill, begin + 1, part)
            rows = ((id, row.tobytes(), int(id % SELECTED_ONE_OF == 0)) for id, row in enumerate(part, begin + 1))
            with vec0:
                vec0.executemany("INSERT INTO made (rowid, vector, is_selected) VALUES (?, ?, ?)", rows)
        store.write(promote, 1)
        rng = np.random.default_rng(8)
        chosen = vectors[rng.choice(len(vectors), QUESTIONS, replace=False)]
        questions = chosen + 0.04 * rng.standard_normal(chosen.shape, dtype=np.float32)
        yield Filled(store, vec0, vectors, questions / np.linalg.norm(questions, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("name", "filters", "condition"),
    [("of all", EVERYTHING, ""), ("of those a 1 % filter leaves", SELECTED, " AND is_selected = 1")],
)
def test_the_nearest_are_found_sooner_than_by_vec0(
    filled: Filled, promise: Callable[[Promise], None], name: str, filters: Filters, condition: str
) -> None:
    model = filled.store.read(find_ready_model)
    assert model is not None
    meant = np.arange(len(filled.vectors)) + 1
    if condition:
        meant = meant[meant % SELECTED_ONE_OF == 0]
    recalls: list[float] = []

    def ours(question: NDArray[np.float32]) -> float:
        started = time.perf_counter()
        found = filled.store.read(find_nearest, model, question, filters, NEAREST)
        taken = time.perf_counter() - started
        exact = filled.vectors[meant - 1] @ question
        nearest = set(meant[np.argpartition(-exact, NEAREST)[:NEAREST]].tolist())
        recalls.append(len(nearest.intersection(hit.id for hit in found)) / NEAREST)
        return taken

    def vec0(question: NDArray[np.float32]) -> float:
        sql = f"SELECT rowid FROM made WHERE vector MATCH ? AND k = {NEAREST}{condition}"
        started = time.perf_counter()
        filled.vec0.execute(sql, (question.tobytes(),)).fetchall()
        return time.perf_counter() - started

    taken = [ours(question) for question in filled.questions]
    limit = [vec0(question) for question in itertools.islice(filled.questions, VEC0_QUESTIONS)]
    middle, slow, recall = statistics.median(taken), statistics.quantiles(taken, n=20)[-1], statistics.mean(recalls)
    what = f"{NEAREST} nearest of {len(filled.vectors)} x {DIMENSION}, {name}"
    promise(
        Promise(
            what,
            in_time(middle),
            f"{in_time(statistics.median(limit))} vec0",
            middle / statistics.median(limit),
            at_most=1.5,
        )
    )
    promise(Promise(f"{what}: recall", f"{recall:.3f}", "1.000", recall, at_least=RECALL))
    if len(filled.vectors) == VECTORS:
        promise(Promise(f"{what}: p95", in_time(slow), in_time(P95_SECONDS), slow / P95_SECONDS, at_most=1.0))
