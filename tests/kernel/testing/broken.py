"""A plugin of a third party that conforms, and the same with one thing wrong at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from thirdparty.distributions import Site

NUMBERS: Iterator[int] = count()
"""A plugin that was imported once stays imported, so each test has one of another name."""

MIGRATION = """
CREATE TABLE {name}_marks (
    id TEXT NOT NULL PRIMARY KEY,
    label TEXT NOT NULL,
    parent_id TEXT REFERENCES {name}_marks (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX {name}_marks_by_created_at ON {name}_marks (created_at, id);
CREATE INDEX {name}_marks_by_parent_id ON {name}_marks (parent_id);
"""

CODE = '''
from dataclasses import dataclass
from typing import Annotated

import strawberry
from msgspec import Meta

from synthetic import (
    Asked, BlockingStore, Connection, EventType, First, FromRecord, NotFoundError, Order, Reference, RetentionRule,
    Selection, Snapshot, Transaction, Travel, page, query,
)
from typing import NamedTuple


@dataclass(frozen=True)
class MarkSettings:
    keep_ms: Annotated[int, Meta(ge=0, description="How long a mark is kept, in milliseconds.")] = 60_000


class MarkLostError(NotFoundError):
    """There is no such mark."""

    code = "{NAME}_MARK_LOST"
    action = "Name another one."


MARK_MADE = EventType(name="{name}.made", entity="mark", purpose="A mark was made.")
MARK_GONE = EventType(name="{name}.gone", entity="mark", purpose="A mark is gone.")


class MarkRecord(NamedTuple):
    id: str
    label: str
    created_at: int


@strawberry.type(name="{Name}Mark", description="A mark.")
class Mark:
    id: strawberry.ID = strawberry.field(description="Its id.")
    label: str = strawberry.field(description="What it says.")

    of = FromRecord(MarkRecord)


NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)


@query
def {name}_marks(snapshot: Snapshot, asked: Asked, first: First = None) -> Connection[Mark]:
    """All marks, the newest first."""
    return page(snapshot, Mark, Selection("{name}_marks", [], {{}}), order=NEWEST_FIRST, asked=asked, first=first)


def make_mark(tx: Transaction, label: str) -> None:
    id = tx.new_id()
    tx.execute(
        "INSERT INTO {name}_marks (id, label, created_at) VALUES (:id, :label, :now)",
        {{"id": id, "label": label, "now": tx.now}},
    )
    tx.emit(MARK_MADE, id)


def fill(store: BlockingStore) -> None:
    for number in range(3):
        store.write(make_mark, f"mark {{number}}")


def count_marks(tx: Transaction) -> int:
    tx.value("SELECT count(*) FROM {name}_marks WHERE id = 'a'")
    return 0


@hookimpl
def register_plugin():
    return Plugin(summary="A sample.")


@hookimpl
def register_settings():
    return (Settings(MarkSettings),)


@hookimpl
def register_tables():
    return (
        Table(
            name="{name}_marks", purpose="Marks.", deleted=MARK_GONE,
            references=(Reference(column="parent_id", table="{name}_marks", on_delete="clear"),),
        ),
    )


@hookimpl
def register_migrations():
    return (MigrationFolder("sample_{name}"),)


@hookimpl
def register_errors():
    return (ErrorCode(MarkLostError),)


@hookimpl
def register_events():
    return (MARK_MADE, MARK_GONE)


@hookimpl
def register_graphql():
    return (GraphQL(queries=({name}_marks,)),)


@hookimpl
def register_retention():
    return (
        RetentionRule(
            name="old", purpose="Deletes old marks.", table="{name}_marks", age_column="created_at",
            keep_setting="keep_ms",
        ),
    )


@hookimpl
def register_services():
    return (Service(name="count", purpose="Counts marks.", step=count_marks, every_ms=60_000),)
'''


def install_marks(
    site: Site, *changes: tuple[str, str], migration: tuple[str, str] = ("", ""), second_migration: str = ""
) -> str:
    """Install the plugin.

    Args:
        site: Where.
        changes: What is another text in its module, and what stands there instead.
        migration: The same of its migration.
        second_migration: One more migration.

    Returns:
        Its name.
    """
    name = f"marks{next(NUMBERS)}"
    names = {"name": name, "Name": name.title(), "NAME": name.upper()}
    modules = {"migrations/0001_marks.sql": _changed(MIGRATION.format(**names), migration, names)}
    if second_migration:
        modules["migrations/0002_more.sql"] = second_migration.format(**names)
    code = CODE.format(**names)
    for change in changes:
        code = _changed(code, change, names)
    site.install(name, code, modules=modules, introduced=False)
    return name


def _changed(text: str, change: tuple[str, str], names: dict[str, str]) -> str:
    old, new = (each.format(**names) for each in change)
    assert old in text, old
    return text.replace(old, new, 1) if old else text
