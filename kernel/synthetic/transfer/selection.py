"""Which rows belong to a construct, in SQL, as the tables declare it; and what belongs to none."""

from __future__ import annotations

from collections.abc import Mapping

from synthetic.database.deletion import CONSTRUCTS
from synthetic.database.deletion_steps import ONE, list_steps
from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot
from synthetic.transfer.travelling import TravellingTable

_ANY = "IS NOT NULL"
"""Selects the rows of all constructs."""


def has_constructs(snapshot: Snapshot) -> bool:
    """Whether the store has the table of constructs: it is a plugin's, and a store need not have had that."""
    return any(table.record.name == CONSTRUCTS for table in list_tables(snapshot))


def select_by_construct(
    snapshot: Snapshot, tables: Mapping[str, TravellingTable], selected: str = ONE
) -> dict[str, str]:
    """For each table with rows that belong to a construct, the condition for them; `:key` is the construct's id.

    A row belongs to it if it would go with it (`Reference.on_delete`), or if it accompanies one that does
    (`TravellingId.accompanies`).
    """
    steps = list_steps(list_tables(snapshot), CONSTRUCTS, selected) if has_constructs(snapshot) else []
    conditions = {step.name: step.condition for step in steps if step.action == "delete" and step.name in tables}
    for name, table in tables.items():
        along = [
            f"{each.column} IN (SELECT {tables[each.table].record.key[0]} FROM {each.table}"
            f" WHERE {conditions[each.table]})"
            for each in table.record.travel.ids
            if each.accompanies and each.table in conditions
        ]
        if along and name in conditions:
            along.append(f"({conditions[name]})")
        if along:
            conditions[name] = " OR ".join(along)
    return {name: conditions[name] for name in tables if name in conditions}


def select_workspace(snapshot: Snapshot, tables: Mapping[str, TravellingTable]) -> dict[str, str]:
    """For each table, the condition for the rows that belong to no construct."""
    owned = select_by_construct(snapshot, tables, _ANY)
    return {name: f"({owned[name]}) IS NOT TRUE" if name in owned else "TRUE" for name in tables if name != CONSTRUCTS}
