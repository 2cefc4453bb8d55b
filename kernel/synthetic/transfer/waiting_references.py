"""References that wait for the row that they name, which comes later or comes back, until the import is complete.

They stand in the store, committed with the rows that they are of, so that an import that goes on after it was broken
off knows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from synthetic.contributions import Reference
from synthetic.database.deletion_steps import Step
from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot, Value
from synthetic.database.transaction import Transaction
from synthetic.json_text import from_json, to_json
from synthetic.transfer.policies import UnitOutcome, count
from synthetic.transfer.travelling import quoted


class _Waiting(NamedTuple):
    """A reference that is to be set.

    Attributes:
        unit: Whose outcome counts it as emptied.
        table: The table of its row.
        row_key: The key of that, as a JSON array.
        column: The column.
        value: What is to stand in it, as an array of one.
    """

    unit: int
    table: str
    row_key: str
    column: str
    value: str


def note_waiting(
    tx: Transaction, import_id: str, outcome: UnitOutcome, table: str, key: Sequence[Value], column: str, value: Value
) -> None:
    """Note that a column of a row is empty until the row that it names is there; the outcome counts it till then.

    What JSON has no form for stays empty.
    """
    count(outcome.cleared, f"{table}.{column}")
    if all(isinstance(each, str | int) for each in (*key, value)):
        tx.execute(
            "INSERT INTO imported_references (import_id, unit, table_name, row_key, column_name, value)"
            " VALUES (:import_id, :unit, :table, :row_key, :column, :value)"
            " ON CONFLICT DO UPDATE SET unit = excluded.unit, value = excluded.value",
            {
                "import_id": import_id,
                "unit": outcome.unit,
                "table": table,
                "row_key": to_json(list(key)),
                "column": column,
                "value": to_json([value]),
            },
        )


def note_cleared(tx: Transaction, import_id: str, outcome: UnitOutcome, step: Step) -> None:
    """Note what a step of a deletion is about to empty in rows that stay; `:key` in it is the construct of the unit."""
    column = str(step.column)
    sql = f"SELECT {step.keys}, {column} FROM {step.name} WHERE ({step.condition}) AND {column} IS NOT NULL"
    for *key, value in tx.rows(sql, {"key": outcome.id}):
        note_waiting(tx, import_id, outcome, step.name, key, column, value)


def forget_gone(tx: Transaction, import_id: str) -> None:
    """Forget the references of rows that have gone themselves; those that come in their place bring their own."""
    keys = {table.record.name: table.record.key for table in list_tables(tx)}
    for waiting in _read(tx, import_id, None):
        condition, params = _row(keys[waiting.table], waiting)
        if tx.row(f"SELECT 1 FROM {waiting.table} WHERE {condition}", params) is None:
            _forget(tx, import_id, waiting)


def set_waiting(tx: Transaction, import_id: str, outcomes: Mapping[int, UnitOutcome], unit: int | None = None) -> None:
    """Set the references whose rows are there by now, and count them no more as emptied.

    Args:
        tx: To write in.
        import_id: The import.
        outcomes: Of the units, by their numbers.
        unit: Whose alone; None: those of all.
    """
    tables = {table.record.name: table.record for table in list_tables(tx)}
    for waiting in _read(tx, import_id, unit):
        record = tables[waiting.table]
        reference = next(each for each in record.references if each.column == waiting.column)
        (value,) = from_json(waiting.value)
        if not _is_there(tx, reference, value):
            continue
        _forget(tx, import_id, waiting)
        condition, params = _row(record.key, waiting)
        column = quoted(waiting.column)
        sql = f"UPDATE OR IGNORE {waiting.table} SET {column} = :value WHERE {condition} AND {column} IS NULL"
        if tx.execute(sql, {**params, "value": value}):
            cleared, name = outcomes[waiting.unit].cleared, f"{waiting.table}.{waiting.column}"
            count(cleared, name, -1)
            if cleared[name] == 0:
                del cleared[name]


def _is_there(tx: Transaction, reference: Reference, value: Value) -> bool:
    sql = f"SELECT 1 FROM {reference.table} WHERE {quoted(reference.target)} = :value"
    return tx.row(sql, {"value": value}) is not None


def _read(snapshot: Snapshot, import_id: str, unit: int | None) -> list[_Waiting]:
    return snapshot.records(
        _Waiting,
        "SELECT unit, table_name, row_key, column_name, value FROM imported_references"
        " WHERE import_id = :import_id AND unit = coalesce(:unit, unit)",
        {"import_id": import_id, "unit": unit},
    )


def _row(key: Sequence[str], waiting: _Waiting) -> tuple[str, dict[str, Any]]:
    """The condition for the row of a reference, and its parameters."""
    condition = " AND ".join(f"{quoted(name)} = :key_{number}" for number, name in enumerate(key))
    return condition, {f"key_{number}": value for number, value in enumerate(from_json(waiting.row_key))}


def _forget(tx: Transaction, import_id: str, waiting: _Waiting) -> None:
    tx.execute(
        "DELETE FROM imported_references WHERE import_id = :import_id AND table_name = :table AND row_key = :row_key"
        " AND column_name = :column",
        {"import_id": import_id, "table": waiting.table, "row_key": waiting.row_key, "column": waiting.column},
    )
