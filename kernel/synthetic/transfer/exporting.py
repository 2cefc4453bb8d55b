"""Writing what belongs to constructs, or all that a workspace holds, to a file.

Everything is read in one snapshot, so an export is consistent however much is
written meanwhile. Sealed and compressed values travel as they are: each brings
the number of its own format, so nothing is unpacked that the receiving store
would have to make again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from synthetic.database.deletion import CONSTRUCTS
from synthetic.database.snapshot import Row, Snapshot
from synthetic.durable_files import durable_file
from synthetic.errors import NotFoundError
from synthetic.faults import crash_point
from synthetic.log.positions import read_ends
from synthetic.plugins.discovery import kernel_version
from synthetic.store_folder import StoreFolder
from synthetic.transfer.archive_writing import ArchiveWriter
from synthetic.transfer.export_units import ExportUnit, LinkRows
from synthetic.transfer.files_in_folders import open_named_file
from synthetic.transfer.history import History, open_history
from synthetic.transfer.manifest import (
    EVENT_COLUMNS,
    EVENTS,
    FORMAT,
    VERSION,
    ExportedTable,
    Manifest,
    Member,
    NamedFile,
    Unit,
)
from synthetic.transfer.selection import has_constructs, select_by_construct, select_workspace
from synthetic.transfer.travelling import TravellingTable, list_evidence, list_travelling, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What came of an export.

    Attributes:
        manifest: As it was written.
        constructs: How many.
        rows: By table, how many.
        events: How many.
        files: How many.
        missing: Paths of files that rows name and that are not there.
    """

    manifest: Manifest
    constructs: int
    rows: Mapping[str, int]
    events: int
    files: int
    missing: tuple[str, ...]


def export(
    snapshot: Snapshot,
    file: BinaryIO,
    construct_ids: Sequence[str] | None,
    expect: Callable[[int], None],
    advance: Callable[[int, str | None], None],
    is_stopped: Callable[[], None],
) -> Exported:
    """Write an export.

    Args:
        snapshot: All is read in it.
        file: Open to write and to seek in.
        construct_ids: Which; None: the whole workspace.
        expect: Told how many constructs there are.
        advance: Told of each construct that is done.
        is_stopped: Asked between constructs; raises to stop.

    Raises:
        NotFoundError: There is no such construct.
        ExportTooLargeError: There is too much for one file.
        ArchiveDamagedError: Old events cannot be read.
        OSError: The file cannot be written.
    """
    ids = _check_constructs(snapshot, construct_ids)
    expect(len(ids))
    with ArchiveWriter(file) as writer, open_history(snapshot) as history:
        exporter = _Exporter(snapshot, writer, history)
        if construct_ids is None:
            exporter.add_workspace()
        for id in ids:
            is_stopped()
            exporter.add_construct(id)
            advance(1, id)
        manifest = exporter.finish(None if construct_ids is None else set(ids))
        writer.finish(manifest)
    rows: dict[str, int] = {}
    for member in (member for unit in manifest.units for member in unit.members):
        rows[member.table] = rows.get(member.table, 0) + member.rows
    return Exported(
        manifest=manifest,
        constructs=len(ids),
        rows=rows,
        events=sum(unit.events.rows for unit in manifest.units if unit.events is not None),
        files=len(manifest.files),
        missing=tuple(each.path for unit in manifest.units for each in unit.files if each.name is None),
    )


class _Exporter:
    """One export, unit by unit."""

    def __init__(self, snapshot: Snapshot, writer: ArchiveWriter, history: History) -> None:
        self._snapshot = snapshot
        self._writer = writer
        self._history = history
        self._folder = snapshot.resource(StoreFolder).path
        self._tables = list_travelling(snapshot)
        self._evidence = list_evidence(snapshot)
        self._by_construct = select_by_construct(snapshot, self._tables)
        self._links = LinkRows()
        self._units: list[Unit] = []
        self._workspace: ExportUnit | None = None
        self._entities: set[tuple[str, str]] = set()

    def add_workspace(self) -> None:
        """Write what belongs to no construct."""
        self._write("WORKSPACE", None, select_workspace(self._snapshot, self._tables))

    def add_construct(self, id: str) -> None:
        """Write a construct, with all that belongs to it."""
        self._write("CONSTRUCT", id, self._by_construct)

    def finish(self, construct_ids: Collection[str] | None) -> Manifest:
        """Write what belongs to several units, and what bears witness of these constructs; None: of everything."""
        self._write_links()
        ends = read_ends(self._snapshot)
        return Manifest(
            format=FORMAT,
            version=VERSION,
            scope="WORKSPACE" if construct_ids is None else "CONSTRUCTS",
            exported_at=self._snapshot.now,
            kernel=kernel_version(),
            epoch=ends.epoch,
            position=ends.head,
            plugins=self._plugins(),
            tables=self._described(),
            units=tuple(self._units),
            evidence=self._write_evidence(construct_ids),
            files=self._writer.files,
        )

    def _write(self, kind: Literal["WORKSPACE", "CONSTRUCT"], id: str | None, conditions: Mapping[str, str]) -> None:
        """Write a unit, if there is anything in it."""
        unit = ExportUnit(self._tables, self._links, self._workspace, is_workspace=id is None)
        if id is None:
            self._workspace = unit
        parts = [
            (table, unit.own_rows(table, self._rows(table, conditions[table.name], {"key": id})))
            for table in self._tables.values()
            if table.name in conditions
        ]
        positions = self._history.of_nothing() if id is None else self._history.of_construct(id)
        self._add(kind, id, unit, parts, positions)

    def _write_links(self) -> None:
        """Write what belongs to several units, in which its other ends may be missing."""
        unit = ExportUnit(self._tables, None, None, is_workspace=False)
        parts = [(table, unit.own_rows(table, self._links.rows(table.name))) for table in self._tables.values()]
        self._add("LINKS", None, unit, parts, set())

    def _add(
        self,
        kind: Literal["WORKSPACE", "CONSTRUCT", "LINKS"],
        id: str | None,
        unit: ExportUnit,
        parts: Sequence[tuple[TravellingTable, Iterator[Row]]],
        positions: set[int],
    ) -> None:
        number = len(self._units) + 1
        prefix = f"units/{number:06}"
        written = [
            self._writer.write_lines(f"{prefix}/{table.name}.jsonl.zst", table.name, table.columns, rows)
            for table, rows in parts
        ]
        members = tuple(member for member in written if member is not None)
        files = tuple(self._write_file(table, path) for table, path in unit.paths)
        positions |= self._history.about(unit.entities)
        self._entities |= {(kind, entity) for kind, entities in unit.entities.items() for entity in entities}
        events = self._writer.write_lines(
            f"{prefix}/{EVENTS}.jsonl.zst", EVENTS, EVENT_COLUMNS, self._history.read(positions)
        )
        if members or events is not None:
            self._units.append(Unit(number=number, kind=kind, id=id, members=members, events=events, files=files))

    def _rows(self, table: TravellingTable, condition: str, params: Mapping[str, Any]) -> Iterator[Row]:
        names = ", ".join(map(quoted, table.columns))
        order = table.numbered or ", ".join(table.record.key)
        return self._snapshot.iterate(
            f"SELECT {names} FROM {table.name} WHERE {condition} ORDER BY {order}",
            {name: value for name, value in params.items() if f":{name}" in condition},
        )

    def _write_file(self, table: TravellingTable, path: str) -> NamedFile:
        file = table.record.travel.file
        source = None if file is None else open_named_file(self._folder / file.folder, path)
        if source is None:
            return NamedFile(table=table.name, path=path, name=None)
        with source:
            return NamedFile(table=table.name, path=path, name=self._writer.write_file(source))

    def _write_evidence(self, construct_ids: Collection[str] | None) -> tuple[Member, ...]:
        """Write what bears witness of the constructs and of all that belongs to them; None: of all there is."""
        found: list[Member | None] = []
        for table in self._evidence:
            travel = table.record.travel
            rows = self._rows(table, "TRUE", {})
            if construct_ids is not None:
                places = table.columns.index(travel.evidence_kind), table.columns.index(travel.evidence_of)
                rows = (row for row in rows if (row[places[0]], row[places[1]]) in self._entities)
            found.append(self._writer.write_lines(f"evidence/{table.name}.jsonl.zst", table.name, table.columns, rows))
        return tuple(member for member in found if member is not None)

    def _plugins(self) -> dict[str, int]:
        sql = "SELECT plugin, max(number) FROM schema_migrations GROUP BY plugin ORDER BY plugin"
        return dict(self._snapshot.rows(sql))

    def _described(self) -> dict[str, ExportedTable]:
        used = {member.table for unit in self._units for member in unit.members}
        return {
            table.name: ExportedTable(
                plugin=table.plugin, key=table.record.key, numbered=table.numbered, entity=table.entity
            )
            for table in self._tables.values()
            if table.name in used
        }


def _check_constructs(snapshot: Snapshot, construct_ids: Sequence[str] | None) -> list[str]:
    """The constructs to export, each once.

    Raises:
        NotFoundError: There is no such construct.
    """
    there = has_constructs(snapshot)
    if construct_ids is None:
        if not there:
            return []
        return [id for (id,) in snapshot.rows(f"SELECT id FROM {CONSTRUCTS} ORDER BY id")]
    ids = list(dict.fromkeys(construct_ids))
    for id in ids:
        if not there or snapshot.row(f"SELECT 1 FROM {CONSTRUCTS} WHERE id = :id", {"id": id}) is None:
            raise NotFoundError(f"There is no construct with the id {id!r}.", details={"field": "construct", "id": id})
    return ids


def export_to(
    snapshot: Snapshot,
    target: Path,
    construct_ids: Sequence[str] | None,
    expect: Callable[[int], None],
    advance: Callable[[int, str | None], None],
    is_stopped: Callable[[], None],
) -> Exported:
    """As `export`, to a file that is whole and on the disk under its name, or not there.

    Raises:
        StorageFullError, StorageReadOnlyError, StorageFailedError: The file cannot be written.
    """
    with durable_file(target) as file:
        exported = export(snapshot, file, construct_ids, expect, advance, is_stopped)
        crash_point("export.members_written")
    crash_point("export.named")
    return exported
