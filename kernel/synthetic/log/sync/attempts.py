"""The last attempts of each module: what was tried, and what became of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from synthetic.clock import new_id
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.json_text import to_json
from synthetic.log.sync.model import AttemptOutcome, SyncError
from synthetic.log.sync.store import text_of_error

KEPT = 100
"""So many attempts of each module are kept."""

JOINED_MS = 60_000
"""A consumer works in batches, many a second: those that succeed within a minute are one attempt here."""


class SyncAttempt(NamedTuple):
    """A row of `sync_attempts`; instants are Unix milliseconds.

    Attributes:
        module: Whose it is.
        number: Counts the attempts of the module, from 1.
        id: As the module calls it, or a UUIDv7.
        outcome: What became of it, an `AttemptOutcome`.
        started_at: When it began.
        ended_at: When it ended; None while it runs.
        units: How much it did, in the module's own units.
        runs: How many runs of a consumer that all succeeded this row stands for.
        cursor: How far it came.
        requested: What was asked of the module before, and is done by this.
        error: JSON of the error of one that failed.
    """

    module: str
    number: int
    id: str
    outcome: str
    started_at: int
    ended_at: int | None
    units: int
    runs: int
    cursor: str | None
    requested: str | None
    error: str | None


COLUMNS = ", ".join(SyncAttempt._fields)
_SELECT = f"SELECT {COLUMNS} FROM sync_attempts WHERE module = :module"
_INSERT = f"INSERT INTO sync_attempts ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in SyncAttempt._fields)})"
_COUNT_FAILURE = (
    "INSERT INTO sync_state (module, kind, failures, created_at, updated_at)"
    " SELECT name, kind, 1, :now, :now FROM consumers WHERE name = :module"
    " ON CONFLICT (module) DO UPDATE SET failures = sync_state.failures + 1, updated_at = excluded.updated_at"
)


def record_attempt(
    tx: Transaction,
    module: str,
    *,
    started_at: int,
    units: int,
    error: dict[str, Any] | None = None,
    cursor: str | None = None,
) -> None:
    """Write down an attempt of a consumer, in the transaction of its work or of its failure.

    Args:
        tx: The transaction.
        module: The consumer, `PLUGIN.NAME`.
        started_at: When it began, Unix milliseconds.
        units: How much it did.
        error: Why it failed, in the shape of the contract; None: it succeeded.
        cursor: How far it came.
    """
    newest = find_newest(tx, module)
    if error is None and newest is not None and _can_be_joined(newest, tx.now):
        tx.execute(
            "UPDATE sync_attempts SET ended_at = :now, units = units + :units, runs = runs + 1,"
            " cursor = coalesce(:cursor, cursor) WHERE module = :module AND number = :number",
            {"now": tx.now, "units": units, "cursor": cursor, "module": module, "number": newest.number},
        )
        return
    add_attempt(
        tx,
        module,
        new_id(),
        AttemptOutcome.SUCCEEDED if error is None else AttemptOutcome.FAILED,
        started_at=started_at,
        ended_at=tx.now,
        units=units,
        cursor=cursor,
        error=None if error is None else text_of_error(SyncError.of_contract(error)),
    )
    if error is not None:
        tx.execute(_COUNT_FAILURE, {"module": module, "now": tx.now})


def _can_be_joined(newest: SyncAttempt, now: int) -> bool:
    return newest.outcome == AttemptOutcome.SUCCEEDED and 0 <= now - newest.started_at < JOINED_MS


def add_attempt(
    tx: Transaction,
    module: str,
    id: str,
    outcome: AttemptOutcome,
    *,
    started_at: int,
    ended_at: int | None = None,
    units: int = 0,
    cursor: str | None = None,
    requested: str | None = None,
    error: str | None = None,
) -> SyncAttempt:
    """Add an attempt, and forget the one that is too many."""
    newest = find_newest(tx, module)
    number = 1 if newest is None else newest.number + 1
    attempt = SyncAttempt(module, number, id, outcome.value, started_at, ended_at, units, 1, cursor, requested, error)
    tx.execute(_INSERT, attempt._asdict())
    tx.execute(
        "DELETE FROM sync_attempts WHERE module = :module AND number <= :last",
        {"module": module, "last": number - KEPT},
    )
    return attempt


def save_attempt(tx: Transaction, attempt: SyncAttempt) -> None:
    """Write what has become of an attempt."""
    tx.execute(
        "UPDATE sync_attempts SET outcome = :outcome, ended_at = :ended_at, units = :units, cursor = :cursor,"
        " error = :error WHERE module = :module AND number = :number",
        attempt._asdict(),
    )


def abandon_attempts(tx: Transaction, module: str) -> None:
    """Give up what runs: nothing more was heard of it before the module went on to something else."""
    tx.execute(
        "UPDATE sync_attempts SET outcome = 'ABANDONED', ended_at = :now"
        " WHERE module = :module AND outcome = 'RUNNING'",
        {"module": module, "now": tx.now},
    )


def find_newest(snapshot: Snapshot, module: str) -> SyncAttempt | None:
    """The attempt of a module that began last, or None."""
    return snapshot.record(SyncAttempt, _SELECT + " ORDER BY number DESC LIMIT 1", {"module": module})


def find_attempt(snapshot: Snapshot, module: str, id: str) -> SyncAttempt | None:
    """An attempt by its id, or None."""
    return snapshot.record(SyncAttempt, _SELECT + " AND id = :id", {"module": module, "id": id})


def list_attempts(snapshot: Snapshot, modules: list[str], limit: int) -> dict[str, list[SyncAttempt]]:
    """The last attempts of each module, the newest first."""
    rows = snapshot.records(
        SyncAttempt,
        f"SELECT {COLUMNS} FROM (SELECT *, row_number() OVER (PARTITION BY module ORDER BY number DESC) AS place"
        " FROM sync_attempts WHERE module IN (SELECT value FROM json_each(:modules))) WHERE place <= :limit"
        " ORDER BY module, number DESC",
        {"modules": to_json(modules), "limit": limit},
    )
    found: dict[str, list[SyncAttempt]] = {module: [] for module in modules}
    for row in rows:
        found[row.module].append(row)
    return found
