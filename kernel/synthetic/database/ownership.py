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
from typing import Any, Protocol, TypeVar, TypeVarTuple

import apsw
from strawberry.utils.str_converters import to_camel_case

from synthetic.contributions import EventType, Reference, Stamped, Table
from synthetic.database.deletion_steps import Step, list_steps
from synthetic.database.transaction import Snapshot, Transaction, Value
from synthetic.errors import ConflictError, PluginClashError
from synthetic.json_text import from_json, to_json

BATCH_ROWS = 500
SAMPLE_KEYS = 20

CONSTRUCTS = "constructs"
"""The table whose rows own others': an event of a row that goes names the construct that it belonged to."""

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
class TablePlan:
    """What a deletion does to one table.

    Attributes:
        plugin: Whose table it is.
        table: Its name.
        rows: How many rows are concerned.
        action: `delete`, or `clear` for a column that loses what it points at.
        sample_keys: The first keys, as text; several columns joined by "/".
    """

    plugin: str
    table: str
    rows: int
    action: str
    sample_keys: tuple[str, ...]


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
    wanted = {table.record.name: (table.plugin, to_json(asdict(table.record))) for table in tables}
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


def list_tables(snapshot: Snapshot) -> list[Stamped[Table]]:
    """All tables of the store that are someone's, those of absent plugins too."""
    tables: list[Stamped[Table]] = []
    for plugin, text in snapshot.rows(
        "SELECT plugin, record FROM registered_tables"
        " WHERE name IN (SELECT name FROM sqlite_schema WHERE type = 'table') ORDER BY plugin, name"
    ):
        record: dict[str, Any] = from_json(text)
        references = tuple(Reference(**reference) for reference in record.pop("references"))
        record["key"] = tuple(record["key"])
        # A store that an older version wrote last may have tables on record that say nothing of events.
        deleted = record.pop("deleted", None)
        event_type = None if deleted is None else EventType(**deleted)
        tables.append(Stamped(plugin, Table(**record, references=references, deleted=event_type)))
    return tables


def plan_deletion(snapshot: Snapshot, table: str, key: str) -> DeletionPlan:
    """Name and count all that would go with a row.

    Args:
        snapshot: To count in.
        table: The row's table; its key is one column.
        key: The row's key.

    Raises:
        ConflictError: A row that refuses to be left behind points at it.
    """
    plans: list[TablePlan] = []
    params: dict[str, Value] = {"key": key}
    for step in list_steps(list_tables(snapshot), table):
        if step.action == "refuse":
            _check_refusal(snapshot, step, key)
            continue
        rows = snapshot.value(f"SELECT count(*) FROM {step.name} WHERE {step.condition}", params)
        if not rows:
            continue
        sample = snapshot.rows(
            f"SELECT {step.keys} FROM {step.name} WHERE {step.condition} ORDER BY {step.keys} LIMIT {SAMPLE_KEYS}",
            params,
        )
        texts = tuple("/".join(map(str, row)) for row in sample)
        plans.append(TablePlan(step.table.plugin, step.name, rows, step.action, texts))
    return DeletionPlan(tuple(plans))


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
            pass
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
        chosen = f"SELECT {step.keys} FROM {step.name} WHERE {step.condition} LIMIT {left}"
        condition = f"WHERE ({step.keys}) IN ({chosen})"
        if step.action == "clear":
            left -= tx.execute(f"UPDATE {step.name} SET {step.column} = NULL {condition}", {"key": key})
        elif step.table.record.deleted is None:
            left -= tx.execute(f"DELETE FROM {step.name} {condition}", {"key": key})
        else:
            left -= _delete_and_tell(tx, step.table, step.table.record.deleted, condition, root, key)
        if left <= 0:
            return True
    return False


def _delete_and_tell(
    tx: Transaction, table: Stamped[Table], deleted: EventType, condition: str, root: str, key: str
) -> int:
    """Delete rows, and write to the log which.

    An event names the construct that is being deleted, or else the one that its
    row points at. Where the key has several columns, the payload has each.

    Returns:
        How many rows went.
    """
    record = table.record
    owner = next((each.column for each in record.references if each.table == CONSTRUCTS and root != CONSTRUCTS), None)
    columns = record.key if owner is None else (*record.key, owner)
    rows = tx.rows(f"DELETE FROM {record.name} {condition} RETURNING {', '.join(columns)}", {"key": key})
    names = [to_camel_case(column) for column in record.key]
    for row in rows:
        values = row[: len(names)]
        tx.emit_as(
            table.plugin,
            deleted,
            "/".join(map(str, values)),
            construct_id=row[-1] if owner is not None else key if root == CONSTRUCTS else None,
            payload=dict(zip(names, values, strict=True)) if len(names) > 1 else None,
        )
    return len(rows)
