"""Who owns which table, and what belongs to a row.

The registered tables are also kept in the store, so that rows of a plugin that
is not installed any more are found as well. What belongs to a row is found by
following the `delete` references that tables declare; it is deleted leaf
first, in small transactions, the row itself last, so that an interrupted
deletion can simply be asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, TypeVar, TypeVarTuple

import apsw

from synthetic.contributions import Reference, Stamped, Table
from synthetic.database.transaction import Snapshot, Transaction, Value
from synthetic.errors import ConflictError, PluginClashError
from synthetic.json_text import from_json, to_json

BATCH_ROWS = 500
SAMPLE_KEYS = 20

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


@dataclass(frozen=True, slots=True)
class _Step:
    """What is done to the rows of one table for which a condition on `:key` holds."""

    table: Stamped[Table]
    action: Literal["delete", "clear", "refuse"]
    column: str | None
    condition: str

    @property
    def name(self) -> str:
        return self.table.record.name

    @property
    def keys(self) -> str:
        return ", ".join(self.table.record.key)


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
        tables.append(Stamped(plugin, Table(**record, references=references)))
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
    for step in _steps(list_tables(snapshot), table):
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
    steps = store.read(lambda snapshot: _steps(list_tables(snapshot), table))
    refusals = [step for step in steps if step.action == "refuse"]
    changes = [step for step in steps if step.action != "refuse"]
    for count in range(1, len(changes) + 1):
        while store.write(_delete_batch, refusals, changes[:count], key):
            pass
    return plan


def _check_refusal(snapshot: Snapshot, step: _Step, key: str) -> None:
    """Raise ConflictError if rows of a table refuse the deletion."""
    rows = snapshot.value(f"SELECT count(*) FROM {step.name} WHERE {step.condition}", {"key": key})
    if rows:
        raise ConflictError(
            f"{rows} rows of {step.name} point at it and refuse its deletion.",
            action=f"Remove them from {step.name} first.",
        )


def _delete_batch(tx: Transaction, refusals: Sequence[_Step], changes: Sequence[_Step], key: str) -> bool:
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
        change = (
            f"UPDATE {step.name} SET {step.column} = NULL" if step.action == "clear" else f"DELETE FROM {step.name}"
        )
        left -= tx.execute(f"{change} WHERE ({step.keys}) IN ({chosen})", {"key": key})
        if left <= 0:
            return True
    return False


def _steps(tables: Sequence[Stamped[Table]], root: str) -> list[_Step]:
    """What to do to which table, in order: references are cleared, then rows deleted leaf first, the root last."""
    start = next(table for table in tables if table.record.name == root)
    (root_key,) = start.record.key
    deletions: dict[str, list[str]] = {}
    others: list[tuple[Stamped[Table], Reference, str]] = []
    order: list[Stamped[Table]] = []

    def follow(target: Stamped[Table], condition: str, path: tuple[str, ...]) -> None:
        for table in tables:
            for reference in table.record.references:
                if reference.table != target.record.name:
                    continue
                inner = (
                    f"{reference.column} = :key"
                    if target is start and reference.target == root_key
                    else f"{reference.column} IN (SELECT {reference.target} FROM {reference.table} WHERE {condition})"
                )
                if reference.on_delete != "delete":
                    others.append((table, reference, inner))
                elif table.record.name not in path:
                    follow(table, inner, (*path, table.record.name))
        # After all that point at it: the order of first visits is leaf first.
        deletions.setdefault(target.record.name, []).append(condition)
        if target not in order:
            order.append(target)

    follow(start, f"{root_key} = :key", (root,))
    steps = [
        _Step(table, reference.on_delete, reference.column, _unless_deleted(inner, deletions.get(table.record.name)))
        for table, reference, inner in others
    ]
    for table in order:
        conditions = deletions[table.record.name]
        steps.append(_Step(table, "delete", None, " OR ".join(f"({condition})" for condition in conditions)))
    return steps


def _unless_deleted(condition: str, deletions: Sequence[str] | None) -> str:
    """A row that goes anyway is neither cleared nor a reason to refuse."""
    if not deletions:
        return condition
    return f"({condition}) AND ({' OR '.join(f'({deletion})' for deletion in deletions)}) IS NOT TRUE"
