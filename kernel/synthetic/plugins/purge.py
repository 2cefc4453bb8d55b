"""Removing what a plugin has left in a store after it was taken out.

Taking a plugin out leaves its tables as they are, so that it can come back.
Only this removes them: whole tables, with the plugin's row of migrations, in
one transaction. It never runs by itself (see `synthetic plugins purge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError, NotFoundError
from synthetic.log.consumers.rebuilding import forget_consumer
from synthetic.log.consumers.store import list_consumers


@dataclass(frozen=True, slots=True)
class PurgedTable:
    """A table that goes, or has gone.

    Attributes:
        name: Its name.
        rows: How many rows it holds.
    """

    name: str
    rows: int


def plan_purge(snapshot: Snapshot, plugin: str) -> tuple[PurgedTable, ...]:
    """Name and count all that would go, in the order in which it can be dropped.

    Args:
        snapshot: To look in.
        plugin: The plugin's name.

    Raises:
        NotFoundError: The store holds nothing of such a plugin.
        ConflictError: Tables of another plugin point at its tables.
    """
    owned = [table.record.name for table in list_tables(snapshot) if table.plugin == plugin]
    if not owned:
        raise NotFoundError(
            f"The store holds nothing of a plugin called {plugin}.", action="`synthetic status` shows what it holds."
        )
    pointers = _pointers(snapshot)
    for plugin_of_other, other, target in pointers:
        if target in owned and plugin_of_other != plugin:
            raise ConflictError(
                f"The table {other} of {plugin_of_other} points at {target}.",
                action=f"Purge {plugin_of_other} first, or keep both.",
                details={"plugin": plugin_of_other, "table": other, "target": target},
            )
    inner = [(other, target) for _, other, target in pointers if other in owned and other != target]
    # Registered names are lower-case words (`Table` checks it), so they cannot end the quotes.
    return tuple(
        PurgedTable(name, snapshot.value(f'SELECT count(*) FROM "{name}"')) for name in _leaf_first(owned, inner)
    )


def purge_plugin(tx: Transaction, plugin: str) -> tuple[PurgedTable, ...]:
    """Drop a plugin's tables, and forget its consumers and that its migrations were applied.

    Returns:
        What has gone.

    Raises:
        NotFoundError, ConflictError: As `plan_purge`, which is asked again in this transaction.
    """
    planned = plan_purge(tx, plugin)
    for consumer in list_consumers(tx):
        if consumer.plugin == plugin:
            forget_consumer(tx, consumer.name)
    for table in planned:
        tx.execute(f'DROP TABLE "{table.name}"')
    tx.execute("DELETE FROM registered_tables WHERE plugin = :plugin", {"plugin": plugin})
    tx.execute("DELETE FROM schema_migrations WHERE plugin = :plugin", {"plugin": plugin})
    return planned


def _pointers(snapshot: Snapshot) -> list[tuple[str, str, str]]:
    """What points at what: (plugin, table, table it points at), by declared references and by keys in the database."""
    tables = list_tables(snapshot)
    plugins = {table.record.name: table.plugin for table in tables}
    declared = {
        (table.plugin, table.record.name, reference.table) for table in tables for reference in table.record.references
    }
    keys = snapshot.rows(
        'SELECT s.name, k."table" FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS k'
        " WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%'"
    )
    return sorted(declared | {(plugins.get(name, "nobody"), name, target) for name, target in keys})


def _leaf_first(names: Sequence[str], pointers: Sequence[tuple[str, str]]) -> list[str]:
    """Tables before those that they point at; in a circle, in the order given."""
    left, ordered = list(names), list[str]()
    while left:
        free = [name for name in left if not any(target == name and other in left for other, target in pointers)]
        following = (free or left)[0]
        ordered.append(following)
        left.remove(following)
    return ordered
