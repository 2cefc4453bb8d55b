"""How much the registered tables of a store hold, for commands."""

from __future__ import annotations

from dataclasses import dataclass

from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class TableSize:
    """How much one table holds.

    Attributes:
        plugin: Whose it is.
        name: Its name.
        rows: How many rows; None when they were not counted.
        size_bytes: Its pages and those of its indexes; None when they were not counted.
    """

    plugin: str
    name: str
    rows: int | None
    size_bytes: int | None


def measure_tables(snapshot: Snapshot, *, quick: bool = False, plugin: str | None = None) -> tuple[TableSize, ...]:
    """Rows and bytes of each table that the store knows to be someone's, plugin by plugin.

    Args:
        snapshot: To look in; the whole file is read, unless `quick`.
        quick: Do not count.
        plugin: Only the tables of this one.
    """
    if not snapshot.value("SELECT 1 FROM sqlite_schema WHERE name = 'registered_tables'"):
        return ()
    tables = [table for table in list_tables(snapshot) if plugin in (None, table.plugin)]
    if quick:
        return tuple(TableSize(table.plugin, table.record.name, None, None) for table in tables)
    sizes: dict[str, int] = dict(
        snapshot.rows(
            "SELECT s.tbl_name, sum(d.pgsize) FROM dbstat AS d JOIN sqlite_schema AS s ON s.name = d.name"
            " WHERE d.aggregate = TRUE GROUP BY s.tbl_name"
        )
    )
    return tuple(
        TableSize(
            table.plugin,
            table.record.name,
            # A registered name is lower-case words (`Table` checks it), so it cannot end the quotes.
            snapshot.value(f'SELECT count(*) FROM "{table.record.name}"'),
            sizes[table.record.name],
        )
        for table in tables
        if table.record.name in sizes
    )
