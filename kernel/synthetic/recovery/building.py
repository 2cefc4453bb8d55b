"""`build_tables`: the tables of the new store, as those of the damaged one were.

The new store is made by the loaded code, so that its tables are the present
ones. What the damaged store had otherwise is put in their place: tables of
plugins whose migrations it lacked, which are migrated once their rows are
there, and those of plugins that are not loaded.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import apsw

from synthetic.database.migrations import Migration
from synthetic.database.opening import Blueprint
from synthetic.errors import StoreNewerError
from synthetic.json_text import to_json
from synthetic.recovery.schemas import SchemaObject, list_loadable, quote, shadows_of
from synthetic.recovery.tables import Row

LEASES = "leases"
"""Of processes that have ended."""

LEDGER = "schema_migrations"
_TEMPORARY = re.compile(r"__(rebuild|old\d+)$")
"""How tables are called that a rebuild fills, or has replaced: those of plugins have no two underscores in a row."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be made, beside what the loaded code makes by itself.

    Attributes:
        older: Plugins whose tables are as older migrations have made them.
        absent: Plugins that are not loaded.
        ledger: The rows of these in the ledger of the new store.
        not_loaded: Tables that stay empty, since what they hold is made anew, or of no use any more.
    """

    older: frozenset[str]
    absent: frozenset[str]
    ledger: Sequence[Row]
    not_loaded: frozenset[str]


@dataclass(slots=True)
class Built:
    """What was made.

    Attributes:
        tables: The tables that rows can be put into.
        failed: What could not be made, in words.
    """

    tables: list[str]
    failed: list[str] = field(default_factory=list[str])


def plan_tables(
    blueprint: Blueprint, ledger: Iterable[Row], *, is_ledger_whole: bool, is_present: Callable[[str], bool]
) -> Plan:
    """Decide which tables are the present ones, by the ledger of the damaged store, or what is left of it.

    Args:
        blueprint: What the loaded code wants.
        ledger: The rows of the ledger that can be read.
        is_ledger_whole: Whether those are all.
        is_present: Whether the tables of a plugin have the columns that the loaded code gives them.

    Raises:
        StoreNewerError: A newer version has written the store.
    """
    known: dict[str, dict[int, Migration]] = defaultdict(dict)
    for migration in blueprint.migrations:
        known[migration.plugin][migration.number] = migration
    applied: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in ledger:
        match row:
            case {"plugin": str() as plugin, "number": int() as number}:
                applied[plugin][number] = row
            case _:
                continue
    older: set[str] = set()
    for plugin in applied.keys() & known.keys():
        last, newest = max(applied[plugin]), max(known[plugin])
        if last > newest:
            raise StoreNewerError(f"The store has migration {last} of {plugin!r}; this installation knows {newest}.")
        if last < newest and (is_ledger_whole or not is_present(plugin)):
            older.add(plugin)
            for number in range(1, last):
                applied[plugin].setdefault(number, _ledger_row(known[plugin][number], applied[plugin][last]))
    absent = frozenset(applied.keys() - known.keys())
    kept = [row for plugin in sorted(absent | older) for _, row in sorted(applied[plugin].items())]
    made_anew = {table.record.name for table in blueprint.tables if table.record.is_made_anew}
    return Plan(frozenset(older), absent, kept, frozenset({*made_anew, LEASES}))


def _ledger_row(migration: Migration, later: Row) -> Row:
    """A row of the ledger that is gone, by what the code says and the row of a later migration."""
    return {
        **later,
        "number": migration.number,
        "name": migration.name,
        "checksum": migration.checksum,
    }


def build_tables(
    connection: apsw.Connection, blueprint: Blueprint, plan: Plan, objects: Sequence[SchemaObject]
) -> Built:
    """Make the tables that the loaded code has not made.

    Args:
        connection: Of `open_loader`, to a store that the code has just made.
        blueprint: What the code wants.
        plan: What is to be otherwise.
        objects: The schema of the damaged store, as far as it can be read.
    """
    built = Built([])
    mine = {table.record.name for table in blueprint.tables if table.plugin in plan.older}
    with connection:
        for name in mine:
            kind = connection.execute("SELECT type FROM sqlite_schema WHERE name = ?", (name,)).get
            if kind in ("table", "view"):
                connection.execute(f"DROP {kind} {quote(name)}")
        present = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        shadows = shadows_of(objects)
        wanted = [
            each
            for each in objects
            if each.sql is not None
            and each.table not in present
            and not each.name.startswith("sqlite_")
            and each.table not in shadows
            and not _TEMPORARY.search(each.table)
        ]
        for each in sorted(wanted, key=lambda one: one.type != "table"):
            _make(connection, each, built)
        connection.execute(
            "DELETE FROM schema_migrations WHERE plugin IN (SELECT value FROM json_each(?))",
            (to_json(sorted(plan.older)),),
        )
        for row in plan.ledger:
            names, marks = ", ".join(map(quote, row)), ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO schema_migrations ({names}) VALUES ({marks})", tuple(row.values()))
    built.tables = [name for name in list_loadable(connection) if name not in plan.not_loaded and name != LEDGER]
    return built


def _make(connection: apsw.Connection, each: SchemaObject, built: Built) -> None:
    try:
        connection.execute(each.sql or "")
    except apsw.Error as error:
        built.failed.append(f"The {each.type} {each.name} could not be made: {error}.")
