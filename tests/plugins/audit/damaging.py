"""Recording operations, changing their rows by hand, and asking the checks what they find."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw

from synthetic import Operation, OperationKind, OperationOutcome, Snapshot, Store, Transaction
from synthetic_audit.checks import CHECKS
from synthetic_audit.model import Entry, hash_of
from synthetic_audit.store import insert_entry
from synthetic_audit.store.entries import COLUMNS

INSERT = f"INSERT INTO audit_log VALUES ({', '.join(f':value_{number}' for number in range(len(Entry._fields)))})"
"""With the values of a row, in order."""
NAMES = ("saveJob", "saveConstruct", "deleteConstruct")


def operation(number: int, at: int, **changes: Any) -> Operation:
    """An operation, with something in every field."""
    fields: dict[str, Any] = {
        "name": NAMES[number % len(NAMES)],
        "kind": OperationKind.MUTATION,
        "actor": f"worker-{number % 2}",
        "entity_type": "job",
        "entity_id": f"job-{number}",
        "outcome": OperationOutcome.DONE,
        "details": {"fields": ["id"]},
        "correlation_id": f"request-{number}",
        "occurred_at": at,
    }
    return Operation(**fields | changes)


def record(store: Store, *operations: Operation) -> list[Entry]:
    """Write operations in one transaction, as the hook does; their rows."""

    def write(tx: Transaction) -> list[Entry]:
        return [insert_entry(tx, each) for each in operations]

    return store.write(write)


def record_many(store: Store, count: int, first: int = 0) -> None:
    """Write so many operations, a second apart."""
    record(store, *(operation(number, 1_800_000_000_000 + 1_000 * number) for number in range(first, first + count)))


def find(snapshot: Snapshot) -> list[tuple[str, int, int]]:
    """What all checks of the log find: what was done, and to which rows."""
    found = [finding for check in CHECKS if check.find is not None for finding in check.find(snapshot)]
    return [(each.details["damage"], each.details["firstSeq"], each.details["lastSeq"]) for each in found]


def findings(store: Store) -> list[tuple[str, int, int]]:
    """The same of the store as it is."""
    return store.read(find)


def messages(store: Store) -> list[str]:
    """What they say."""

    def say(snapshot: Snapshot) -> list[str]:
        return [each.message for check in CHECKS if check.find is not None for each in check.find(snapshot)]

    return store.read(say)


def by_hand(data_dir: Path, *statements: tuple[str, Iterable[Any]] | str) -> None:
    """Run SQL on a store that nobody has open."""
    connection = apsw.Connection(str(data_dir / "synthetic.db"))
    try:
        with connection:
            for statement in statements:
                sql, values = (statement, ()) if isinstance(statement, str) else statement
                connection.execute(sql, {f"value_{number}": value for number, value in enumerate(values)})
    finally:
        connection.close()


def hashed(entry: Entry) -> Entry:
    """The row with the hash that it should have."""
    return entry._replace(hash=hash_of(entry.previous_hash, entry.seq, entry.occurred_at, entry[2:12]))


def empty(store: Store) -> None:
    """Make the log what it is in a new store."""

    def write(tx: Transaction) -> None:
        tx.execute("DELETE FROM audit_log")
        tx.execute("UPDATE audit_chain SET first_seq = 1, last_seq = 0")
        tx.execute("UPDATE audit_chain SET start_hash = zeroblob(32), last_hash = zeroblob(32)")

    store.write(write)


class _UndoneError(Exception):
    """Ends a transaction of which nothing is to be kept."""


def found_after(store: Store, *statements: tuple[str, Iterable[Any]] | str) -> list[tuple[str, int, int]]:
    """What is found once somebody has run SQL on the rows; all of it is undone."""
    found: list[tuple[str, int, int]] = []

    def run(tx: Transaction) -> None:
        for statement in statements:
            sql, values = (statement, ()) if isinstance(statement, str) else statement
            tx.execute(sql, {f"value_{number}": value for number, value in enumerate(values)})
        found.extend(find(tx))
        raise _UndoneError

    with contextlib.suppress(_UndoneError):
        store.write(run)
    return found


def row(store: Store, seq: int) -> Entry:
    """A row as it is stored."""
    found = store.read(lambda s: s.record(Entry, f"SELECT {COLUMNS} FROM audit_log WHERE seq = :seq", {"seq": seq}))
    assert found is not None
    return found
