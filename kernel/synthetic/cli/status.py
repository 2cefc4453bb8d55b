"""`synthetic status`: what a store holds and how it is set up, without changing it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import apsw
import typer

from synthetic.backups.folder import BackupFolder
from synthetic.backups.notes import Proven, find_proven
from synthetic.backups.places import folder_of
from synthetic.before_opening import pending_migrations
from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.modules import Modules, find_modules, modules_table, watch_modules
from synthetic.cli.output import emit, fields_of, in_bytes, show, table_of
from synthetic.cli.progress import progress
from synthetic.cli.retention import suspension_as_json, suspension_in_words
from synthetic.cli.stores import looking_into
from synthetic.cli.table_sizes import TableSize, measure_tables
from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.database.migrations import Migration
from synthetic.errors import MigrationPendingError, StorageFailedError, SyntheticError, iso_from_ms
from synthetic.kernel_settings import DatabaseSettings
from synthetic.log.sync.answer import answer_as_json
from synthetic.log.sync.spans import span_in_words
from synthetic.plugins.discovery import kernel_version
from synthetic.registry import Registry, load_registry
from synthetic.retention.clock_check import Suspension, find_suspension
from synthetic.settling import settle
from synthetic.storage.files import file_bytes


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows."""

    directory: DataDirectory
    registry: Registry | None
    failure: SyntheticError | None
    pending: tuple[Migration, ...]
    tables: tuple[TableSize, ...]
    modules: Modules | None
    suspension: Suspension | None
    proven: Proven | None


def status(
    data: DataOption = None,
    as_json: JsonOption = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not count rows and bytes, which reads the whole file.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show how the modules fare, and go on doing so until Ctrl-C.")
    ] = False,
) -> None:
    """Show the store: where it is, how large, what is in it, how its modules fare, which settings were changed."""
    data_dir = data_directory(data, os.environ)
    directory = DataDirectory(data_dir)
    directory.require_store()
    if watch:
        _watch(directory, load_registry(data_dir, overrides=current_overrides()), as_json=as_json)
        return
    registry, failure = _load(data_dir)
    registry = None if registry is None else settle(data_dir, registry)
    pending = () if registry is None else pending_migrations(data_dir, registry)
    settings = DatabaseSettings() if registry is None else registry.kernel_settings.database
    with progress("Counting", as_json), looking_into(directory, settings, registry) as snapshot:
        tables = measure_tables(snapshot, quick=quick)
        modules = None if registry is None else find_modules(snapshot)
        suspension = find_suspension(snapshot) if tables else None
        proven = find_proven(snapshot) if tables else None
    report = Report(directory, registry, failure, pending, tables, modules, suspension, proven)
    if failure is None and as_json:
        emit(_as_json(report), as_json)
    elif not as_json:
        _show(report)
    if failure is not None:
        raise failure


def _load(data_dir: Path) -> tuple[Registry | None, SyntheticError | None]:
    """The plugins, or why there are none: the store can be looked at without them."""
    try:
        return load_registry(data_dir, overrides=current_overrides()), None
    except SyntheticError as error:
        return None, error


def _watch(directory: DataDirectory, registry: Registry, *, as_json: bool) -> None:
    with looking_into(directory, registry.kernel_settings.database, registry) as snapshot:
        if find_modules(snapshot) is None:
            raise MigrationPendingError
    watch_modules(directory, registry, as_json=as_json)


def _states(report: Report) -> dict[str, str]:
    """Each plugin that is loaded, left out or disabled, or that has tables in the store, and what became of it."""
    states = {"kernel": "loaded"}
    if report.registry is not None:
        states |= {plugin.name: "loaded" for plugin in report.registry.plugins}
        states |= {plugin.name: "left out" for plugin in report.registry.left_out}
        states |= dict.fromkeys(report.registry.disabled, "disabled")
    absent = "absent" if report.registry is not None else "not known"
    return states | {table.plugin: absent for table in report.tables if table.plugin not in states}


def _files(directory: DataDirectory, registry: Registry | None) -> dict[str, Any]:
    """Sizes in bytes; only the file system is asked, since opening the database file here would drop its locks.

    Of backups whose folder cannot be listed now, nothing is known (None).
    """
    log = directory.database.with_name(directory.database.name + "-wal")
    folder = BackupFolder(directory.backups) if registry is None else folder_of(directory, registry.kernel_settings)
    backups, backup_bytes = None, None
    with contextlib.suppress(StorageFailedError):
        backups = len(folder.list_backups()[0])
        backup_bytes = sum(file_bytes(path) for path in folder.path.rglob("*") if path.is_file())
    return {
        "databaseBytes": directory.database.stat().st_size,
        "walBytes": log.stat().st_size if log.exists() else 0,
        "backups": backups,
        "backupBytes": backup_bytes,
        "freeBytes": shutil.disk_usage(directory.path).free,
    }


def _changed_settings(report: Report) -> list[dict[str, Any]]:
    if report.registry is None:
        return []
    return [
        {
            "name": value.name,
            "value": value.shown_value,
            "default": value.shown_default,
            "layer": value.source.layer,
            "where": value.source.where,
        }
        for value in report.registry.setting_values
        if value.source.layer != "default" and value.value != value.default
    ]


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "dataDirectory": str(report.directory.path),
        "version": kernel_version(),
        "sqliteVersion": apsw.sqlite_lib_version(),
        **_files(report.directory, report.registry),
        "lastProvenBackup": None if report.proven is None else _proven_as_json(report.proven),
        "pendingMigrations": [str(migration) for migration in report.pending],
        "plugins": [
            {
                "name": name,
                "state": state,
                "tables": [
                    {"name": table.name, "rows": table.rows, "bytes": table.size_bytes}
                    for table in report.tables
                    if table.plugin == name
                ],
            }
            for name, state in _states(report).items()
        ],
        **_sync_as_json(report),
        "retentionSuspended": suspension_as_json(report.suspension),
        "settings": _changed_settings(report),
        "problems": report.directory.problems(),
    }


def _sync_as_json(report: Report) -> dict[str, Any]:
    return {"position": None, "modules": None} if report.modules is None else answer_as_json(*report.modules)


def _show(report: Report) -> None:
    files = _files(report.directory, report.registry)
    show(fields_of(_summary(report, files)), "")
    rows = [
        (name if index == 0 else "", state if index == 0 else "", table.name, table.rows, _size(table))
        for name, state in _states(report).items()
        for index, table in enumerate(
            [each for each in report.tables if each.plugin == name] or [TableSize(name, "-", None, None)]
        )
    ]
    show(table_of(("plugin", "state", "table", "rows", "size"), rows, numbers=("rows", "size")))
    if report.modules is not None and report.modules[1]:
        show("", modules_table(report.modules[1]))
    changed = _changed_settings(report)
    if changed:
        settings = [(each["name"], str(each["value"]), str(each["default"]), each["where"]) for each in changed]
        show("", table_of(("setting", "value", "default", "set by"), settings))
    for problem in report.directory.problems():
        show(f"\nWarning: {problem}")
    if report.suspension is not None:
        show(f"\nWarning: Retention is {suspension_in_words(report.suspension)}")
    for plugin in () if report.registry is None else report.registry.left_out:
        show(f"\n{plugin.name} is left out: {plugin.reason}\n  {plugin.action}")


def _size(table: TableSize) -> str | None:
    return None if table.size_bytes is None else in_bytes(table.size_bytes)


def _proven_as_json(proven: Proven) -> dict[str, Any]:
    return {
        "id": proven.id,
        "takenAt": iso_from_ms(proven.taken_at),
        "provenAt": iso_from_ms(proven.proven_at),
        "ageMs": _age_ms(proven),
    }


def _age_ms(proven: Proven) -> int:
    return max(0, SystemClock().now_ms() - proven.taken_at)


def _summary(report: Report, files: Mapping[str, Any]) -> dict[str, str]:
    count, count_bytes = files["backups"], files["backupBytes"]
    if count is None:
        backups = "not known, since their folder cannot be listed"
    else:
        backups = f"{count}, {in_bytes(count_bytes)}" if count else "none"
    if report.registry is None:
        migrations = "not known, since the plugins cannot be loaded"
    elif report.pending:
        migrations = f"{len(report.pending)} pending ({', '.join(map(str, report.pending))}); run `synthetic migrate`"
    else:
        migrations = "up to date"
    return {
        "Data directory": str(report.directory.path),
        "Version": f"{kernel_version()}, SQLite {apsw.sqlite_lib_version()}",
        "Database": f"{in_bytes(files['databaseBytes'])}, and {in_bytes(files['walBytes'])} of log",
        "Backups": backups,
        "Last proven": "never" if report.proven is None else f"{span_in_words(_age_ms(report.proven))} ago",
        "Free disk": in_bytes(files["freeBytes"]),
        "Migrations": migrations,
    }
