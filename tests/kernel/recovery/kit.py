"""Damaging a database on purpose, and salvaging it without all that a whole recovery does."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import apsw

from synthetic.database.snapshot import Value
from synthetic.kernel_parts import blueprint_of
from synthetic.recovery.salvage import Salvaged, salvage
from synthetic.recovery.set_aside import SetAside
from synthetic.registry import Registry
from synthetic.store import Store
from synthetic.testing import expect_data

SAVE = (
    "mutation($id: ID!, $body: JSON!) { saveConstruct("
    'input: {id: $id, type: "task", title: "A task", metadata: $body}) { construct { id } } }'
)
SESSION = (
    "mutation($id: ID!, $construct: ID!) { saveSession(input: {id: $id, constructId: $construct}) { session { id } } }"
)

PAGE_BYTES = 4_096
Rows = dict[str, set[tuple[Value, ...]]]


def go_on(_done_bytes: int) -> None:
    """Nobody asks to stop."""


def fill(store: Store, constructs: int) -> None:
    """Constructs with metadata short and long, and a session of each."""
    for number in range(constructs):
        words = "word " * (3 if number % 7 else 2_000)
        expect_data(store.graphql(SAVE, {"id": f"construct-{number:03d}", "body": {"text": words, "number": number}}))
        expect_data(store.graphql(SESSION, {"id": f"session-{number:03d}", "construct": f"construct-{number:03d}"}))


def rows_in(database: Path, tables: list[str] | None = None) -> Rows:
    """The rows of each table of a sound database that nobody has open."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        names = tables or [
            name
            for (name,) in connection.execute(
                "SELECT name FROM pragma_table_list"
                " WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite%'"
            )
        ]
        return {name: set(connection.execute(f'SELECT * FROM "{name}"')) for name in names}
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Bench:
    """A store that is damaged again and again.

    Attributes:
        whole: The database as it was.
        empty: The database of a store that the code has just made.
        registry: The plugins of both.
        folder: Where damaged ones and new ones go.
    """

    whole: Path
    empty: Path
    registry: Registry
    folder: Path

    def salvage(self, damaged: bytes, log: Path | None = None) -> tuple[Salvaged, Rows]:
        """What comes of a database with these bytes; the file must be the same afterwards."""
        database, target = self.folder / "damaged.db", self.folder / "target.db"
        database.write_bytes(damaged)
        shutil.copyfile(self.empty, target)
        aside = SetAside(self.folder / "aside.jsonl")
        try:
            salvaged = salvage(database, log or self.folder / "none", target, blueprint_of(self.registry), aside, go_on)
        finally:
            aside.close()
            (self.folder / "aside.jsonl").unlink(missing_ok=True)
        assert database.read_bytes() == damaged
        connection = apsw.Connection(str(target))
        assert connection.pragma("integrity_check") == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
        return salvaged, rows_in(target, [each.table for each in salvaged.tables])

    def without_page(self, *numbers: int) -> bytes:
        """The database with pages of zeros."""
        data = bytearray(self.whole.read_bytes())
        for number in numbers:
            data[(number - 1) * PAGE_BYTES : number * PAGE_BYTES] = bytes(PAGE_BYTES)
        return bytes(data)

    def without_table(self, name: str) -> bytes:
        """The database with zeros on all pages of a table, by SQLite's own account."""
        connection = apsw.Connection(str(self.whole), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            pages = connection.execute("SELECT pageno FROM dbstat WHERE name = ?", (name,)).fetchall()
        finally:
            connection.close()
        return self.without_page(*(page for (page,) in pages))
