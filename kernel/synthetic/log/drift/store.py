"""The rows of `drift_checks` and `drift_rows`: what was found of each fold, and what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from synthetic.database.snapshot import Snapshot, Value
from synthetic.database.transaction import Transaction
from synthetic.json_text import from_json, to_json
from synthetic.log.consumers.store import find_consumer
from synthetic.log.drift.model import ROWS_KEPT, Comparison, Difference, DriftRow, DriftScope


class DriftCheck(NamedTuple):
    """A row of `drift_checks`; instants are Unix milliseconds.

    Attributes:
        consumer: The fold, as `plugin.name`.
        scope: How much was compared last; None: nothing was yet.
        position: The fold's position then.
        rows: How many rows were compared.
        skipped: How many were drawn that could not be.
        differing: How many rows are known to differ.
        checked_at: When it was compared last, or that was tried.
        took_ms: How long that took.
        hashes: JSON object of the tables' hashes, of the last comparison of all.
        error: Why the last comparison could not be carried out: JSON of the error contract.
        requested_at: When a comparison of all was asked for that has not ended.
        cursors: JSON object: how far each table was sampled.
    """

    consumer: str
    scope: str | None = None
    position: int | None = None
    rows: int = 0
    skipped: int = 0
    differing: int = 0
    checked_at: int | None = None
    took_ms: int | None = None
    hashes: str | None = None
    error: str | None = None
    requested_at: int | None = None
    cursors: str = "{}"


COLUMNS = ", ".join(DriftCheck._fields)


def find_drift_check(snapshot: Snapshot, consumer: str) -> DriftCheck | None:
    """What is known of a fold."""
    return snapshot.record(
        DriftCheck, f"SELECT {COLUMNS} FROM drift_checks WHERE consumer = :consumer", {"consumer": consumer}
    )


def list_drift_rows(snapshot: Snapshot, consumer: str) -> list[DriftRow]:
    """The rows of a fold that differ, the first of them."""
    return [
        DriftRow(table, key, Difference(difference))
        for table, key, difference in snapshot.rows(
            "SELECT table_name, row_key, difference FROM drift_rows WHERE consumer = :consumer"
            " ORDER BY table_name, row_key",
            {"consumer": consumer},
        )
    ]


def request_verification(tx: Transaction, consumer: str) -> None:
    """Ask for a comparison of a whole fold; the process that does the background work begins it within a second."""
    _change(tx, consumer, requested_at=tx.now)


def save_comparison(
    tx: Transaction, consumer: str, found: Comparison, took_ms: int, cursors: Mapping[str, Any] | None = None
) -> bool:
    """Keep what was found, unless the fold was made anew since.

    A sample that finds nothing says nothing of the rows that are known to
    differ: these stay until all is compared, or the fold is rebuilt.

    Args:
        tx: To write in.
        consumer: The fold.
        found: What came of it.
        took_ms: How long it took.
        cursors: How far each table was sampled.

    Returns:
        Whether it was kept.
    """
    record = find_consumer(tx, consumer)
    if record is None or record.rebuilt_at != found.rebuilt_at:
        return False
    changes: dict[str, Value] = {
        "scope": found.scope.value,
        "position": found.position,
        "rows": found.rows,
        "skipped": found.skipped,
        "checked_at": tx.now,
        "took_ms": took_ms,
        "error": None,
    }
    if cursors is not None:
        changes["cursors"] = to_json(dict(cursors))
    if found.scope is DriftScope.WHOLE:
        changes |= {"differing": found.differing, "hashes": to_json(dict(found.hashes)), "requested_at": None}
        _replace_rows(tx, consumer, found.first)
    _change(tx, consumer, **changes)
    return True


def save_failure(tx: Transaction, consumer: str, error: Mapping[str, Any]) -> None:
    """Keep why a fold could not be compared, in the shape of the error contract."""
    _change(tx, consumer, error=to_json(dict(error)), checked_at=tx.now, requested_at=None)


def clear_drift(tx: Transaction, consumer: str) -> None:
    """A fold was made anew: nothing of it is known to differ."""
    _replace_rows(tx, consumer, ())
    tx.execute(
        "UPDATE drift_checks SET differing = 0, cursors = '{}' WHERE consumer = :consumer", {"consumer": consumer}
    )


def forget_drift(tx: Transaction, consumer: str) -> None:
    """Forget a fold that is no more."""
    for table in ("drift_rows", "drift_checks"):
        tx.execute(f"DELETE FROM {table} WHERE consumer = :consumer", {"consumer": consumer})


def cursors_of(check: DriftCheck | None) -> dict[str, Any]:
    """How far each table was sampled."""
    return {} if check is None else from_json(check.cursors)


def _replace_rows(tx: Transaction, consumer: str, rows: tuple[DriftRow, ...]) -> None:
    tx.execute("DELETE FROM drift_rows WHERE consumer = :consumer", {"consumer": consumer})
    tx.execute_many(
        "INSERT INTO drift_rows (consumer, table_name, row_key, difference, found_at)"
        " VALUES (:consumer, :table, :key, :difference, :now)",
        [
            {"consumer": consumer, "table": row.table, "key": row.key, "difference": row.difference, "now": tx.now}
            for row in rows[:ROWS_KEPT]
        ],
    )


def _change(tx: Transaction, consumer: str, **columns: Value) -> None:
    """Set columns of a row, by names that stand in the code, whether it is there or not."""
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    tx.execute(
        f"INSERT INTO drift_checks (consumer, {names}) VALUES (:consumer, {values})"
        f" ON CONFLICT (consumer) DO UPDATE SET {changes}",
        {"consumer": consumer, **columns},
    )
