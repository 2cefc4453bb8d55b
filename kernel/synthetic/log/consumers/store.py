"""The rows of `consumers`: how far each has come, what is in its way, what was asked of it.

What is here works for consumers of plugins that are not loaded, too.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from synthetic.database.snapshot import Snapshot, Value
from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError, NotFoundError
from synthetic.json_text import from_json
from synthetic.log.positions import HORIZON, LogEnds

Kind = Literal["FOLD", "MIRROR"]
Phase = Literal["FOLLOWING", "REBUILDING", "FAILED"]
Action = Literal["RETRY", "RESUME", "REBUILD"]

SET_ASIDE_KEPT = 1_000
"""So many of the events that a consumer went on without are kept, the last ones."""


class ConsumerRecord(NamedTuple):
    """A row of `consumers`; instants are Unix milliseconds.

    Attributes:
        name: As `plugin.name`.
        kind: A fold or a mirror.
        fingerprint: Of the code that made what is being answered from; "": nothing has.
        position: What is being answered from holds all events up to here.
        phase: What it does.
        failed_position: Of the event that it could not take in.
        error: Why it failed: JSON of the error contract.
        failed_at: When.
        rebuild_through: Events up to here are in the rebuild that was begun, and failed or runs.
        rebuild_to: The end of the log when that began.
        requested: What an operator has asked for and was not begun yet.
        requested_at: When.
        set_aside: How many events it went on without.
        last_attempt_at: When it last tried to take something in.
        last_success_at: When it last succeeded.
        updated_at: When the row was changed last.
        types: Names of the types of events that concern it: a JSON array, empty for all.
        tables: Names of a fold's tables: a JSON array.
        rebuild_fingerprint: Of the code that the rebuild is made with.
        rebuild_started_at: When it began.
        rebuild_cursor: How far a mirror has scanned.
        rebuilt_at: When the last rebuild ended; None: there was none.
    """

    name: str
    kind: Kind
    fingerprint: str
    position: int
    phase: Phase
    failed_position: int | None
    error: str | None
    failed_at: int | None
    rebuild_through: int | None
    rebuild_to: int | None
    requested: Action | None
    requested_at: int | None
    set_aside: int
    last_attempt_at: int | None
    last_success_at: int | None
    updated_at: int
    types: str
    tables: str
    rebuild_fingerprint: str | None
    rebuild_started_at: int | None
    rebuild_cursor: str | None
    rebuilt_at: int | None

    @property
    def plugin(self) -> str:
        """Whose it is."""
        return self.name.partition(".")[0]

    @property
    def table_names(self) -> list[str]:
        """Names of a fold's tables."""
        return from_json(self.tables)

    @property
    def has_failed_at_event(self) -> bool:
        """Whether one event, or one entity of a scan, is in its way."""
        in_scan = self.kind == "MIRROR" and self.rebuild_through is not None
        return self.phase == "FAILED" and (self.failed_position is not None or in_scan)

    def actions(self) -> tuple[Action, ...]:
        """What can be asked of it now."""
        if self.phase == "REBUILDING":
            return ()
        if self.phase == "FOLLOWING":
            return ("REBUILD",)
        return ("RETRY", "RESUME", "REBUILD") if self.has_failed_at_event else ("RETRY", "REBUILD")


COLUMNS = ", ".join(ConsumerRecord._fields)
ALL_TYPES = "[]"
"""What stands in `types` for a consumer that all events concern."""


def list_consumers(snapshot: Snapshot) -> list[ConsumerRecord]:
    """All consumers that have ever run in this store and were not given up, by name."""
    return snapshot.records(ConsumerRecord, f"SELECT {COLUMNS} FROM consumers ORDER BY name")


def find_consumer(snapshot: Snapshot, name: str) -> ConsumerRecord | None:
    """One of them."""
    return snapshot.record(ConsumerRecord, f"SELECT {COLUMNS} FROM consumers WHERE name = :name", {"name": name})


def find_making(snapshot: Snapshot, name: str) -> str | None:
    """What the rows of a consumer were made anew by: another text after each rebuild, and the same until the next.

    Whoever keeps something that was computed from these rows, and looks again
    when an event comes, looks too when this has changed: the rows may be others
    then, though nothing happened.

    Args:
        snapshot: To read in.
        name: The consumer, as `plugin.name`.

    Returns:
        A text to be compared only; None for a consumer that never ran.
    """
    record = find_consumer(snapshot, name)
    return None if record is None else f"{record.fingerprint} {record.rebuilt_at or 0}"


def get_consumer(snapshot: Snapshot, name: str) -> ConsumerRecord:
    """One of them.

    Raises:
        NotFoundError: There is no such consumer.
    """
    record = find_consumer(snapshot, name)
    if record is None:
        raise NotFoundError(f"There is no consumer {name!r} in this store.", action="`syncStatus` lists them.")
    return record


def request_action(tx: Transaction, name: str, action: Action) -> None:
    """Ask a consumer for something; the process that runs it does it within a second.

    Args:
        tx: To write in.
        name: The consumer.
        action: RETRY: try again what failed. RESUME: the same, but set it aside
            if it fails once more, and go on. REBUILD: make all anew.

    Raises:
        NotFoundError: There is no such consumer.
        ConflictError: The action does not apply now.
    """
    record = get_consumer(tx, name)
    if action not in record.actions():
        possible = ", ".join(record.actions()) or "none: it is being rebuilt"
        raise ConflictError(
            f"{action} does not apply to {name} now; what does: {possible}.",
            action="Look at syncStatus, and ask for one of the actions that it lists.",
            details={"module": name, "actions": list(record.actions())},
        )
    tx.execute(
        "UPDATE consumers SET requested = :action, requested_at = :now, updated_at = :now WHERE name = :name",
        {"name": name, "action": action, "now": tx.now},
    )


class Called(NamedTuple):
    """A consumer that has something to do without an event.

    Attributes:
        name: As `plugin.name`.
        is_requested: Whether somebody has asked for it; else the log has left it behind.
    """

    name: str
    is_requested: bool


def list_called(snapshot: Snapshot) -> list[Called]:
    """All such consumers."""
    return snapshot.records(
        Called,
        "SELECT name, requested IS NOT NULL FROM consumers"
        f" WHERE requested IS NOT NULL OR (phase = 'FOLLOWING' AND position < {HORIZON})",
    )


def change_consumer(tx: Transaction, name: str, **columns: Value) -> None:
    """Change columns of a row.

    Args:
        tx: To write in.
        name: The consumer.
        columns: What to set, by names that stand in the code.
    """
    changes = ", ".join(f"{column} = :{column}" for column in (*columns, "updated_at"))
    tx.execute(f"UPDATE consumers SET {changes} WHERE name = :name", {**columns, "updated_at": tx.now, "name": name})


def count_set_aside(tx: Transaction, name: str) -> None:
    """Bring a row in step with the events that its consumer went on without."""
    tx.execute(
        "UPDATE consumers SET set_aside = (SELECT count(*) FROM set_aside_events WHERE consumer = :name),"
        " updated_at = :now WHERE name = :name",
        {"name": name, "now": tx.now},
    )


NO_FAILURE: dict[str, Value] = {"failed_position": None, "error": None, "failed_at": None}
NO_REQUEST: dict[str, Value] = {"requested": None, "requested_at": None}
NO_REBUILD: dict[str, Value] = {
    "rebuild_fingerprint": None,
    "rebuild_started_at": None,
    "rebuild_through": None,
    "rebuild_to": None,
    "rebuild_cursor": None,
}
"""Columns to set for `change_consumer`."""


def find_next_position(snapshot: Snapshot, types: str, after: int, through: int | None = None) -> int | None:
    """The first event of certain types behind a position.

    Args:
        snapshot: To look in.
        types: Their names: a JSON array, empty for all.
        after: The position.
        through: Look no further than this; None: to the end of the log.
    """
    if types == ALL_TYPES:
        sql = (
            "SELECT position FROM domain_events WHERE position > :after AND position <= coalesce(:through, position)"
            " ORDER BY position LIMIT 1"
        )
        return snapshot.value(sql, {"after": after, "through": through})
    # For each type one step down its index, which ends with the position.
    return snapshot.value(
        "SELECT min((SELECT e.position FROM domain_events AS e WHERE e.type = t.value AND e.position > :after"
        " ORDER BY e.position LIMIT 1)) AS next FROM json_each(:types) AS t"
        " HAVING :through IS NULL OR next <= :through",
        {"types": types, "after": after, "through": through},
    )


def find_next_event_at(snapshot: Snapshot, record: ConsumerRecord) -> int | None:
    """When the first event came that concerns a consumer and is not in what it is answered from.

    Returns:
        Unix milliseconds; None when it has caught up.
    """
    position = find_next_position(snapshot, record.types, record.position)
    if position is None:
        return None
    return snapshot.value(
        "SELECT ingested_at_utc FROM domain_events WHERE position = :position", {"position": position}
    )


def count_events_behind(snapshot: Snapshot, record: ConsumerRecord, limit: int) -> int:
    """How many events concern a consumer and are not in what it is answered from, at most `limit`."""
    if record.types == ALL_TYPES:
        sql = "SELECT count(*) FROM (SELECT 1 FROM domain_events WHERE position > :after LIMIT :limit)"
        return snapshot.value(sql, {"after": record.position, "limit": limit})
    return snapshot.value(
        "SELECT count(*) FROM (SELECT 1 FROM json_each(:types) AS t"
        " JOIN domain_events AS e ON e.type = t.value AND e.position > :after LIMIT :limit)",
        {"types": record.types, "after": record.position, "limit": limit},
    )


def has_reached(snapshot: Snapshot, name: str, number: int) -> bool:
    """Whether what a consumer is answered from holds all that concerns it up to a position.

    False for a consumer that never ran.
    """
    record = find_consumer(snapshot, name)
    if record is None or not record.fingerprint:
        return False
    if record.position >= number:
        return True
    if record.position < (snapshot.value(f"SELECT {HORIZON}") or 0):
        return False
    return find_next_position(snapshot, record.types, record.position, number) is None


def needs_rebuild(record: ConsumerRecord, ends: LogEnds) -> bool:
    """Whether events that it has not seen are not in the log any more."""
    return record.position < ends.horizon
