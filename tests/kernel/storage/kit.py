"""Rows that take room, and how large the files of a store are."""

from __future__ import annotations

from synthetic import Store, Transaction
from synthetic.storage.files import file_bytes

SMALL_LOG = {"kernel.storage.wal_bytes": "262144"}
"""A log that is emptied early."""


def fill(store: Store, rows: int, prefix: str = "x", size: int = 2_000) -> None:
    """Write rows of a kilobyte or two, a hundred to a transaction."""

    def write(tx: Transaction, start: int) -> None:
        tx.execute_many(
            "INSERT INTO meta (key, value) VALUES (:key, :value)",
            ({"key": f"{prefix}{number}", "value": "y" * size} for number in range(start, min(rows, start + 100))),
        )

    for start in range(0, rows, 100):
        store.write(write, start)


def empty(store: Store, prefix: str = "x") -> None:
    """Delete them all."""
    store.write(lambda tx: tx.execute("DELETE FROM meta WHERE key GLOB :pattern", {"pattern": f"{prefix}*"}))


def wal_bytes(store: Store) -> int:
    return file_bytes(store.kernel.directory.log)


def database_bytes(store: Store) -> int:
    return file_bytes(store.kernel.directory.database)


def metric(store: Store, name: str, **labels: str) -> float | None:
    return store.kernel.metrics.registry.get_sample_value(name, labels)
