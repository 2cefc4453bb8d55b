"""The store's room over GraphQL: `storage`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Self

import strawberry

from synthetic.database.snapshot import Snapshot
from synthetic.graphql.fields import query
from synthetic.graphql.scalars import DateTime, Long
from synthetic.kernel_settings import StorageSettings
from synthetic.storage.report import StorageReport, StorageReports
from synthetic.storage.trees import TableSize, TreeSize


@strawberry.type(description="An index, and how large it is.")
class StorageIndex:
    """An index of a `StorageTable`."""

    name: str = strawberry.field(description="Its name.")
    bytes: Long = strawberry.field(description="How large it is.")
    is_estimate: bool = strawberry.field(description="Whether that is an estimate, since it is large.")

    @classmethod
    def of(cls, size: TreeSize) -> Self:
        """The object of an index."""
        return cls(name=size.name, bytes=Long(size.size_bytes), is_estimate=size.is_estimate)


@strawberry.type(description="A table, and how large it is.")
class StorageTable:
    """A table of `Storage`."""

    table: str = strawberry.field(description="Its name.")
    plugin: str | None = strawberry.field(description="The plugin that owns it; null for SQLite's own tables.")
    bytes: Long = strawberry.field(description="How large it is without its indexes.")
    index_bytes: Long = strawberry.field(description="How large its indexes are together.")
    is_estimate: bool = strawberry.field(description="Whether `bytes` is an estimate, since the table is large.")
    indexes: list[StorageIndex] = strawberry.field(description="Its indexes, by name.")

    @classmethod
    def of(cls, size: TableSize) -> Self:
        """The object of a table."""
        return cls(
            table=size.table,
            plugin=size.plugin,
            bytes=Long(size.own.size_bytes),
            index_bytes=Long(size.size_bytes - size.own.size_bytes),
            is_estimate=size.own.is_estimate,
            indexes=[StorageIndex.of(each) for each in size.indexes],
        )


@strawberry.type(description="What takes the room of the store.")
class Storage:
    """Answer of `storage`."""

    measured_at: DateTime = strawberry.field(description="When it was measured: about ten seconds ago at most.")
    used_bytes: Long = strawberry.field(
        description="What counts against the limit: all but free pages of the database and free disk."
    )
    warn_bytes: Long | None = strawberry.field(description="From here on the module `storage` is STALE; null: never.")
    limit_bytes: Long | None = strawberry.field(description="From here on writes are refused; null: no limit.")
    warning: str | None = strawberry.field(description="What is short, as a sentence; null: there is room enough.")
    database_bytes: Long = strawberry.field(description="The database file, its free pages included.")
    free_page_bytes: Long = strawberry.field(description="Pages of the database that hold nothing.")
    wal_bytes: Long = strawberry.field(description="The database's write-ahead log.")
    artifact_bytes: Long = strawberry.field(description="The files of artifacts.")
    archive_bytes: Long = strawberry.field(description="The archive of the log of events.")
    backup_bytes: Long = strawberry.field(description="Backups in the data directory.")
    quarantine_bytes: Long = strawberry.field(description="What was set aside as damaged.")
    free_disk_bytes: Long = strawberry.field(description="Free on the disk of the data directory.")
    unreadable: list[str] = strawberry.field(
        description="Folders and files in the data directory that could not be read, and so do not count."
    )
    tables: list[StorageTable] = strawberry.field(description="What the tables take, the largest first.")

    @classmethod
    def of(cls, report: StorageReport, settings: StorageSettings) -> Self:
        """The object of a report."""
        files, database = report.files, report.database
        return cls(
            measured_at=DateTime(report.measured_at),
            used_bytes=Long(report.room.used_bytes),
            warn_bytes=Long(settings.warn_bytes) if settings.warn_bytes else None,
            limit_bytes=Long(settings.limit_bytes) if settings.limit_bytes else None,
            warning=report.warning,
            database_bytes=Long(database.pages * database.page_bytes),
            free_page_bytes=Long(database.free_pages * database.page_bytes),
            wal_bytes=Long(files.wal_bytes),
            artifact_bytes=Long(files.artifact_bytes),
            archive_bytes=Long(files.archive_bytes),
            backup_bytes=Long(files.backup_bytes),
            quarantine_bytes=Long(files.quarantine_bytes),
            free_disk_bytes=Long(files.free_disk_bytes),
            unreadable=list(files.unreadable),
            tables=[StorageTable.of(each) for each in database.tables],
        )


@query
def storage(snapshot: Snapshot) -> Storage:
    """What takes the store's room: by table and index, in files, and what is free."""
    return Storage.of(snapshot.resource(StorageReports).read(snapshot), snapshot.settings(StorageSettings))
