"""What a migration may touch: its plugin's own tables, and nothing else.

SQLite's authorizer is asked while each statement is prepared. It is not asked
about the body of a trigger when the trigger is made, only when a statement
that would fire it is prepared; so `find_trespass` prepares, without running
them, an insert, an update and a delete on every table of the plugin.

Two things are seen only by their outcome, so a `Belongings` before and one
after are compared: tables that stay under a name that was allowed for a moment
only, and rows of `sqlite_sequence`, which SQLite writes for DDL as well.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator
from dataclasses import dataclass

import apsw

WRITES = {
    apsw.SQLITE_INSERT: "writes to",
    apsw.SQLITE_UPDATE: "writes to",
    apsw.SQLITE_DELETE: "deletes from",
    apsw.SQLITE_CREATE_TABLE: "creates",
    apsw.SQLITE_CREATE_TEMP_TABLE: "creates",
    apsw.SQLITE_CREATE_VTABLE: "creates",
    apsw.SQLITE_CREATE_VIEW: "creates",
    apsw.SQLITE_CREATE_TEMP_VIEW: "creates",
    apsw.SQLITE_DROP_TABLE: "drops",
    apsw.SQLITE_DROP_TEMP_TABLE: "drops",
    apsw.SQLITE_DROP_VTABLE: "drops",
    apsw.SQLITE_DROP_VIEW: "drops",
    apsw.SQLITE_DROP_TEMP_VIEW: "drops",
    apsw.SQLITE_ANALYZE: "analyses",
}
"""Operations whose first argument is the table."""

ON_A_TABLE = {
    apsw.SQLITE_CREATE_INDEX: "indexes",
    apsw.SQLITE_CREATE_TEMP_INDEX: "indexes",
    apsw.SQLITE_CREATE_TRIGGER: "puts a trigger on",
    apsw.SQLITE_CREATE_TEMP_TRIGGER: "puts a trigger on",
    apsw.SQLITE_DROP_INDEX: "drops an index of",
    apsw.SQLITE_DROP_TEMP_INDEX: "drops an index of",
    apsw.SQLITE_DROP_TRIGGER: "drops a trigger of",
    apsw.SQLITE_DROP_TEMP_TRIGGER: "drops a trigger of",
    apsw.SQLITE_ALTER_TABLE: "alters",
}
"""Operations whose second argument is the table."""

WRITES_OF_DDL = (apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE, apsw.SQLITE_CREATE_TABLE)
"""What SQLite itself does to its schema tables while it carries out DDL."""

HARMLESS = (apsw.SQLITE_SELECT, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE, apsw.SQLITE_REINDEX)
SCHEMA_TABLES = (
    "sqlite_master",
    "sqlite_schema",
    "sqlite_temp_master",
    "sqlite_sequence",
    "sqlite_stat1",
    "sqlite_stat4",
)
READABLE_BY_ALL = (*SCHEMA_TABLES, "pragma_quick_check")
PRAGMAS_OF_DDL = ("data_version", "quick_check")
"""What SQLite itself asks for: virtual tables while they are made, ALTER TABLE to test the new column."""

SHADOW_OR_SCRATCH = re.compile(
    # fts5, vec0, rtree, and the table that takes another one's place when that is made anew.
    r"(data|idx|content|docsize|config"
    r"|chunks|rowids|info|auxiliary|vector_chunks\d\d|metadatachunks\d\d|metadatatext\d\d"
    r"|node|rowid|parent"
    r"|new)",
    re.IGNORECASE,
)
"""What may follow the name of a plugin's table, after an underscore, in a name that is not registered."""


@dataclass(frozen=True, slots=True)
class Territory:
    """What belongs to a plugin, and what it may look at.

    Attributes:
        plugin: Whose it is.
        own: Names of its tables.
        readable: Names of the tables of the plugins that it requires; its own
            tables' keys may point at them.
        others: Names of all tables of other plugins, also of those that are
            not loaded; they are never its own, whatever they begin with.
    """

    plugin: str
    own: frozenset[str]
    readable: frozenset[str]
    others: frozenset[str]

    def owns(self, table: str) -> bool:
        """Whether a migration may use a table as its plugin's own.

        Beside the registered ones these are shadows of a virtual table, and
        `NAME_new` while the table NAME is made anew; that no ordinary table
        stays under such a name is `Belongings`' business.
        """
        if table in self.own:
            return True
        if table.lower() in self.others:
            return False
        return any(
            table.startswith(f"{name}_") and SHADOW_OR_SCRATCH.fullmatch(table, len(name) + 1) for name in self.own
        )


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a plugin's migration must leave as it was, or may only add to by what is registered.

    Attributes:
        tables: Schema and name of all tables but shadows and SQLite's own.
        sequences: Rows of `sqlite_sequence` for tables that are not the plugin's.
    """

    tables: frozenset[tuple[str, str]]
    sequences: frozenset[tuple[str, int]]

    @classmethod
    def of(cls, connection: apsw.Connection, territory: Territory) -> Belongings:
        """As the store now is, in the transaction that is open."""
        tables = connection.execute(
            "SELECT schema, name FROM pragma_table_list WHERE type <> 'shadow' AND name NOT GLOB 'sqlite_*'"
        )
        # SQLite makes the table of sequences with the first AUTOINCREMENT.
        sequences = (
            connection.execute("SELECT name, seq FROM main.sqlite_sequence")
            if connection.table_exists("main", "sqlite_sequence")
            else ()
        )
        return cls(
            frozenset((schema, name) for schema, name in tables),
            frozenset((name, number) for name, number in sequences if not territory.owns(str(name))),
        )

    def find_difference(self, later: Belongings, territory: Territory) -> str | None:
        """What a migration has changed that it may not.

        Args:
            later: After the migration.
            territory: Of its plugin.

        Returns:
            A clause for an error message, or None.
        """
        for schema, name in sorted(later.tables - self.tables):
            if schema != "main":
                return f"it leaves the temporary table {name!r} behind"
            if name not in territory.own:
                return f"it makes table {name!r}, which plugin {territory.plugin!r} did not register"
        for name, _ in sorted(self.sequences ^ later.sequences, key=str):
            return f"it changes the sequence of table {name!r}, which plugin {territory.plugin!r} did not register"
        return None


@contextlib.contextmanager
def confined(connection: apsw.Connection, territory: Territory) -> Generator[list[str]]:
    """While it is open, statements that leave the territory are refused when they are prepared.

    Yields:
        A list that says, in words, what was refused.
    """
    refusals: list[str] = []

    def authorize(operation: int, first: str | None, second: str | None, *where: str | None) -> int:
        refusal = _refusal(territory, operation, first or "", second or "")
        if refusal is None:
            return apsw.SQLITE_OK
        trigger = where[1] if len(where) > 1 else None
        by = f"trigger {trigger!r}" if trigger else "it"
        refusals.append(f"{by} {refusal}, which plugin {territory.plugin!r} did not register")
        return apsw.SQLITE_DENY

    previous = connection.authorizer
    connection.authorizer = authorize
    try:
        yield refusals
    finally:
        connection.authorizer = previous


def _refusal(territory: Territory, operation: int, first: str, second: str) -> str | None:
    """What a statement does that it may not, or None."""
    if operation in HARMLESS:
        return None
    if operation == apsw.SQLITE_READ:
        known = territory.owns(first) or first in territory.readable or first in READABLE_BY_ALL or not first
        return None if known else f"reads table {first!r}"
    if operation in WRITES:
        # A first AUTOINCREMENT makes the table of sequences.
        allowed = territory.owns(first) or (first in SCHEMA_TABLES and operation in WRITES_OF_DDL)
        return None if allowed else f"{WRITES[operation]} table {first!r}"
    if operation in ON_A_TABLE:
        return None if territory.owns(second) else f"{ON_A_TABLE[operation]} table {second!r}"
    if operation == apsw.SQLITE_PRAGMA:
        return None if first in PRAGMAS_OF_DDL else f"runs PRAGMA {first}"
    names = apsw.mapping_authorizer_function
    return f"does {names.get(operation, operation)}"


def find_trespass(connection: apsw.Connection, territory: Territory) -> str | None:
    """What in the plugin's tables, as they now stand, leaves its territory or breaks a rule.

    Returns:
        A clause for an error message, or None.
    """
    for table in sorted(territory.own):
        found = connection.execute(
            "SELECT type, strict FROM pragma_table_list WHERE schema = 'main' AND name = ?", (table,)
        ).fetchone()
        if found is None:
            continue
        kind, strict = found
        if kind == "table":
            if not strict:
                return f"table {table!r} is not STRICT"
            problem = _key_problem(connection, territory, table) or _trigger_problem(connection, territory, table)
            if problem:
                return problem
    return None


def _key_problem(connection: apsw.Connection, territory: Territory, table: str) -> str | None:
    sql: str = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)).get
    if re.search(r"\bDEFERRED\b", sql, re.IGNORECASE):
        return f"table {table!r} has a deferred key, which could fail the commit that it shares with other writes"
    for target, on_update, on_delete in connection.execute(
        'SELECT "table", on_update, on_delete FROM pragma_foreign_key_list(?)', (table,)
    ):
        if target in territory.own:
            continue
        if target not in territory.readable:
            return f"a key of table {table!r} points at {target!r}, of a plugin that it does not require"
        if on_delete not in ("NO ACTION", "RESTRICT") or on_update not in ("NO ACTION", "RESTRICT"):
            return f"the key of table {table!r} to {target!r} has an action; between plugins the kernel deletes"
    return None


def _trigger_problem(connection: apsw.Connection, territory: Territory, table: str) -> str | None:
    if not connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?", (table,)
    ).fetchone():
        return None
    columns = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    quoted = _quote(table)
    assignments = ", ".join(f"{_quote(column)} = {_quote(column)}" for column in columns)
    with confined(connection, territory) as refusals:
        for sql in (
            f"EXPLAIN INSERT INTO {quoted} DEFAULT VALUES",
            f"EXPLAIN UPDATE {quoted} SET {assignments}",
            f"EXPLAIN DELETE FROM {quoted}",
        ):
            try:
                connection.execute(sql, can_cache=False).fetchall()
            except apsw.Error as error:
                return refusals[0] if refusals else f"a trigger of table {table!r} does not compile: {error}"
    return None


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
