"""What becomes of the rows of which table when rows are deleted, and in which order.

What belongs to the rows is found by following the references that tables
declare; nothing is read or written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from synthetic.contributions import Reference, Stamped, Table

ONE = "= :key"
"""Selects the one row whose key is `:key`."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to the rows of one table for which a condition on what is selected holds.

    Attributes:
        table: Whose rows.
        action: They are deleted, or a column of them cleared; or they refuse the whole deletion.
        column: The one that points at what is deleted; None where rows are deleted.
        condition: In SQL.
    """

    table: Stamped[Table]
    action: Literal["delete", "clear", "refuse"]
    column: str | None
    condition: str

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.record.name

    @property
    def keys(self) -> str:
        """The columns of its key, in SQL."""
        return ", ".join(self.table.record.key)


def key_of(table: Table, prefix: str = "") -> str:
    """The key of a table as one value, in SQL: a column, or a row value of several, each with the prefix."""
    columns = [f"{prefix}{column}" for column in table.key]
    return columns[0] if len(columns) == 1 else f"({', '.join(columns)})"


def select_keys(table: Table) -> str:
    """Selects the rows whose keys are in `:keys`: a JSON array, of arrays where the key has several columns."""
    values = ["value"] if len(table.key) == 1 else [f"value ->> {number}" for number in range(len(table.key))]
    return f"IN (SELECT {', '.join(values)} FROM json_each(:keys))"


def list_steps(tables: Sequence[Stamped[Table]], root: str, selected: str = ONE) -> list[Step]:
    """What to do to which table, in order: references are cleared, then rows deleted leaf first, the root last.

    Args:
        tables: All of the store.
        root: The table whose rows are deleted.
        selected: Which of them, in SQL: what follows the key in a condition.
    """
    start = next(table for table in tables if table.record.name == root)
    root_key = key_of(start.record)
    deletions: dict[str, list[str]] = {}
    others: list[tuple[Stamped[Table], Reference, str]] = []
    order: list[Stamped[Table]] = []

    def follow(target: Stamped[Table], condition: str, path: tuple[str, ...]) -> None:
        for table in tables:
            for reference in table.record.references:
                if reference.table != target.record.name:
                    continue
                inner = (
                    f"{reference.column} {selected}"
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

    follow(start, f"{root_key} {selected}", (root,))
    steps = [
        Step(table, reference.on_delete, reference.column, _unless_deleted(inner, deletions.get(table.record.name)))
        for table, reference, inner in others
    ]
    for table in order:
        conditions = deletions[table.record.name]
        steps.append(Step(table, "delete", None, " OR ".join(f"({condition})" for condition in conditions)))
    return steps


def _unless_deleted(condition: str, deletions: Sequence[str] | None) -> str:
    """A row that goes anyway is neither cleared nor a reason to refuse."""
    if not deletions:
        return condition
    return f"({condition}) AND ({' OR '.join(f'({deletion})' for deletion in deletions)}) IS NOT TRUE"
