"""Check of exports: what a plugin keeps comes into another store as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from synthetic.consumer_contributions import Fold
from synthetic.contributions import Table
from synthetic.database.deletion import CONSTRUCTS
from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot
from synthetic.json_text import to_json
from synthetic.store import Store
from synthetic.testing.conformance.records import NothingToCheckError
from synthetic.testing.conformance.subject import PluginUnderTest
from synthetic.testing.plugin_sets import with_required
from synthetic.transfer.archive_reading import ExportFile
from synthetic.transfer.exporting import export_to
from synthetic.transfer.importing import ImportRequest, import_export
from synthetic.transfer.policies import OnConflict

SHOWN = 3


def rows_travel(subject: PluginUnderTest) -> Iterator[str]:
    """All of a store, exported and imported into an empty one with the same plugins, is there and is exported again."""
    tables = {name: table for name, table in subject.require_tables().items() if _travels(subject, table)}
    if not tables:
        raise NothingToCheckError("No table of the plugin travels: each says why.")
    exported, again = subject.new_directory("export"), subject.new_directory("again")
    # What is exported is constructs with what belongs to them, and what belongs to none.
    registry = subject.load((*with_required(CONSTRUCTS), *subject.required, subject.name))
    with subject.opened(subject.copy_of(subject.filled), registry) as store:
        before = _exported_rows(store, exported, tables)
    if not any(before.values()):
        raise NothingToCheckError("The tables of the plugin are empty: `fill` can make rows.")
    with subject.opened(subject.new_directory("imported"), registry) as store:
        with ExportFile.open_checked(exported, _ignore) as file:
            outcomes = import_export(store, file, ImportRequest(on_conflict=OnConflict.FAIL), _ignore, _ignore)
        for each in outcomes:
            for name, rows in each.left_out.items():
                if name in tables:
                    yield f"{rows} rows of {name} were left out: {'; '.join(each.left_out_keys[:SHOWN])}."
        after = _exported_rows(store, again, tables)
    for name, rows in before.items():
        for what, differing in (("did not come", rows - after[name]), ("came as other rows", after[name] - rows)):
            if differing:
                samples = "; ".join(list(differing)[:SHOWN])
                yield f"{differing.total()} of {rows.total()} rows of {name} {what}, such as {samples}."


def _travels(subject: PluginUnderTest, table: Table) -> bool:
    folded = {name for each in subject.own(subject.alone.consumers) if isinstance(each, Fold) for name in each.tables}
    return not (table.travel.stays or table.travel.evidence_of or table.name in folded)


def _exported_rows(store: Store, target: Path, tables: dict[str, Table]) -> dict[str, Counter[str]]:
    """What an export of the whole store holds of some tables: each row as JSON, without what each store numbers."""
    store.read(export_to, target, None, _ignore, _ignore, _ignore)
    found: dict[str, Counter[str]] = {name: Counter() for name in tables}
    numbers = store.read(_numbers_of, tables)
    with ExportFile.open_checked(target, _ignore) as file:
        for unit in file.manifest.units:
            for member in unit.members:
                table = tables.get(member.table)
                if table is not None:
                    own = _own_columns(table) | numbers[member.table]
                    found[member.table].update(_comparable(file.rows(member), member.columns, own))
    return found


def _numbers_of(snapshot: Snapshot, tables: dict[str, Table]) -> dict[str, frozenset[str]]:
    """The columns of each table that hold rowids, its own or those that it points at: each store gives its own."""
    keys: dict[str, str | None] = {}
    for each in list_tables(snapshot):
        sql = "SELECT name, type, pk FROM pragma_table_info(:name)"
        columns = snapshot.rows(sql, {"name": each.record.name})
        key = [(name, kind) for name, kind, place in columns if place]
        keys[each.record.name] = key[0][0] if len(key) == 1 and key[0][1] == "INTEGER" else None
    return {
        name: frozenset(
            [each.column for each in table.references if keys.get(each.table) == each.target]
            + [key for key in (keys.get(name),) if key is not None]
        )
        for name, table in tables.items()
    }


def _own_columns(table: Table) -> frozenset[str]:
    """The columns that a store numbers by itself, as the table declares it."""
    return frozenset({*table.travel.numbered, *table.travel.positions, *table.travel.events})


def _comparable(rows: Any, columns: Any, own: frozenset[str]) -> Iterator[str]:
    for values in rows:
        row = {name: value for name, value in zip(columns, values, strict=True) if name not in own}
        yield to_json({name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()})


_ignore: Callable[..., None] = lambda *_: None  # noqa: E731 - a listener that listens to nothing
