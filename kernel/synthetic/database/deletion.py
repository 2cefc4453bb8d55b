"""Carrying out the steps of a deletion: counting first, then doing a bounded part of it.

Which steps there are is `synthetic.database.deletion_steps`. Each row that goes
is told to the log, in the transaction in which it goes, if its table says how
(`Table.deleted`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from strawberry.utils.str_converters import to_camel_case

from synthetic.contributions import EventType, Stamped, Table
from synthetic.database.deletion_steps import Step
from synthetic.database.snapshot import Parameters, Snapshot
from synthetic.database.transaction import Transaction

SAMPLE_KEYS = 20

CONSTRUCTS = "constructs"
"""The table whose rows own others': an event of a row that goes names the construct that it belonged to."""


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


def plan_steps(snapshot: Snapshot, steps: Iterable[Step], params: Parameters) -> tuple[TablePlan, ...]:
    """What the steps would do, in their order, without those that concern no row."""
    plans: list[TablePlan] = []
    for step in steps:
        rows = snapshot.value(f"SELECT count(*) FROM {step.name} WHERE {step.condition}", params)
        if rows:
            sample = snapshot.rows(
                f"SELECT {step.keys} FROM {step.name} WHERE {step.condition} ORDER BY {step.keys} LIMIT {SAMPLE_KEYS}",
                params,
            )
            texts = tuple("/".join(map(str, row)) for row in sample)
            plans.append(TablePlan(step.table.plugin, step.name, rows, step.action, texts))
    return tuple(plans)


def count_rows(snapshot: Snapshot, steps: Iterable[Step], params: Parameters, most: int) -> int:
    """How many rows the steps concern, counted to one more than `most`."""
    left = most + 1
    for step in steps:
        if left > 0:
            left -= snapshot.value(
                f"SELECT count(*) FROM (SELECT 1 FROM {step.name} WHERE {step.condition} LIMIT :most)",
                {**params, "most": left},
            )
    return most + 1 - left


def carry_out(tx: Transaction, step: Step, params: Parameters, most: int, construct_id: str | None) -> int:
    """Clear or delete rows of a step.

    Args:
        tx: To write in.
        step: Which rows; those that refuse are no concern of this.
        params: Of its condition; `most` is not one of them.
        most: How many rows at most.
        construct_id: The construct that is being deleted, if it is one.

    Returns:
        How many rows it was.
    """
    condition = f"WHERE ({step.keys}) IN (SELECT {step.keys} FROM {step.name} WHERE {step.condition} LIMIT :most)"
    params = {**params, "most": most}
    if step.action == "clear":
        return tx.execute(f"UPDATE {step.name} SET {step.column} = NULL {condition}", params)
    if step.table.record.deleted is None:
        return tx.execute(f"DELETE FROM {step.name} {condition}", params)
    return _delete_and_tell(tx, step.table, step.table.record.deleted, condition, params, construct_id)


def _delete_and_tell(
    tx: Transaction,
    table: Stamped[Table],
    deleted: EventType,
    condition: str,
    params: Parameters,
    construct_id: str | None,
) -> int:
    """Delete rows, and write to the log which.

    An event names the construct that is being deleted, or else the one that its
    row points at. Where the key has several columns, the payload has each.

    Returns:
        How many rows went.
    """
    record = table.record
    owner = next((each.column for each in record.references if each.table == CONSTRUCTS and construct_id is None), None)
    columns = record.key if owner is None else (*record.key, owner)
    rows = tx.rows(f"DELETE FROM {record.name} {condition} RETURNING {', '.join(columns)}", params)
    names = [to_camel_case(column) for column in record.key]
    for row in rows:
        values = row[: len(names)]
        tx.emit_as(
            table.plugin,
            deleted,
            "/".join(map(str, values)),
            construct_id=construct_id if owner is None else row[-1],
            payload=dict(zip(names, values, strict=True)) if len(names) > 1 else None,
        )
    return len(rows)
