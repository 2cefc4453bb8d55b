"""Passing over: consumers come past events that do not concern them, all at once and without a turn of their own."""

from __future__ import annotations

from synthetic.database.ownership import BlockingStore
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.log.consumers.store import ALL_TYPES
from synthetic.log.positions import HEAD, HORIZON

# For each type one step down its index. Who has an event before it takes its own turn.
_PASSING = f"""
phase = 'FOLLOWING' AND position >= {HORIZON} AND position < {HEAD} AND types <> '{ALL_TYPES}' AND NOT EXISTS (
    SELECT 1 FROM json_each(consumers.types) AS t WHERE EXISTS (
        SELECT 1 FROM domain_events AS e WHERE e.type = t.value AND e.position > consumers.position
    )
)
"""


def pass_over(store: BlockingStore) -> int:
    """Move the consumers that have nothing before them to the end of the log.

    Returns:
        0: there is nothing left to do.
    """
    if store.read(_is_needed):
        store.write(_move)
    return 0


def _is_needed(snapshot: Snapshot) -> bool:
    return snapshot.value(f"SELECT 1 FROM consumers WHERE {_PASSING} LIMIT 1") is not None


def _move(tx: Transaction) -> int:
    return tx.execute(f"UPDATE consumers SET position = {HEAD}, updated_at = :now WHERE {_PASSING}", {"now": tx.now})
