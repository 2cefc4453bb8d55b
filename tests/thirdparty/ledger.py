"""A third party's plugin with mutations of every kind, which writes down what `record_operation` is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from synthetic.store import Store
from thirdparty.distributions import Site, write_plugins_toml

MIGRATION = """
CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE ledger (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, entity TEXT,
    outcome TEXT NOT NULL, code TEXT, message TEXT, details TEXT NOT NULL, correlation_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL
) STRICT;
CREATE TABLE unwelcome (name TEXT NOT NULL PRIMARY KEY) STRICT;
"""

CODE = '''
import threading

import strawberry

from synthetic import (
    BlockingStore, ConflictError, EventType, ForbiddenError, GraphQL, Scope, Transaction, mutation, to_json,
)

NOTE_SAVED = EventType(name="note.saved", entity="note", purpose="A note was stored.")
BEGUN = threading.Event()

@hookimpl
def register_tables():
    return tuple(Table(name=name, purpose="A sample.", kept="A few.") for name in ("notes", "ledger", "unwelcome"))

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_ledger"),)

@hookimpl
def register_events():
    return (NOTE_SAVED,)

@hookimpl
def record_operation(tx, operation):
    names = {"name": operation.name, "end": f"{operation.name} {operation.outcome}"}
    if tx.value("SELECT count(*) FROM unwelcome WHERE name IN (:name, :end)", names):
        raise RuntimeError("hunter2")
    values = {
        "name": operation.name, "kind": operation.kind, "actor": operation.actor,
        "entity": operation.entity_type and f"{operation.entity_type}:{operation.entity_id}",
        "outcome": operation.outcome, "code": operation.code, "message": operation.message,
        "details": to_json(operation.details), "correlation_id": operation.correlation_id,
        "occurred_at": operation.occurred_at,
    }
    names = ", ".join(values)
    tx.execute(f"INSERT INTO ledger ({names}) VALUES (:{names.replace(', ', ', :')})", values)

@strawberry.input(description="A note.")
class NoteInput:
    id: strawberry.ID | None = strawberry.field(default=None, description="Its id.")
    body: str = strawberry.field(default="", description="What it says.")
    tags: list[str] | None = strawberry.field(default=None, description="Words.")
    how: str | None = strawberry.field(default=None, description="How it fails.")
    color: str | None = strawberry.field(default=strawberry.UNSET, description="Null takes it away.")
    dry_run: bool = strawberry.field(default=False, description="Whether nothing is to happen.")

def save(tx, id, body, color=None):
    if color:
        tx.describe_operation({"color": color})
    tx.execute("INSERT INTO notes (id, body) VALUES (:id, :body)", {"id": id, "body": body})
    tx.emit(NOTE_SAVED, id)

def take(tx, input):
    if input.how == "conflict":
        raise ConflictError("It is there.")
    if not tx.value("SELECT count(*) FROM notes WHERE id = :id", {"id": input.id}):
        save(tx, input.id, "")

@mutation(recorded="changes")
def take_note(tx: Transaction, input: NoteInput) -> bool | None:
    """Store a note, if it is not there."""
    take(tx, input)
    return True

@mutation(recorded="changes")
def take_notes(store: BlockingStore, input: NoteInput) -> bool | None:
    """The same, in a transaction of its own."""
    store.write(take, input)
    return True

@mutation
def save_note(tx: Transaction, input: NoteInput) -> bool | None:
    """Store a note."""
    save(tx, input.id or "made", input.body, input.color)
    if input.how == "conflict":
        raise ConflictError("It is there.")
    if input.how == "forbidden":
        raise ForbiddenError("Not by you.")
    if input.how == "bug":
        raise ValueError("hunter2")
    if input.how == "stall":
        BEGUN.set()
        while True:
            tx.value("SELECT 1")
            threading.Event().wait(0.001)
    return True

@mutation(entity="note")
def save_notes(store: BlockingStore, input: NoteInput) -> bool | None:
    """Store notes, each in a transaction of its own."""
    for number, tag in enumerate(input.tags or ()):
        if tag == "conflict":
            raise ConflictError("It is there.")
        store.write(save, f"{input.id or 'made'}{number}", tag, input.color)
    return True

@mutation(recorded=False)
def touch_note(tx: Transaction, input: NoteInput) -> bool | None:
    """Do what nobody asks after."""
    return True

@mutation(scope=Scope.ADMIN, entity="note")
def drop_notes(tx: Transaction, input: NoteInput) -> bool | None:
    """Delete all notes."""
    tx.execute("DELETE FROM notes")
    return True

@hookimpl
def register_graphql():
    return (GraphQL(mutations=(save_note, save_notes, take_note, take_notes, touch_note, drop_notes)),)
'''


@dataclass(frozen=True)
class Entry:
    """What the ledger holds of one operation."""

    name: str
    kind: str
    actor: str
    entity: str | None
    outcome: str
    code: str | None
    message: str | None
    details: dict[str, Any]
    correlation_id: str
    occurred_at: int


class Ledger:
    """A store with the plugin, and what it wrote down."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def run(self, field: str, **given: Any) -> dict[str, Any]:
        """Send a mutation; the whole answer."""
        document = f"mutation($input: NoteInput!) {{ {field}(input: $input) }}"
        return self.store.graphql(document, {"input": given})

    def entries(self) -> list[Entry]:
        """All that was recorded, in order."""
        return entries_of(self.store)

    def notes(self) -> list[str]:
        """Ids of the notes that are stored."""
        return [id for (id,) in self.store.read(lambda snapshot: snapshot.rows("SELECT id FROM notes ORDER BY id"))]

    def refuse(self, name: str) -> None:
        """Let the plugin's hook raise for operations of this name, or of this name and outcome (`saveNotes DONE`)."""
        self.store.write(lambda tx: tx.execute("INSERT INTO unwelcome (name) VALUES (:name)", {"name": name}))

    def unrecorded(self) -> float | None:
        """How many operations could not be recorded."""
        return self.store.kernel.metrics.registry.get_sample_value("synthetic_operations_unrecorded_total")


def entries_of(store: Store) -> list[Entry]:
    """What the ledger of a store holds."""
    columns = "name, kind, actor, entity, outcome, code, message, details, correlation_id, occurred_at"
    rows = store.read(lambda snapshot: snapshot.rows(f"SELECT {columns} FROM ledger ORDER BY number"))
    return [Entry(*row[:7], json.loads(row[7]), *row[8:]) for row in rows]


def install_ledger(site: Site, data_dir: Path, *others: str, extra: str = "") -> None:
    """Install the plugin, and list it alone with others that are installed."""
    site.install("ledger", CODE, modules={"migrations/0001_ledger.sql": MIGRATION})
    write_plugins_toml(data_dir, {"ledger": "", **dict.fromkeys(others, "")}, extra=extra)


def ledger_module() -> ModuleType:
    """The plugin's module, once it is loaded."""
    import sample_ledger.plugin as module

    return module
