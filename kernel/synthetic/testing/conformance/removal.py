"""Checks of what others see of a plugin: its coming breaks nothing, and once it is purged nothing is left of it."""

from __future__ import annotations

from collections.abc import Iterator

from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot
from synthetic.log.consumers.shadows import remove_given_up
from synthetic.plugins.hooks import KERNEL
from synthetic.plugins.purge import purge_plugin
from synthetic.store import Store
from synthetic.testing.conformance.migrating import row_counts
from synthetic.testing.conformance.subject import PluginUnderTest
from synthetic.testing.snapshots import find_schema_changes, graphql_schema_of, schema_hash


def leaves_no_trace(subject: PluginUnderTest) -> Iterator[str]:
    """Enabled, disabled, enabled again, disabled, purged: its rows stay until they are purged, then nothing does."""
    directory = subject.copy_of(subject.before)
    with subject.opened(directory, subject.without) as store:
        before = schema_hash(store)
        others = tuple(each.record.name for each in store.read(list_tables) if each.plugin != KERNEL)
        rows_before = row_counts(store, others)
    with subject.opened(directory):
        pass
    with subject.opened(directory, subject.without) as store:
        _purge(store, subject)
        if schema_hash(store) != before:
            yield "The structure of the store is not what it was before the plugin came, though it was purged."
        for name, rows in row_counts(store, others).items():
            if rows != rows_before[name]:
                yield f"The table {name} of others had {rows_before[name]} rows before it came, and has {rows} after."
    yield from _comes_back(subject)


def _comes_back(subject: PluginUnderTest) -> Iterator[str]:
    """What is wrong when it is disabled and enabled again in a store that holds its rows, and when that is purged."""
    directory, tables = subject.copy_of(subject.filled), tuple(subject.tables)
    with subject.opened(directory) as store:
        rows, structure = row_counts(store, tables), schema_hash(store)
    with subject.opened(directory, subject.without) as store:
        kept = {each.record.name for each in store.read(list_tables) if each.plugin == subject.name}
        yield from (
            f"The table {name} is not on record while the plugin is disabled." for name in tables if name not in kept
        )
    with subject.opened(directory) as store:
        if (row_counts(store, tables), schema_hash(store)) != (rows, structure):
            yield "It does not find its tables as it left them when it is enabled again."
    with subject.opened(directory, subject.without) as store:
        _purge(store, subject)
        left = store.read(_names_in_store)
        if any(each.plugin == subject.name for each in store.read(list_tables)):
            yield "Tables of it are still on record after the purge."
    with subject.opened(subject.copy_of(subject.before), subject.without) as store:
        known = store.read(_names_in_store)
    yield from (f"{name} is left in the store after the purge." for name in sorted(left - known))


def _purge(store: Store, subject: PluginUnderTest) -> None:
    """Purge it, and do what a server's background does then with tables that a rebuild has replaced."""
    if subject.tables:
        store.write(purge_plugin, subject.name)
    while store.write(remove_given_up):
        pass


def _names_in_store(snapshot: Snapshot) -> set[str]:
    return {name for (name,) in snapshot.rows("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")}


def schema_changes_are_named(subject: PluginUnderTest) -> Iterator[str]:
    """Its coming breaks no client of what was there, and no change since its last release breaks one of its own."""
    with_it = graphql_schema_of(subject.alone)
    for change in find_schema_changes(graphql_schema_of(subject.without), with_it):
        if change.is_breaking:
            yield f"Where it is loaded, the schema of others changes, {change}."
    if subject.sdl is None:
        return
    if not subject.sdl.exists():
        yield f"{subject.sdl} is not there; `sdl_of` of this plugin's registry is what belongs in it."
        return
    for change in find_schema_changes(subject.sdl.read_text("utf-8"), with_it):
        if change.is_breaking:
            yield f"Since {subject.sdl.name}: {change}. Release it as another major version, with that file anew."
        else:
            subject.notes.append(f"Since {subject.sdl.name}: {change}.")
