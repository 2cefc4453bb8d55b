"""What the watch of a store's room leaves in `meta` for other processes, and for sync status."""

from __future__ import annotations

from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction

STORAGE = "storage"
"""The sync module."""

BESIDE_KEY = "storage_beside_bytes"
"""What the files beside the database took when they were counted last, in bytes."""

WARNING_KEY = "storage_warning"
"""Why the module is STALE, as a sentence; empty: there is room enough."""


def find_note(snapshot: Snapshot, key: str) -> str | None:
    """What is noted under a key, or None."""
    return snapshot.value("SELECT value FROM meta WHERE key = :key", {"key": key})


def save_note(tx: Transaction, key: str, value: str) -> None:
    """Note something in place of what was noted."""
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        {"key": key, "value": value},
    )
