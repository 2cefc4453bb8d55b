"""Checks of migrations: on an empty store, on one that is in use, twice; and of the tables that they make."""

from __future__ import annotations

from collections.abc import Iterator

from synthetic.before_opening import pending_migrations
from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot
from synthetic.store import Store
from synthetic.testing.conformance.subject import PluginUnderTest
from synthetic.testing.snapshots import ddl_of, schema_hash

LEDGERS = ("registered_tables", "schema_migrations")
"""Tables in which the kernel notes that a plugin came."""


def migrates_an_empty_store(subject: PluginUnderTest) -> Iterator[str]:
    """A new store has its tables, whole and empty."""
    tables = subject.require_tables()
    with subject.opened(subject.new_directory("empty")) as store:
        yield from store.read(_find_faults)
        counts = store.read(_count_rows, tuple(tables))
        for name, rows in counts.items():
            if rows:
                subject.notes.append(f"Its migrations put {rows} rows into {name}.")


def migrates_a_filled_store(subject: PluginUnderTest) -> Iterator[str]:
    """A store that was in use gets the same tables, and keeps all that it had."""
    tables = subject.require_tables()
    with subject.opened(subject.new_directory("empty")) as store:
        wanted = ddl_of(store, tables)
    directory = subject.copy_of(subject.before)
    with subject.opened(directory, subject.without) as store:
        others = [each.record.name for each in store.read(list_tables) if each.record.name not in LEDGERS]
        before = store.read(_count_rows, tuple(others))
        definitions = ddl_of(store, others)
    with subject.opened(directory) as store:
        yield from store.read(_find_faults)
        if ddl_of(store, tables) != wanted:
            yield "Its tables are made otherwise in a store that is in use than in a new one."
        if ddl_of(store, others) != definitions:
            yield "Tables of others have other definitions after its migrations."
        after = store.read(_count_rows, tuple(others))
        for name, rows in before.items():
            if after[name] != rows:
                yield f"The table {name} of others had {rows} rows before its migrations, and has {after[name]} after."


def migrates_twice_as_once(subject: PluginUnderTest) -> Iterator[str]:
    """Opening a store again, rows and all, applies nothing and changes nothing."""
    subject.require_tables()
    directory = subject.copy_of(subject.filled)
    with subject.opened(directory) as store:
        before = schema_hash(store)
        for migration in store.kernel.applied:
            yield f"The migration {migration} was applied to a store that has it."
    for migration in pending_migrations(directory, subject.alone):
        yield f"The migration {migration} is still to be applied after it was."
    # As the next start of a server would: the plugin is asked anew what it contributes.
    with subject.opened(directory, subject.load((*subject.required, subject.name))) as store:
        if schema_hash(store) != before:
            yield "Opening the store a second time has changed its structure."


def tables_are_strict(subject: PluginUnderTest) -> Iterator[str]:
    """So that SQLite refuses a value of the wrong type; and every table that it registers is there, none else."""
    tables = subject.require_tables()
    with subject.opened(subject.new_directory("empty")) as store:
        found = store.read(_kinds_of_tables)
    for name in tables:
        kind, strict = found.get(name, ("missing", 0))
        if kind == "missing":
            yield f"The table {name} is registered, and no migration makes it."
        elif kind == "table" and not strict:
            yield f"The table {name} is not STRICT."


def _kinds_of_tables(snapshot: Snapshot) -> dict[str, tuple[str, int]]:
    rows = snapshot.rows("SELECT name, type, strict FROM pragma_table_list WHERE schema = 'main'")
    return {name: (kind, strict) for name, kind, strict in rows}


def _find_faults(snapshot: Snapshot) -> list[str]:
    """What SQLite itself finds wrong."""
    keys = snapshot.rows('SELECT "table" FROM pragma_foreign_key_check')
    broken = [f"A row of {table} points at nothing." for (table,) in keys]
    said: str = snapshot.value("SELECT quick_check FROM pragma_quick_check")
    return broken if said == "ok" else [*broken, f"SQLite's quick_check says: {said}"]


def _count_rows(snapshot: Snapshot, tables: tuple[str, ...]) -> dict[str, int]:
    # Registered names are lower-case words (`Table` checks it), so they cannot end the quotes.
    return {name: snapshot.value(f'SELECT count(*) FROM "{name}"') for name in tables}


def row_counts(store: Store, tables: tuple[str, ...]) -> dict[str, int]:
    """How many rows registered tables hold."""
    return store.read(_count_rows, tables)
