"""The tables of a store: as the damaged file describes them, and how their rows stand in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import apsw

from synthetic.recovery.trees import SCHEMA_ROOT, Trees

ROWID = "rowid"
"""What stands in an index for the row of a table that names its key otherwise."""


SHADOW_ENDS = ("data", "idx", "content", "docsize", "config")
"""How the names of the tables end in which FTS5 keeps an index (https://sqlite.org/fts5.html#shadow_tables)."""


_WITHOUT_ROWID = re.compile(r"\bWITHOUT\s+ROWID\b", re.IGNORECASE)


class SchemaObject(NamedTuple):
    """A row of the schema table (https://sqlite.org/schematab.html).

    Attributes:
        type: `table`, `index`, `trigger` or `view`.
        name: Its own.
        table: Of the table that it belongs to.
        root: Of its tree; 0: it has none.
        sql: What makes it; None: another object does.
    """

    type: str
    name: str
    table: str
    root: int
    sql: str | None


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of a table, or the entries of an index, stand in the file.

    Attributes:
        name: Of the table or index.
        columns: In the order in which they are stored; None: an expression.
        key: The columns that tell rows apart: those of the primary key, or `rowid`.
        has_rowid: Whether rows stand under a number of their own.
        alias: The column that is that number, where one is.
    """

    name: str
    columns: tuple[str | None, ...]
    key: tuple[str, ...]
    has_rowid: bool
    alias: str | None = None


def read_schema(trees: Trees) -> list[SchemaObject]:
    """What is left of the schema of a damaged database; what cannot be a row of it is passed over."""
    found: dict[str, SchemaObject] = {}
    for page in trees.pages(SCHEMA_ROOT):
        for cell in page.cells:
            match cell.values:
                case (str() as kind, str() as name, str() as table, int() | None as root, str() | None as sql):
                    found.setdefault(name, SchemaObject(kind, name, table, root or 0, sql))
                case _:
                    continue
    return list(found.values())


def believe_roots(trees: Trees, objects: Sequence[SchemaObject]) -> list[SchemaObject]:
    """The objects of a schema, without the roots of those that name a page which cannot be theirs.

    Where several name the same page, it is of the one that is of its kind; if there is more than one, of none of them.
    """
    fitting = [each for each in objects if each.root > SCHEMA_ROOT and _may_be_of(trees.is_of_table(each.root), each)]
    claims = Counter(each.root for each in fitting)
    believed = trees.believe(sorted(root for root, count in claims.items() if count == 1))
    named = {each.name for each in fitting if each.root in believed}
    return [each if each.name in named else each._replace(root=0) for each in objects]


def _may_be_of(is_of_table: bool | None, each: SchemaObject) -> bool:
    """Whether a tree is of the kind that an object needs; where nothing of it can be read, it may be."""
    is_table = each.type == "table"
    if is_of_table is None or (is_table and each.sql is None):
        return True
    if is_table and _WITHOUT_ROWID.search(each.sql or ""):
        return not is_of_table
    return is_of_table == is_table


def is_virtual(sql: str | None) -> bool:
    """Whether a statement makes a table that a module keeps in tables of its own."""
    return sql is not None and sql.lstrip().upper().startswith("CREATE VIRTUAL")


def quote(name: str) -> str:
    """A name as SQL wants it."""
    return '"' + name.replace('"', '""') + '"'


def shape_of(connection: apsw.Connection, table: str) -> Shape:
    """How the rows of a table stand in a file, by the table of that name in another database."""
    columns: list[tuple[str, str, int]] = list(
        connection.execute("SELECT name, type, pk FROM pragma_table_xinfo(?) WHERE hidden <> 2", (table,))
    )
    without_rowid = connection.execute(
        "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", (table,)
    ).get
    keys = [name for name, _, place in sorted(columns, key=lambda column: column[2]) if place]
    if without_rowid:
        stored: list[tuple[str]] = list(connection.execute("SELECT name FROM pragma_index_xinfo(?)", (table,)))
        return Shape(table, tuple(name for (name,) in stored), tuple(keys), has_rowid=False)
    alias = next((name for name, kind, place in columns if place and kind.upper() == "INTEGER"), None)
    alias = alias if len(keys) == 1 else None
    return Shape(table, tuple(name for name, _, _ in columns), (ROWID,), has_rowid=True, alias=alias)


def index_shapes(connection: apsw.Connection, table: Shape) -> list[Shape]:
    """How the entries of a table's indexes stand in a file: the columns of the index, then the key of the row."""
    names: list[tuple[str]] = list(connection.execute("SELECT name FROM pragma_index_list(?)", (table.name,)))
    shapes: list[Shape] = []
    for (name,) in names:
        stored: list[tuple[int, str | None]] = list(
            connection.execute("SELECT cid, name FROM pragma_index_xinfo(?)", (name,))
        )
        columns = tuple(ROWID if place == -1 else column for place, column in stored)
        if set(table.key) <= set(columns):
            shapes.append(Shape(name, columns, table.key, has_rowid=False))
    return shapes


def list_loadable(connection: apsw.Connection) -> list[str]:
    """The tables of a database whose rows stand in trees of their own, and in no module's."""
    names: list[tuple[str]] = list(
        connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'"
            " ORDER BY name"
        )
    )
    return [name for (name,) in names]


def shadows_of(objects: Iterable[SchemaObject]) -> frozenset[str]:
    """The tables in which modules keep what virtual tables hold."""
    listed = list(objects)
    virtual = [each.name for each in listed if is_virtual(each.sql)]
    return frozenset(f"{name}_{end}" for name in virtual for end in SHADOW_ENDS) & {each.name for each in listed}
