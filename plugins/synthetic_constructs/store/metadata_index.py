"""The index of metadata: `construct_metadata` and `construct_metadata_keys`.

Which keys are indexed is decided by the rows of `construct_metadata_keys`, not
by the settings of the process that asks: processes with different settings may
share a store, and every save must keep up the index that any of them reads.
Settings only say what `services.py` makes of that table.

A key is BUILDING while the constructs that were there before it are copied, in
order of their ids; every save already writes it. It is READY when all are
there, and only then do filters rely on it. It is RETIRING while its rows are
removed; saves do not write it any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from synthetic import Snapshot, Transaction
from synthetic_constructs.model import ConstructRecord, index_entries

_INSERT = (
    "INSERT INTO construct_metadata (construct_id, key, value, created_at)"
    " VALUES (:construct_id, :key, :value, :created_at)"
    " ON CONFLICT (construct_id, key) DO NOTHING"
)


def list_ready_keys(snapshot: Snapshot) -> frozenset[str]:
    """The keys whose index is complete."""
    return frozenset(key for (key,) in snapshot.rows("SELECT key FROM construct_metadata_keys WHERE state = 'READY'"))


def write_entries(tx: Transaction, construct: ConstructRecord, *, replaces: bool) -> None:
    """Bring the index of one construct up to its metadata.

    Args:
        tx: The transaction that stores the construct.
        construct: As it is stored now.
        replaces: Whether there may be entries of an earlier version.
    """
    keys = [key for (key,) in tx.rows("SELECT key FROM construct_metadata_keys WHERE state <> 'RETIRING'")]
    if keys and replaces:
        tx.execute("DELETE FROM construct_metadata WHERE construct_id = :id", {"id": construct.id})
    _insert(tx, ((construct.id, construct.metadata, construct.created_at),), keys)


def begin_keys(tx: Transaction, declared: Sequence[str]) -> int:
    """Begin the index of declared keys that have none; how many there were."""
    return tx.execute_many(
        "INSERT INTO construct_metadata_keys (key, state) VALUES (:key, 'BUILDING') ON CONFLICT (key) DO NOTHING",
        [{"key": key} for key in declared],
    )


def build_batch(tx: Transaction, constructs_max: int) -> int:
    """Copy the next constructs of one key that is being built, or call it READY.

    Returns:
        How many constructs were copied, plus one when a key became READY; 0 when no key is being built.
    """
    building = tx.row("SELECT key, backfilled_to FROM construct_metadata_keys WHERE state = 'BUILDING' LIMIT 1")
    if building is None:
        return 0
    key, backfilled_to = building
    batch = tx.rows(
        "SELECT id, metadata, created_at FROM constructs WHERE id > :after ORDER BY id LIMIT :constructs_max",
        {"after": backfilled_to or "", "constructs_max": constructs_max},
    )
    _insert(tx, batch, [key])
    if len(batch) < constructs_max:
        tx.execute(
            "UPDATE construct_metadata_keys SET state = 'READY', backfilled_to = NULL WHERE key = :key", {"key": key}
        )
        return len(batch) + 1
    tx.execute(
        "UPDATE construct_metadata_keys SET backfilled_to = :last WHERE key = :key", {"key": key, "last": batch[-1][0]}
    )
    return len(batch)


def retire_keys(tx: Transaction, declared: Sequence[str]) -> int:
    """Stop using the index of keys that are no longer declared; how many there were."""
    retired = 0
    for key, state in tx.rows("SELECT key, state FROM construct_metadata_keys"):
        if key not in declared and state != "RETIRING":
            retired += tx.execute(
                "UPDATE construct_metadata_keys SET state = 'RETIRING', backfilled_to = NULL WHERE key = :key",
                {"key": key},
            )
    return retired


def remove_batch(tx: Transaction, rows_max: int) -> int:
    """Remove some entries of one retiring key, and with the last of them the key itself.

    Returns:
        How many rows went; 0 when no key is retiring.
    """
    key = tx.value("SELECT key FROM construct_metadata_keys WHERE state = 'RETIRING' LIMIT 1")
    if key is None:
        return 0
    removed = tx.execute(
        "DELETE FROM construct_metadata WHERE key = :key AND construct_id IN"
        " (SELECT construct_id FROM construct_metadata WHERE key = :key LIMIT :rows_max)",
        {"key": key, "rows_max": rows_max},
    )
    if removed < rows_max:
        removed += tx.execute("DELETE FROM construct_metadata_keys WHERE key = :key", {"key": key})
    return removed


def _insert(tx: Transaction, constructs: Iterable[tuple[str, str, int]], keys: Sequence[str]) -> None:
    """Write the entries of constructs given as (id, metadata, created_at)."""
    entries = [
        {"construct_id": construct_id, "key": key, "value": value, "created_at": created_at}
        for construct_id, metadata, created_at in constructs
        for key, value in index_entries(metadata, keys)
    ]
    if entries:
        tx.execute_many(_INSERT, entries)
