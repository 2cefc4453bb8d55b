"""The SQL of models."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, Transaction, to_json
from synthetic_search.meaning.model import ModelRecord, ModelState

PART_BYTES = 1_048_576
DELETED_AT_ONCE = 500
BLOCKS_DELETED_AT_ONCE = 8

_COLUMNS = ", ".join(ModelRecord._fields)


def find_ready_model(snapshot: Snapshot) -> ModelRecord | None:
    """The model that answers."""
    return find_model(snapshot, ModelState.READY)


def find_model(snapshot: Snapshot, state: ModelState) -> ModelRecord | None:
    """The model in a state, the oldest of several."""
    sql = f"SELECT {_COLUMNS} FROM search_models WHERE state = :state ORDER BY key LIMIT 1"
    return snapshot.record(ModelRecord, sql, {"state": state.value})


def count_embedded(snapshot: Snapshot) -> int:
    """A number that grows with each batch that is embedded."""
    return snapshot.value("SELECT coalesce(sum(through_id), 0) FROM search_models WHERE state <> 'RETIRED'")


def list_sample(snapshot: Snapshot, size: int) -> list[int]:
    """Ids of documents from all over the index, in order; at most so many."""
    bounds = snapshot.row("SELECT min(id), max(id) FROM search_documents")
    if bounds is None or bounds[0] is None:
        return []
    first, span = bounds[0], bounds[1] - bounds[0] + 1
    sql = """
        SELECT DISTINCT (SELECT min(id) FROM search_documents WHERE id >= step.value) AS id
        FROM json_each(:steps) AS step ORDER BY id
    """
    steps = [first + number * span // size for number in range(size)] if span > size else [*range(first, first + span)]
    return [id for (id,) in snapshot.rows(sql, {"steps": to_json(steps)})]


def list_after(snapshot: Snapshot, after_id: int, limit: int) -> list[int]:
    """Ids of the documents after one, in order; at most so many."""
    sql = "SELECT id FROM search_documents WHERE id > :after ORDER BY id LIMIT :limit"
    return [id for (id,) in snapshot.rows(sql, {"after": after_id, "limit": limit})]


def insert_model(tx: Transaction, record: ModelRecord, fitted: bytes) -> int:
    """Begin to fill a model.

    Args:
        tx: To write in.
        record: The model; its key is chosen here.
        fitted: What it consists of, if it was learnt.

    Returns:
        Its key.
    """
    tx.execute(
        "INSERT INTO search_models (embedder, model, dimension, state, head_id, documents, middle, created_at)"
        " VALUES (:embedder, :model, :dimension, 'FILLING', :head_id, :documents, :middle, :now)",
        {
            "embedder": record.embedder,
            "model": record.model,
            "dimension": record.dimension,
            "head_id": record.head_id,
            "documents": record.documents,
            "middle": record.middle,
            "now": tx.now,
        },
    )
    key = tx.value("SELECT key FROM search_models WHERE state = 'FILLING'")
    tx.execute_many(
        "INSERT INTO search_model_parts (model_key, number, content) VALUES (:key, :number, :content)",
        [
            {"key": key, "number": number, "content": fitted[begin : begin + PART_BYTES]}
            for number, begin in enumerate(range(0, len(fitted), PART_BYTES))
        ],
    )
    return key


def read_fitted(snapshot: Snapshot, key: int) -> bytes:
    """What a learnt model consists of; nothing for another."""
    sql = "SELECT content FROM search_model_parts WHERE model_key = :key ORDER BY number"
    return b"".join(content for (content,) in snapshot.rows(sql, {"key": key}))


def advance(tx: Transaction, key: int, *, was: int, through_id: int) -> bool:
    """Note that a model has come further; False if it has gone, or has been brought further by another process."""
    sql = "UPDATE search_models SET through_id = :through WHERE key = :key AND through_id = :was AND state <> 'RETIRED'"
    return tx.execute(sql, {"key": key, "was": was, "through": through_id}) == 1


def promote(tx: Transaction, key: int) -> int:
    """Let a model answer from now on, in place of the one that did.

    Returns:
        1; 0 if it is not being filled any more, as another process has given it up: then nothing changes.
    """
    filling = find_model(tx, ModelState.FILLING)
    if filling is None or filling.key != key:
        return 0
    tx.execute("UPDATE search_models SET state = 'RETIRED' WHERE state = 'READY'")
    return tx.execute(
        "UPDATE search_models SET state = 'READY', ready_at = :now WHERE key = :key", {"key": key, "now": tx.now}
    )


def retire(tx: Transaction, keys: Sequence[int]) -> int:
    """Give models up; what they consist of is deleted by `delete_retired`.

    Returns:
        How many there were.
    """
    return sum(
        tx.execute("UPDATE search_models SET state = 'RETIRED' WHERE key = :key AND state <> 'RETIRED'", {"key": key})
        for key in keys
    )


def delete_retired(tx: Transaction, key: int) -> int:
    """Delete some of what a model that was given up consists of, in the end itself.

    Returns:
        How many rows have gone.
    """
    params = {"key": key, "limit": DELETED_AT_ONCE, "blocks": BLOCKS_DELETED_AT_ONCE}
    gone = tx.execute(
        "DELETE FROM search_vectors WHERE model_key = :key AND document_id IN"
        " (SELECT document_id FROM search_vectors WHERE model_key = :key ORDER BY document_id LIMIT :limit)",
        params,
    )
    gone += tx.execute(
        "DELETE FROM search_refused WHERE model_key = :key AND document_id IN"
        " (SELECT document_id FROM search_refused WHERE model_key = :key ORDER BY document_id LIMIT :limit)",
        params,
    )
    for table in ("search_vector_blocks", "search_model_parts"):
        gone += tx.execute(
            f"DELETE FROM {table} WHERE model_key = :key AND number IN"
            f" (SELECT number FROM {table} WHERE model_key = :key ORDER BY number LIMIT :blocks)",
            params,
        )
    return gone or tx.execute("DELETE FROM search_models WHERE key = :key AND state = 'RETIRED'", {"key": key})
