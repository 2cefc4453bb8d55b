"""`synthetic storage`: what takes the room of a store."""

from __future__ import annotations

from typing import Any

from synthetic.cli.invocation import DataOption, JsonOption
from synthetic.cli.output import emit, fields_of, in_bytes, show, table_of
from synthetic.cli.stores import open_store
from synthetic.errors import iso_from_ms
from synthetic.kernel_settings import StorageSettings
from synthetic.storage.report import StorageReport, measure_storage
from synthetic.storage.trees import TableSize, TreeSize


def storage(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show what takes the store's room: tables and indexes, files, and what is free.

    The sizes of large tables are estimates, marked with ~; all of them
    together are exact.
    """
    with open_store(data) as store:
        report = measure_storage(store, store.kernel.directory)
        settings = store.kernel.settings.storage
    if as_json:
        emit(_as_json(report, settings), as_json)
        return
    show(fields_of(_summary(report, settings)), "")
    rows = [
        (
            "kernel" if table.plugin is None else table.plugin,
            table.table,
            _size(table.own),
            _indexes(table),
        )
        for table in report.database.tables
    ]
    show(table_of(("plugin", "table", "size", "indexes"), rows, numbers=("size", "indexes")))
    if report.files.unreadable:
        show(f"\nNot counted, since it cannot be read: {', '.join(report.files.unreadable)}")
    if report.warning is not None:
        show(f"\nWarning: {report.warning}")


def _summary(report: StorageReport, settings: StorageSettings) -> dict[str, str]:
    files, database = report.files, report.database
    limits = [
        f"{name} {in_bytes(size)}"
        for name, size in (("warns at", settings.warn_bytes), ("limit", settings.limit_bytes))
        if size
    ]
    return {
        "Used": ", ".join([in_bytes(report.room.used_bytes), *limits]),
        "Database": f"{in_bytes(database.pages * database.page_bytes)},"
        f" {in_bytes(database.free_pages * database.page_bytes)} of it free",
        "Write-ahead log": in_bytes(files.wal_bytes),
        "Artifacts": in_bytes(files.artifact_bytes),
        "Archive": in_bytes(files.archive_bytes),
        "Backups": in_bytes(files.backup_bytes),
        "Quarantine": in_bytes(files.quarantine_bytes),
        "Free disk": in_bytes(files.free_disk_bytes),
    }


def _size(size: TreeSize) -> str:
    return f"{'~' if size.is_estimate else ''}{in_bytes(size.size_bytes)}"


def _indexes(table: TableSize) -> str | None:
    if not table.indexes:
        return None
    is_estimate = any(each.is_estimate for each in table.indexes)
    return f"{'~' if is_estimate else ''}{in_bytes(table.size_bytes - table.own.size_bytes)}"


def _as_json(report: StorageReport, settings: StorageSettings) -> dict[str, Any]:
    """The report for machines, with the names that GraphQL has for it."""
    files, database = report.files, report.database
    return {
        "measuredAt": iso_from_ms(report.measured_at),
        "usedBytes": report.room.used_bytes,
        "warnBytes": settings.warn_bytes or None,
        "limitBytes": settings.limit_bytes or None,
        "warning": report.warning,
        "databaseBytes": database.pages * database.page_bytes,
        "freePageBytes": database.free_pages * database.page_bytes,
        "walBytes": files.wal_bytes,
        "artifactBytes": files.artifact_bytes,
        "archiveBytes": files.archive_bytes,
        "backupBytes": files.backup_bytes,
        "quarantineBytes": files.quarantine_bytes,
        "freeDiskBytes": files.free_disk_bytes,
        "unreadable": list(files.unreadable),
        "tables": [
            {
                "table": table.table,
                "plugin": table.plugin,
                "bytes": table.own.size_bytes,
                "indexBytes": table.size_bytes - table.own.size_bytes,
                "isEstimate": table.own.is_estimate,
                "indexes": [
                    {"name": each.name, "bytes": each.size_bytes, "isEstimate": each.is_estimate}
                    for each in table.indexes
                ],
            }
            for table in database.tables
        ],
    }
