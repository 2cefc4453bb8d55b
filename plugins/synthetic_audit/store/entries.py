"""The rows of `audit_log`, and the one of `audit_chain`, which says where they begin and end."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Operation, Row, Snapshot, Transaction
from synthetic_audit.model import NO_HASH, TEXT_COLUMNS, Anchor, Entry, entry_of

COLUMNS = ", ".join(Entry._fields)

_AS_BYTES = ", ".join(f"CAST({name} AS BLOB)" if name in TEXT_COLUMNS else name for name in Entry._fields)
"""Whoever changes a row by hand may leave text that is none."""

_END = "SELECT last_seq, last_hash, (SELECT max(seq) FROM audit_log) FROM audit_chain WHERE id = 1"
_NEXT = (
    "SELECT seq + 1 FROM (SELECT :last AS seq UNION ALL SELECT seq FROM audit_log WHERE seq > :last) AS before"
    " WHERE NOT EXISTS (SELECT 1 FROM audit_log WHERE audit_log.seq = before.seq + 1) ORDER BY seq LIMIT 1"
)
"""The first number behind the end that no row has: rows that were put there by hand may have any."""

_INSERT = f"INSERT INTO audit_log ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Entry._fields)})"
_MOVE_END = "UPDATE audit_chain SET last_seq = :seq, last_hash = :hash WHERE id = 1"
_BEGIN = (
    "INSERT INTO audit_chain (id, first_seq, start_hash, last_seq, last_hash)"
    " VALUES (1, :seq, :previous_hash, :seq, :hash)"
)

CHAIN_OF_ROWS = """
UPDATE audit_chain SET first_seq = f.seq, start_hash = f.previous_hash, last_seq = l.seq, last_hash = l.hash
FROM (SELECT seq, previous_hash FROM audit_log ORDER BY seq LIMIT 1) AS f,
    (SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1) AS l
"""
"""Where the chain begins and ends by the rows that are there, for a store that was recovered without its record."""


def insert_entry(tx: Transaction, operation: Operation) -> Entry:
    """Write an operation at the end of the chain.

    Damage is for the checks to name: it does not keep anything from being
    recorded. So rows that stand behind the end are passed by, and a chain
    whose ends are lost begins anew.

    Args:
        tx: To write in: of the change, or of its own.
        operation: What was done.

    Returns:
        The row.
    """
    end = tx.row(_END)
    if end is None:
        last_seq: int = tx.value("SELECT coalesce(max(seq), 0) FROM audit_log")
        entry = entry_of(operation, last_seq + 1, NO_HASH)
    else:
        last_seq, last_hash, found_seq = end
        is_last = found_seq is None or found_seq <= last_seq
        entry = entry_of(operation, last_seq + 1 if is_last else tx.value(_NEXT, {"last": last_seq}), last_hash)
    tx.execute(_INSERT, entry._asdict())
    tx.execute(_BEGIN if end is None else _MOVE_END, _ends(entry, begins=end is None))
    return entry


def move_beginning(tx: Transaction, keys: Sequence[Row]) -> None:
    """Let the chain begin behind rows that retention deletes in this transaction.

    Args:
        tx: To write in.
        keys: Of the rows, in order.
    """
    end = tx.value("SELECT last_seq FROM audit_chain WHERE id = 1")
    # What was put behind the end by hand may be old as well; the chain does not begin there.
    within = [seq for (seq, *_) in keys if end is not None and seq <= end]
    if within:
        tx.execute(
            "UPDATE audit_chain SET (first_seq, start_hash) ="
            " (SELECT seq + 1, hash FROM audit_log WHERE seq = :seq) WHERE id = 1 AND first_seq <= :seq",
            {"seq": within[-1]},
        )


def find_anchor(snapshot: Snapshot) -> Anchor | None:
    """Where the chain begins and ends; None: that is lost."""
    return snapshot.record(Anchor, "SELECT first_seq, start_hash, last_seq, last_hash FROM audit_chain WHERE id = 1")


def list_entries(snapshot: Snapshot, *, after: int, most: int) -> list[Entry]:
    """Rows as they are stored, their texts as bytes.

    Args:
        snapshot: To read in.
        after: Those with larger numbers, the smallest first.
        most: How many at most.
    """
    return snapshot.records(
        Entry,
        f"SELECT {_AS_BYTES} FROM audit_log WHERE seq > :after ORDER BY seq LIMIT :most",
        {"after": after, "most": most},
    )


def _ends(entry: Entry, *, begins: bool) -> dict[str, int | bytes]:
    ends: dict[str, int | bytes] = {"seq": entry.seq, "hash": entry.hash}
    return {**ends, "previous_hash": entry.previous_hash} if begins else ends
