"""What is kept beside tests to be compared with: schemas, definitions of tables, rows; and what a change of them is."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_schema, find_breaking_changes, find_dangerous_changes

from synthetic.database.snapshot import Row, Snapshot
from synthetic.graphql.schema import core_schema
from synthetic.json_text import to_json
from synthetic.kernel import schema_of
from synthetic.registry import Registry
from synthetic.store import Store

LINES_SHOWN = 40


def sdl_of(registry: Registry) -> str:
    """The GraphQL schema of the loaded plugins, in the schema definition language."""
    return schema_of(registry).as_str().rstrip() + "\n"


def graphql_schema_of(registry: Registry) -> GraphQLSchema:
    """The same as an object of graphql-core; it must not be changed."""
    return core_schema(schema_of(registry))


def ddl_of(store: Store, tables: Collection[str] | None = None) -> str:
    """The definitions of tables, with their indexes and triggers, in an order that does not depend on their making.

    Args:
        store: Where they are.
        tables: Of these tables alone; None: of all that are somebody's.
    """
    return store.read(_read_ddl, tables)


def _read_ddl(snapshot: Snapshot, tables: Collection[str] | None) -> str:
    rows = snapshot.rows(
        "SELECT tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        " ORDER BY tbl_name, type DESC, name"
    )
    return "".join(f"{sql};\n\n" for table, sql in rows if tables is None or table in tables).rstrip() + "\n"


def rows_of(store: Store, table: str) -> list[Row]:
    """All rows of a registered table, sorted.

    Raises:
        ValueError: The store has no registered table of that name.
    """
    return store.read(_read_rows, table)


def _read_rows(snapshot: Snapshot, table: str) -> list[Row]:
    record = snapshot.value("SELECT record FROM registered_tables WHERE name = :name", {"name": table})
    if record is None:
        raise ValueError(f"no table {table!r} is registered")
    # Names that are registered hold lower-case words alone (`Table` sees to that), so they cannot end the quotes.
    columns = snapshot.rows("SELECT cid + 1 FROM pragma_table_info(:table)", {"table": table})
    order = ", ".join(str(number) for (number,) in columns)
    return snapshot.rows(f'SELECT * FROM "{table}" ORDER BY {order}')


def schema_hash(store: Store) -> str:
    """SHA-256 of all that a store says of its structure: definitions, registered tables, migrations, consumers.

    Two stores with the same hash differ in their rows at most.
    """
    return store.read(_hash_schema)


def _hash_schema(snapshot: Snapshot) -> str:
    parts = [
        snapshot.rows("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"),
        snapshot.rows("SELECT name, plugin, record FROM registered_tables ORDER BY name"),
        snapshot.rows("SELECT plugin, number, checksum FROM schema_migrations ORDER BY plugin, number"),
        snapshot.rows("SELECT name FROM consumers ORDER BY name"),
    ]
    return hashlib.sha256(to_json(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """Something in which a GraphQL schema differs from an earlier one.

    Attributes:
        kind: What kind of change, as graphql-core names it, such as `FIELD_REMOVED`.
        is_breaking: Whether a client that was right before may fail now; else it may see what it did not know.
        description: What has changed, in words.
    """

    kind: str
    is_breaking: bool
    description: str

    def __str__(self) -> str:
        return f"{'breaking' if self.is_breaking else 'not breaking'}: {self.description} ({self.kind})"


def find_schema_changes(before: str | GraphQLSchema, after: str | GraphQLSchema) -> list[SchemaChange]:
    """In what a schema differs from an earlier one, breaking changes first; what is merely new is none.

    Args:
        before: The earlier schema, or its text.
        after: The later one, or its text.
    """
    old, new = _schema(before), _schema(after)
    return [
        *(SchemaChange(each.type.name, is_breaking=True, description=each.description)
          for each in find_breaking_changes(old, new)),
        *(SchemaChange(each.type.name, is_breaking=False, description=each.description)
          for each in find_dangerous_changes(old, new)),
    ]  # fmt: skip


def _schema(given: str | GraphQLSchema) -> GraphQLSchema:
    return build_schema(given) if isinstance(given, str) else given


def expect_snapshot(path: Path, text: str, *, update: bool = False) -> None:
    """Compare with what a file holds.

    Args:
        path: The file; it is committed beside the test.
        text: What it should hold.
        update: Write it in place of comparing; the fixture `expect_file` does so under `--update-snapshots`.

    Raises:
        AssertionError: It holds something else, or is not there; the message shows the difference.
    """
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return
    if not path.exists():
        raise AssertionError(f"{path} is not there; run pytest with --update-snapshots, and look at what it writes")
    differences = list(
        difflib.unified_diff(path.read_text("utf-8").splitlines(), text.splitlines(), str(path), "now", lineterm="")
    )
    if differences:
        shown: Sequence[Any] = differences[:LINES_SHOWN]
        raise AssertionError("\n".join([*shown, "If that is meant, run pytest with --update-snapshots."]))
