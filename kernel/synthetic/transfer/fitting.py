"""Whether an export fits into a store: asked before anything is written."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthetic.database.deletion import CONSTRUCTS
from synthetic.database.snapshot import Snapshot
from synthetic.errors import ConflictError, StorageFullError
from synthetic.transfer.archive_reading import ExportFile, refused
from synthetic.transfer.errors import ExportTooNewError
from synthetic.transfer.files_in_folders import steps_of
from synthetic.transfer.manifest import EVENT_COLUMNS, EVENTS, KERNEL, MANIFEST_NAME, Manifest, Unit
from synthetic.transfer.travelling import TravellingTable, list_travelling
from synthetic.validation import bad_input

NAMED_MAX = 50
"""So many plugins are named at most."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


class PluginLackingError(ConflictError):
    """The export holds rows of a plugin that this store does not have."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How an export goes into a store.

    Attributes:
        tables: Those that travel, here, those first that others point at.
        left_out: Tables of the export whose plugins are left out.
    """

    tables: Mapping[str, TravellingTable]
    left_out: frozenset[str]


def find_fit(snapshot: Snapshot, manifest: Manifest, without: Collection[str]) -> Fit:
    """How an export goes into this store.

    Args:
        snapshot: Of the store.
        manifest: Of the export.
        without: Plugins whose rows are to be left out.

    Raises:
        BadUserInputError: A plugin that is to be left out is none of those that the export was made with.
        ExportRefusedError: The manifest contradicts itself.
        ExportTooNewError: A plugin's tables were further than here.
        PluginLackingError: The store has not the tables of a plugin.
    """
    _check_shape(manifest)
    plugins = {*manifest.plugins, *(table.plugin for table in manifest.tables.values())} - {KERNEL}
    if unknown := sorted(set(without) - plugins):
        raise bad_input(
            "without",
            f"names {unknown[0]!r}, and the export was made without a plugin of this name",
            action=f"Name one of those that it was made with: {', '.join(sorted(plugins)[:NAMED_MAX])}.",
        )
    tables = list_travelling(snapshot)
    here: dict[str, int] = dict(snapshot.rows("SELECT plugin, max(number) FROM schema_migrations GROUP BY plugin"))
    used = {member.table for unit in manifest.units for member in unit.members}
    left_out = frozenset(name for name in used if manifest.tables[name].plugin in without)
    for name in sorted(used - left_out):
        plugin = manifest.tables[name].plugin
        if name not in tables or tables[name].plugin != plugin:
            raise PluginLackingError(
                f"The export holds rows of {name}, a table of the plugin {plugin}, which this store does not have.",
                action=f"Install {plugin} and run `synthetic migrate`, or leave its rows out: --without {plugin}.",
                details={"plugin": plugin, "table": name},
            )
        if manifest.plugins.get(plugin, 0) > here.get(plugin, 0):
            raise ExportTooNewError(
                f"The export was made with a newer version of the plugin {plugin}.",
                details={"plugin": plugin, "migration": manifest.plugins[plugin], "here": here.get(plugin, 0)},
            )
    for unit in manifest.units:
        _check_files(unit, tables, left_out)
    return Fit(tables, left_out)


def check_room(export: ExportFile, root: Path) -> None:
    """Refuse an export for which the disk has no room.

    Raises:
        StorageFullError: It has not.
    """
    manifest = export.manifest
    sizes: Sequence[int] = [each.size_bytes for each in manifest.files]
    needed = sum(sizes) + sum(member.unpacked_bytes for member in manifest.lines())
    free = shutil.disk_usage(root).free
    if needed > free:
        raise StorageFullError(
            f"The export unpacks to {needed:,} bytes, and the disk of the store has {free:,} left.",
            details={"neededBytes": needed, "freeBytes": free},
        )


def _check_files(unit: Unit, tables: Mapping[str, TravellingTable], left_out: Collection[str]) -> None:
    """Refuse files that no table has here, and paths that lead elsewhere.

    Raises:
        ExportRefusedError: There is one.
    """
    for named in unit.files:
        if named.table in left_out:
            continue
        has_files = named.table in tables and tables[named.table].record.travel.file is not None
        if not has_files or steps_of(named.path) is None:
            raise refused(MANIFEST_NAME, f"unit {unit.number} names a file where none may be")


def _check_shape(manifest: Manifest) -> None:
    """Refuse a manifest that no export has.

    Raises:
        ExportRefusedError: It is one.
    """
    for place, unit in enumerate(manifest.units, 1):
        if unit.number != place or (unit.kind == "CONSTRUCT") != (unit.id is not None):
            raise refused(MANIFEST_NAME, f"unit {place} contradicts itself")
        for member in (*unit.members, *((unit.events,) if unit.events is not None else ())):
            if member.name != f"units/{place:06}/{member.table}.jsonl.zst" or len(set(member.columns)) != len(
                member.columns
            ):
                raise refused(member.name, "it is not where its unit has it, or names a column twice")
        if unit.events is not None and (
            unit.events.table != EVENTS or not set(EVENT_COLUMNS) <= set(unit.events.columns)
        ):
            raise refused(unit.events.name, "events lack columns, or are called otherwise")
        _check_unit(manifest, unit)
    for member in manifest.evidence:
        if member.table == EVENTS or member.name != f"evidence/{member.table}.jsonl.zst":
            raise refused(member.name, "it bears no witness, or is not where it should be")
    if len(set(manifest.files)) != len(manifest.files):
        raise refused(MANIFEST_NAME, "a file is named twice")


def _check_unit(manifest: Manifest, unit: Unit) -> None:
    names = {file.name for file in manifest.files}
    for member in unit.members:
        described = manifest.tables.get(member.table)
        if described is None or _NAME.fullmatch(member.table) is None or member.table == EVENTS:
            raise refused(member.name, "its table is not described, or is that of the events")
        if not described.key or not set(described.key) <= set(member.columns):
            raise refused(member.name, "it lacks its key")
    if any(file.name is not None and file.name not in names for file in unit.files):
        raise refused(MANIFEST_NAME, f"unit {unit.number} names a file that is not there")
    roots = [member.rows for member in unit.members if member.table == CONSTRUCTS]
    if roots != ([1] if unit.kind == "CONSTRUCT" else []):
        raise refused(MANIFEST_NAME, f"unit {unit.number} does not hold one construct")
