"""Who owns which table, and what belongs to a row.

The registered tables are also kept in the store, so that rows of a plugin that
is not installed any more are found as well. What belongs to a row is found by
following the `delete` references that tables declare; it is deleted leaf
first, in small transactions, the row itself last, so that an interrupted
deletion can simply be asked for again. Each row that goes is told to the log,
in the transaction in which it goes, if its table says how (`Table.deleted`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar, TypeVarTuple

import apsw

from synthetic.contributions import EventType, Reference, Stamped, Table
from synthetic.database.deletion import CONSTRUCTS, TablePlan, carry_out, plan_steps
from synthetic.database.deletion_steps import Step, list_steps
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError, PluginClashError
from synthetic.faults import crash_point
from synthetic.json_text import from_json, to_json
from synthetic.travel_contributions import Travel

BATCH_ROWS = 500
Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


class BlockingStore(Protocol):
    """What a deletion in many transactions needs of a store."""

    def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run a read."""
        ...

    def write(self, function: Callable[[Transaction, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run a write."""
        ...


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """Everything that goes with one row, leaf first; the row's own table is the last."""

    tables: tuple[TablePlan, ...]


def read_owners(connection: apsw.Connection) -> dict[str, str]:
    """Name and plugin of each table that is on record in the store; empty for a new one."""
    if not connection.table_exists("main", "registered_tables"):
        return {}
    return dict(connection.execute("SELECT name, plugin FROM registered_tables"))


def refuse_takeover(owners: Mapping[str, str], tables: Sequence[Stamped[Table]], loaded: Collection[str]) -> None:
    """Refuse that a plugin registers a table which a plugin that is not loaded has left in the store.

    Args:
        owners: See `read_owners`.
        tables: All that are registered.
        loaded: Names of the loaded plugins; what one of them has given up is free.

    Raises:
        PluginClashError: Says whose the table is, and the ways out.
    """
    for table in tables:
        name = table.record.name
        owner = owners.get(name, table.plugin)
        if owner != table.plugin and owner not in loaded:
            raise PluginClashError(
                f"The plugin {table.plugin} registers the table {name}, which {owner}, a plugin that is not loaded,"
                " has left in this store.",
                action=f"Put {owner} back in place of {table.plugin}, or take {table.plugin} out and remove the tables"
                f" of {owner} with `synthetic plugins purge {owner}`.",
                details={"table": name, "plugins": [owner, table.plugin]},
            )


def record_tables(connection: apsw.Connection, tables: Sequence[Stamped[Table]], loaded: Collection[str]) -> None:
    """Keep the registered tables in the store, where they have changed.

    Args:
        connection: The writer's, outside a transaction.
        tables: All that are registered.
        loaded: Names of the loaded plugins: what they do not register any
            more is forgotten, what others have left stays on record.
    """
    wanted = {table.record.name: (table.plugin, _record_of(table.record)) for table in tables}
    found = {
        name: (plugin, record)
        for name, plugin, record in connection.execute("SELECT name, plugin, record FROM registered_tables")
    }
    changed = [(name, *value) for name, value in wanted.items() if found.get(name) != value]
    forgotten = [(name,) for name, (plugin, _) in found.items() if plugin in loaded and name not in wanted]
    if not changed and not forgotten:
        return
    with connection:
        connection.executemany("DELETE FROM registered_tables WHERE name = ?", forgotten)
        connection.executemany(
            "INSERT INTO registered_tables (name, plugin, record) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET plugin = excluded.plugin, record = excluded.record",
            changed,
        )


@lru_cache(maxsize=1_000)
def _record_of(table: Table) -> str:
    """A table as it goes on record."""
    return to_json(asdict(table))


def list_tables(snapshot: Snapshot) -> list[Stamped[Table]]:
    """All tables of the store that are someone's, those of absent plugins too."""
    rows = snapshot.rows(
        "SELECT plugin, record FROM registered_tables"
        " WHERE name IN (SELECT name FROM sqlite_schema WHERE type = 'table') ORDER BY plugin, name"
    )
    return [_table_of(plugin, text) for plugin, text in rows]


@lru_cache(maxsize=1_000)
def _table_of(plugin: str, text: str) -> Stamped[Table]:
    """A table as it is on record; each batch of a deletion asks for all of them, and they hardly ever change."""
    record: dict[str, Any] = from_json(text)
    references = tuple(Reference(**reference) for reference in record.pop("references"))
    record["key"] = tuple(record["key"])
    # A store that an older version wrote last may have tables on record that say nothing of events.
    deleted = record.pop("deleted", None)
    event_type = None if deleted is None else EventType(**deleted)
    # Nor of exports.
    travel = Travel.of_record(record.pop("travel")) if "travel" in record else Travel()
    return Stamped(plugin, Table(**record, references=references, deleted=event_type, travel=travel))


def plan_deletion(snapshot: Snapshot, table: str, key: str) -> DeletionPlan:
    """Name and count all that would go with a row.

    Args:
        snapshot: To count in.
        table: The row's table; its key is one column.
        key: The row's key.

    Raises:
        ConflictError: A row that refuses to be left behind points at it.
    """
    params = {"key": key}
    steps = list_steps(list_tables(snapshot), table)
    for step in steps:
        if step.action == "refuse":
            _check_refusal(snapshot, step, key)
    return DeletionPlan(plan_steps(snapshot, [step for step in steps if step.action != "refuse"], params))


def delete_owned(store: BlockingStore, table: str, key: str) -> DeletionPlan:
    """Delete a row and all that belongs to it, leaf first, in small transactions.

    Args:
        store: To read and write through.
        table: The row's table; its key is one column.
        key: The row's key.

    Returns:
        What was there when it began.

    Raises:
        ConflictError: A row that refuses to be left behind points at it. One
            that came after the deletion began stops it there; what is gone by
            then stays gone.
    """
    plan = store.read(plan_deletion, table, key)
    steps = store.read(lambda snapshot: list_steps(list_tables(snapshot), table))
    refusals = [step for step in steps if step.action == "refuse"]
    changes = [step for step in steps if step.action != "refuse"]
    for count in range(1, len(changes) + 1):
        while store.write(_delete_batch, refusals, changes[:count], table, key):
            crash_point("deletion.batch_deleted")
        crash_point("deletion.table_cleared")
    return plan


def _check_refusal(snapshot: Snapshot, step: Step, key: str) -> None:
    """Raise ConflictError if rows of a table refuse the deletion."""
    rows = snapshot.value(f"SELECT count(*) FROM {step.name} WHERE {step.condition}", {"key": key})
    if rows:
        raise ConflictError(
            f"{rows} rows of {step.name} point at it and refuse its deletion.",
            action=f"Remove them from {step.name} first.",
        )


def _delete_batch(tx: Transaction, refusals: Sequence[Step], changes: Sequence[Step], root: str, key: str) -> bool:
    """Do some rows of the last change; whether more may be left.

    The changes before it are done again first: rows that were added meanwhile
    would otherwise keep the ones they point at. So are the questions whether
    any row refuses.
    """
    for step in refusals:
        _check_refusal(tx, step, key)
    left = BATCH_ROWS
    for step in changes:
        left -= carry_out(tx, step, {"key": key}, left, key if root == CONSTRUCTS else None)
        if left <= 0:
            return True
    return False
