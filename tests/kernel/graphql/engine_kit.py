"""An engine over one small table, without the rest of a kernel."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import strawberry

import synthetic
from synthetic.clock import SystemClock
from synthetic.contributions import GraphQL, Stamped
from synthetic.database.connections import open_writer
from synthetic.database.database import Database
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import Surroundings
from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError
from synthetic.graphql.connections import After, Before, Connection, First, Last
from synthetic.graphql.cursors import Order
from synthetic.graphql.execute import Engine
from synthetic.graphql.executor import Asked
from synthetic.graphql.fields import batched, mutation, query, subscription
from synthetic.graphql.node import Node
from synthetic.graphql.pages import page
from synthetic.graphql.row_types import FromRecord
from synthetic.graphql.scalars import JSON, DateTime, Long
from synthetic.graphql.schema import build_schema, core_schema
from synthetic.graphql.selections import Selection
from synthetic.json_text import from_json, to_json
from synthetic.kernel_settings import DatabaseSettings, LimitSettings
from synthetic.log.live import Live
from synthetic.metrics import Metrics
from synthetic.security.gate import ANONYMOUS, Scope
from synthetic.store import BlockingDatabase

SETTINGS = DatabaseSettings(synchronous="OFF", busy_timeout_ms=50, write_deadline_ms=300)
LIMITS = LimitSettings(page_size=100, page_size_default=10)
DDL = """
CREATE TABLE notes (
    id TEXT NOT NULL PRIMARY KEY, parent_id TEXT, label TEXT NOT NULL, at INTEGER NOT NULL, extra TEXT NOT NULL
) STRICT;
"""
MIGRATIONS = Path(synthetic.__file__).parent / "migrations"

calls: list[tuple[str, int]] = []
"""Each call of a batched function, with how many parents it was given."""


@dataclass(frozen=True, slots=True)
class NoteRow:
    id: str
    parent_id: str | None
    label: str
    at: int
    extra: str


COLUMNS = "id, parent_id, label, at, extra"


@strawberry.type(description="A note.")
class Note(Node):
    label: str = strawberry.field(description="What it says.")
    at: DateTime = strawberry.field(description="When.")
    extra: JSON = strawberry.field(description="Anything.")

    of = FromRecord(NoteRow)

    @batched
    def children(snapshot: Snapshot, parents: Sequence[Note]) -> list[list[Note]]:
        """Notes below this one."""
        calls.append(("children", len(parents)))
        found: dict[str, list[Note]] = {parent.id: [] for parent in parents}
        for row in snapshot.records(
            NoteRow,
            f"SELECT {COLUMNS} FROM notes WHERE parent_id IN (SELECT value FROM json_each(:ids)) ORDER BY id",
            {"ids": to_json(list(found))},
        ):
            found[row.parent_id].append(note(row))
        return [found[parent.id] for parent in parents]

    @batched
    def shout(
        snapshot: Snapshot,
        parents: Sequence[Note],
        mark: Annotated[str, strawberry.argument(description="What follows.")] = "!",
    ) -> list[str]:
        """The label, loud."""
        calls.append(("shout", len(parents)))
        return [parent.label.upper() + mark for parent in parents]


def note(row: NoteRow) -> Note:
    return Note.of(row)


@strawberry.input(description="A note to keep.")
class AddNoteInput:
    id: strawberry.ID = strawberry.field(description="Its id.")
    label: str = strawberry.field(description="What it says.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="The note above it.")
    at: DateTime = strawberry.field(default=DateTime(0), description="When.")
    extra: JSON = strawberry.field(default=None, description="Anything.")


@strawberry.type(description="What was kept.")
class AddNotePayload:
    note: Note = strawberry.field(description="The note.")


Id = Annotated[strawberry.ID, strawberry.argument(description="An id.")]


@query
def note_by_id(snapshot: Snapshot, id: Id) -> Note | None:
    """One note."""
    return find_notes(snapshot, [id])[0]


@query
def notes(
    snapshot: Snapshot,
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    descending: Annotated[bool, strawberry.argument(description="Largest first.")] = False,
) -> Connection[Note]:
    """All notes."""
    return page(
        snapshot, Note, Selection("notes", [], {}), order=Order(("at", "id"), (int, str), descending), asked=asked,
        first=first, after=after, last=last, before=before,
    )  # fmt: skip


@query
def fail(snapshot: Snapshot, how: Annotated[str, strawberry.argument(description="How.")]) -> str:
    """Fails."""
    if how == "endless":
        return str(
            snapshot.value("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c")
        )
    if how == "conflict":
        raise ConflictError(details={"id": "x"})
    if how == "notice":
        snapshot.notice("SLOW", "It scans.")
        return "noticed"
    if how == "null":
        return None
    raise ValueError(f"the secret is {how}")


@query
def twice(snapshot: Snapshot, number: Annotated[Long, strawberry.argument(description="A number.")]) -> Long:
    """Doubles."""
    return Long(number * 2)


@mutation
def add_note(tx: Transaction, input: AddNoteInput) -> AddNotePayload:
    """Keep a note."""
    row = NoteRow(input.id, input.parent_id, input.label, input.at, to_json(input.extra))
    tx.execute(
        f"INSERT INTO notes ({COLUMNS}) VALUES (:id, :parent_id, :label, :at, :extra)",
        {"id": row.id, "parent_id": row.parent_id, "label": row.label, "at": row.at, "extra": row.extra},
    )
    if input.label == "refused":
        raise ConflictError
    return AddNotePayload(note=note(row))


@mutation
def add_many(store: BlockingDatabase, count: Annotated[int, strawberry.argument(description="How many.")]) -> int:
    """Keep many, each in a transaction of its own."""
    for number in range(count):
        store.write(lambda tx, n=number: tx.execute(
            f"INSERT INTO notes ({COLUMNS}) VALUES (:id, NULL, 'one of many', 0, 'null')", {"id": f"many-{n}"}
        ))  # fmt: skip
    return store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM notes"))


@mutation(scope=Scope.ADMIN)
def forget_all(tx: Transaction) -> int:
    """Delete everything."""
    return tx.execute("DELETE FROM notes")


@subscription
async def ticks(live: Live, count: Annotated[int, strawberry.argument(description="How many.")]) -> AsyncIterator[Note]:
    """One note a tick."""
    for number in range(count):
        yield Note(id=strawberry.ID(str(number)), label=f"tick {number}", at=DateTime(0), extra=None)
    if count == 13:
        raise ConflictError("unlucky")


def find_notes(snapshot: Snapshot, ids: list[str]) -> list[Note | None]:
    rows = snapshot.records(
        NoteRow, f"SELECT {COLUMNS} FROM notes WHERE id IN (SELECT value FROM json_each(:ids))", {"ids": to_json(ids)}
    )
    found = {row.id: note(row) for row in rows}
    return [found.get(id) for id in ids]


PART = GraphQL(
    queries=(note_by_id, notes, fail, twice),
    mutations=(add_note, add_many, forget_all),
    subscriptions=(ticks,),
    nodes={Note: find_notes},
)


@dataclass
class Bench:
    """An engine, its database, and a short way to ask."""

    engine: Engine
    database: Database
    metrics: Metrics
    schema: strawberry.Schema

    def ask(self, document: str, caller=ANONYMOUS, **variables: Any) -> dict[str, Any]:
        return from_json(to_json(self.engine.run_blocking(document, variables, caller).body))

    def add(self, *rows: tuple[str, str | None, int]) -> None:
        """Put in notes as (id, parent, at)."""
        self.database.write_blocking(
            lambda tx: tx.execute_many(
                f"INSERT INTO notes ({COLUMNS}) VALUES (:id, :parent, 'note ' || :id, :at, '{{\"a\":1}}')",
                [{"id": id, "parent": parent, "at": at} for id, parent, at in rows],
            )
        )


@contextlib.contextmanager
def open_bench(
    directory: Path, limits: LimitSettings = LIMITS, *, parts: Sequence[GraphQL] = (PART,), readers: int = 5
) -> Iterator[Bench]:
    settings = replace(SETTINGS, readers=readers)
    connection = open_writer(directory / "synthetic.db", settings)
    for number, name in enumerate(("foundation", "log"), 1):
        connection.execute((MIGRATIONS / f"{number:04}_{name}.sql").read_text("utf-8"))
    connection.execute(DDL)
    clock, metrics = SystemClock(), Metrics()
    surroundings = Surroundings({LimitSettings: limits}.__getitem__)
    database = Database(
        directory / "synthetic.db", connection, settings, clock, surroundings, metrics, lambda connection: None
    )
    schema = build_schema([Stamped("notes", part) for part in parts])
    engine = Engine(core_schema(schema), database, limits, clock, metrics, lambda snapshot, name, number: True)
    calls.clear()
    try:
        yield Bench(engine, database, metrics, schema)
    finally:
        engine.close()
        database.close()
