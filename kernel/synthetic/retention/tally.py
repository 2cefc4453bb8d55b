"""What retention has deleted and not yet told: counted in the transactions that delete, told by one event a run.

So a run that is broken off loses no count: the next one tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.json_text import from_json, to_json
from synthetic.log.event_types import RETENTION_RAN
from synthetic.retention.clock_check import ENTITY

Tally: TypeAlias = dict[str, dict[str, int]]
"""For each rule, how many rows of which table."""

_KEY = "retention_tally"


def add_to_tally(tx: Transaction, rule: str, tables: Mapping[str, int]) -> None:
    """Count what is deleted in this transaction."""
    tally = _read(tx)
    counts = tally.setdefault(rule, {})
    for table, rows in tables.items():
        counts[table] = counts.get(table, 0) + rows
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        {"key": _KEY, "value": to_json(tally)},
    )


def tell_tally(tx: Transaction) -> Tally:
    """Write to the log what has been deleted since this was last done, if anything.

    Returns:
        That.
    """
    tally = _read(tx)
    if tally:
        rows = sum(sum(tables.values()) for tables in tally.values())
        tx.emit(RETENTION_RAN, ENTITY, payload={"rows": rows, "rules": tally})
        tx.execute("DELETE FROM meta WHERE key = :key", {"key": _KEY})
    return tally


def _read(snapshot: Snapshot) -> Tally:
    text = snapshot.value("SELECT value FROM meta WHERE key = :key", {"key": _KEY})
    return {} if text is None else from_json(text)
