"""Vectors in the store: writing them, and letting those go whose documents have gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthetic import Snapshot, Transaction, from_json
from synthetic_search.meaning.codes import Codes
from synthetic_search.meaning.model import ModelRecord
from synthetic_search.meaning.refused import set_aside, take_back
from synthetic_search.meaning.store import advance

BLOCK_DOCUMENTS = 4_096
"""So many are looked through in some dozen microseconds, and rewritten as one row."""


class Block(NamedTuple):
    """The bits of some documents.

    Attributes:
        ids: Of the documents, in order.
        bits: A row for each word of a vector's bits, a column for each document.
    """

    ids: NDArray[np.int64]
    bits: NDArray[np.uint64]

    @classmethod
    def read(cls, ids: bytes, bits: bytes) -> Block:
        """Read one as it is stored."""
        documents = np.frombuffer(ids, dtype="<i8")
        return cls(documents, np.frombuffer(bits, dtype="<u8").reshape(-1, len(documents)))


def store_vectors(tx: Transaction, model: ModelRecord, through_id: int, ids: Sequence[int], codes: Codes) -> bool:
    """Store the vectors of the documents that follow what a model has embedded.

    Args:
        tx: To write in.
        model: As it was when the documents were read.
        through_id: How far that brings it.
        ids: Of the documents, in order.
        codes: Their vectors; one that is all zeros is left out, as it is near to nothing.

    Returns:
        Whether they were stored: not if the model has gone, or somebody else has been quicker.
    """
    if not advance(tx, model.key, was=model.through_id, through_id=through_id):
        return False
    kept = np.flatnonzero(codes.scales > 0)
    if not len(kept):
        return True
    documents = np.array(ids, dtype="<i8")[kept]
    _insert_rows(tx, model.key, documents, Codes(codes.bits[kept], codes.scales[kept], codes.levels[kept]))
    _append(tx, model.key, Block(documents, codes.bits[kept].T))
    return True


def skip_refused(tx: Transaction, model: ModelRecord, document_id: int) -> bool:
    """Set the document aside that follows what a model has embedded.

    Returns:
        Whether it was: not if the model has gone, or somebody else has been quicker.
    """
    if not advance(tx, model.key, was=model.through_id, through_id=document_id):
        return False
    return set_aside(tx, model.key, document_id, 1) == 1


def insert_vector(tx: Transaction, model: ModelRecord, document_id: int, codes: Codes) -> bool:
    """Store the vector of a document that was set aside.

    Args:
        tx: To write in.
        model: Whose vector it is.
        document_id: Of a document that was embedded before others.
        codes: Its vector alone.

    Returns:
        Whether it was stored: not if it has been embedded meanwhile, or the model has gone.
    """
    if not take_back(tx, model.key, document_id):
        return False
    if codes.scales[0] > 0:
        documents = np.array([document_id], dtype="<i8")
        _insert_rows(tx, model.key, documents, codes)
        _insert_into_block(tx, model.key, Block(documents, codes.bits.T))
    return True


def _insert_rows(tx: Transaction, key: int, documents: NDArray[np.int64], codes: Codes) -> None:
    tx.execute_many(
        "INSERT INTO search_vectors (model_key, document_id, scale, levels) VALUES (:key, :id, :scale, :levels)",
        [
            {"key": key, "id": int(id), "scale": float(scale), "levels": levels.tobytes()}
            for id, scale, levels in zip(documents, codes.scales, codes.levels, strict=True)
        ],
    )


def _insert_into_block(tx: Transaction, key: int, added: Block) -> None:
    """Add a document where its id belongs, so that blocks stay in order; a block may get longer than others so."""
    row = tx.row(
        "SELECT number, ids, bits FROM search_vector_blocks WHERE model_key = :key"
        " ORDER BY first_id <= :id DESC, CASE WHEN first_id <= :id THEN -number ELSE number END LIMIT 1",
        {"key": key, "id": int(added.ids[0])},
    )
    if row is None:
        _put(tx, key, 1, added)
        return
    stored = Block.read(row[1], row[2])
    at = np.searchsorted(stored.ids, added.ids[0])
    bits = np.insert(stored.bits, [at], added.bits, axis=1)
    _put(tx, key, row[0], Block(np.insert(stored.ids, at, added.ids), bits))


def _append(tx: Transaction, key: int, added: Block) -> None:
    """Add documents to the last block, and new ones behind it."""
    last = tx.row(
        "SELECT number, documents, ids, bits FROM search_vector_blocks WHERE model_key = :key"
        " ORDER BY number DESC LIMIT 1",
        {"key": key},
    )
    number = 1 if last is None else last[0] + 1
    if last is not None and last[1] < BLOCK_DOCUMENTS:
        number = last[0]
        stored = Block.read(last[2], last[3])
        added = Block(np.concatenate((stored.ids, added.ids)), np.concatenate((stored.bits, added.bits), axis=1))
    for begin in range(0, len(added.ids), BLOCK_DOCUMENTS):
        end = begin + BLOCK_DOCUMENTS
        _put(tx, key, number, Block(added.ids[begin:end], added.bits[:, begin:end]))
        number += 1


def _put(tx: Transaction, key: int, number: int, block: Block) -> None:
    tx.execute(
        "INSERT INTO search_vector_blocks (model_key, number, first_id, last_id, documents, ids, bits)"
        " VALUES (:key, :number, :first, :last, :documents, :ids, :bits)"
        " ON CONFLICT (model_key, number) DO UPDATE SET first_id = excluded.first_id, last_id = excluded.last_id,"
        " documents = excluded.documents, ids = excluded.ids, bits = excluded.bits",
        {
            "key": key,
            "number": number,
            "first": int(block.ids[0]),
            "last": int(block.ids[-1]),
            "documents": len(block.ids),
            "ids": np.ascontiguousarray(block.ids, dtype="<i8").tobytes(),
            "bits": np.ascontiguousarray(block.bits, dtype="<u8").tobytes(),
        },
    )


def find_next_block(snapshot: Snapshot, key: int, after_number: int) -> tuple[int, bool]:
    """The number of the block after one, and whether it has documents that have gone; 0: there is none."""
    block = snapshot.row(
        "SELECT number, documents, first_id, last_id, ids FROM search_vector_blocks"
        " WHERE model_key = :key AND number > :number ORDER BY number LIMIT 1",
        {"key": key, "number": after_number},
    )
    if block is None:
        return 0, False
    number, documents, first_id, last_id, ids = block
    living = np.isin(np.frombuffer(ids, dtype="<i8"), _list_living(snapshot, first_id, last_id), assume_unique=True)
    between = {"key": key, "first": first_id, "last": last_id}
    vectors = snapshot.value(
        "SELECT count(*) FROM search_vectors WHERE model_key = :key AND document_id BETWEEN :first AND :last", between
    )
    return number, bool(living.sum() < documents or vectors > living.sum())


def tidy_block(tx: Transaction, key: int, number: int) -> int:
    """Delete the vectors of a block whose documents have gone, and make the block of those that are left.

    What has gone and is still in a block takes the place of what could be found.

    Returns:
        How many vectors have gone.
    """
    named = {"key": key, "number": number}
    row = tx.row(
        "SELECT first_id, last_id, ids, bits FROM search_vector_blocks WHERE model_key = :key AND number = :number",
        named,
    )
    if row is None:
        return 0
    first_id, last_id, ids, bits = row
    block = Block.read(ids, bits)
    is_living = np.isin(block.ids, _list_living(tx, first_id, last_id), assume_unique=True)
    gone = tx.execute(
        "DELETE FROM search_vectors WHERE model_key = :key AND document_id BETWEEN :first AND :last"
        " AND NOT EXISTS (SELECT 1 FROM search_documents WHERE id = document_id)",
        {"key": key, "first": first_id, "last": last_id},
    )
    if not is_living.any():
        tx.execute("DELETE FROM search_vector_blocks WHERE model_key = :key AND number = :number", named)
    elif not is_living.all():
        _put(tx, key, number, Block(block.ids[is_living], block.bits[:, is_living]))
    return gone


def _list_living(snapshot: Snapshot, first_id: int, last_id: int) -> NDArray[np.int64]:
    """Ids of the documents from one to another."""
    sql = "SELECT json_group_array(id) FROM search_documents WHERE id BETWEEN :first AND :last"
    return np.array(from_json(snapshot.value(sql, {"first": first_id, "last": last_id})), dtype=np.int64)
