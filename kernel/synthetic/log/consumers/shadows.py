"""Shadows: tables that a rebuild fills beside those that answer, and that take their place in the end.

A shadow is made from the definitions of the table and its indexes, so it is
the same table in all but name. SQLite cannot rename an index: those of a
shadow have a free name, `NAME` or `NAME__1` and so on, and keep it.

No plugin can register a name with two underscores in a row, so what is called
`TABLE__rebuild` or `TABLE__old1` is always the kernel's.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.errors import PluginFailedError

REMOVAL_ROWS = 1_000
"""So many rows of a table that is given up are deleted in one transaction."""

_NAME = r"""(?:"(?:[^"]|"")+"|\[[^\]]+\]|`[^`]+`|\w+)"""
_TABLE = re.compile(rf"(?is)CREATE TABLE\s+{_NAME}\s*(\(.*)")
_INDEX = re.compile(rf"(?is)(CREATE (?:UNIQUE )?INDEX)\s+{_NAME}\s+ON\s+{_NAME}\s*(\(.*)")
_NUMBERED = re.compile(r"__\d+$")
_GIVEN_UP = "name GLOB '*__old[0-9]*' AND type = 'table'"


class Definition(NamedTuple):
    """A table as SQL.

    Attributes:
        body: What follows its name.
        indexes: Of each index the name, the words before and what follows the names.
    """

    body: str
    indexes: tuple[tuple[str, str, str], ...]


def shadow_of(table: str) -> str:
    """The name of a table's shadow."""
    return f"{table}__rebuild"


def definition_of(snapshot: Snapshot, table: str) -> Definition:
    """How a table and its indexes are made.

    Raises:
        PluginFailedError: There is no such table, or it is one that a shadow cannot be made of.
    """
    sql = snapshot.value("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = :table", {"table": table})
    match = _TABLE.fullmatch(sql or "")
    if match is None:
        raise PluginFailedError(f"The table {table} of a fold is not there, or is no ordinary table.")
    indexes: list[tuple[str, str, str]] = []
    for name, text in snapshot.rows(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL"
        " ORDER BY name",
        {"table": table},
    ):
        parts = _INDEX.fullmatch(text)
        if parts is None:
            raise PluginFailedError(f"The index {name} of the table {table} of a fold cannot be read.")
        indexes.append((name, parts[1], parts[2]))
    return Definition(match[1], tuple(indexes))


def find_ties(snapshot: Snapshot, tables: Collection[str]) -> dict[str, str]:
    """What ties tables to others, so that they could not be exchanged: a key, a trigger or a view.

    Returns:
        For each table that is tied, a clause for an error message.
    """
    keys = snapshot.rows(
        'SELECT lower(s.name), s.name, lower(k."table") FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS k'
        " WHERE s.type = 'table'"
    )
    pointing = {target: name for _, name, target in keys}
    with_keys = {lowered for lowered, _, _ in keys}
    texts = snapshot.rows("SELECT type, name, lower(sql) FROM sqlite_schema WHERE type IN ('trigger', 'view')")
    ties: dict[str, str] = {}
    for table in tables:
        if table.lower() in with_keys:
            ties[table] = "has a foreign key"
        elif table.lower() in pointing:
            ties[table] = f"is pointed at by a key of {pointing[table.lower()]}"
        elif naming := next(((kind, name) for kind, name, sql in texts if table in sql), None):
            ties[table] = f"is named by the {naming[0]} {naming[1]}"
    return ties


def make_shadow(tx: Transaction, table: str) -> None:
    """Make an empty shadow of a table; one that is there is given up."""
    shadow, definition = shadow_of(table), definition_of(tx, table)
    give_up(tx, shadow, table)
    tx.execute(f'CREATE TABLE "{shadow}" {definition.body}')
    for name, words, rest in definition.indexes:
        tx.execute(f'{words} "{_free_name(tx, _NUMBERED.sub("", name))}" ON "{shadow}" {rest}')


def exchange(tx: Transaction, table: str) -> None:
    """Put the shadow in the place of its table, which is given up."""
    give_up(tx, table, table)
    tx.execute(f'ALTER TABLE "{shadow_of(table)}" RENAME TO "{table}"')


def give_up(tx: Transaction, name: str, table: str) -> None:
    """Put a table, or its shadow, out of the way if it is there; `remove_given_up` does the rest."""
    if _exists(tx, name):
        tx.execute(f'ALTER TABLE "{name}" RENAME TO "{_free_name(tx, f"{table}__old", first=1, joint="")}"')


def remove_given_up(tx: Transaction) -> int:
    """Delete some rows of tables that were given up, and drop the one that is empty.

    Returns:
        How many rows and tables have gone; 0: there is nothing left.
    """
    name = tx.value(f"SELECT name FROM sqlite_schema WHERE {_GIVEN_UP} ORDER BY name LIMIT 1")
    if name is None:
        return 0
    keys = ", ".join(
        f'"{key}"'
        for (key,) in tx.rows("SELECT name FROM pragma_table_info(:name) WHERE pk > 0 ORDER BY pk", {"name": name})
    )
    gone = tx.execute(
        f'DELETE FROM "{name}" WHERE ({keys}) IN (SELECT {keys} FROM "{name}" LIMIT :rows)', {"rows": REMOVAL_ROWS}
    )
    if gone < REMOVAL_ROWS:
        tx.execute(f'DROP TABLE "{name}"')
        gone += 1
    return gone


def _exists(snapshot: Snapshot, name: str) -> bool:
    return snapshot.value("SELECT 1 FROM sqlite_schema WHERE name = :name", {"name": name}) is not None


def _free_name(snapshot: Snapshot, stem: str, *, first: int = 0, joint: str = "__") -> str:
    """A name that nothing has: the stem, or the stem and a number."""
    number = first
    while _exists(snapshot, name := f"{stem}{joint}{number}" if number else stem):
        number += 1
    return name
