"""Copying the database while others write to it.

SQLite's backup API starts over whenever another connection commits, unless the
connection that it reads from is in a read transaction: then it copies what that
transaction sees, in steps, and keeps no writer waiting. What does grow
meanwhile is the write-ahead log, which cannot be cut off before the transaction
ends; so the copy goes to a plain file first, as fast as the disk takes it, and
is cut up and compressed afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from synthetic.data_directory import DataDirectory
from synthetic.database.connections import open_copy, open_reader
from synthetic.database.failures import FULL_RETRY_MS, translate
from synthetic.durable_files import FILE_MODE, translate_system_error
from synthetic.errors import OverloadedError, StorageFullError
from synthetic.kernel_settings import DatabaseSettings
from synthetic.log.positions import EPOCH, HEAD
from synthetic.storage.files import file_bytes

STEP_PAGES = 2_048
"""8 MiB with the usual pages: between two steps it is looked whether to go on."""

RETRY_MS = 60_000


class CopiedDatabase(NamedTuple):
    """A copy of the database, and what it is of.

    Attributes:
        position: The place in the log, as clients see it; "" where the store has no log yet.
        migrations: The last migration of each plugin.
        size_bytes: Of the copy.
    """

    position: str
    migrations: dict[str, int]
    size_bytes: int


def copy_database(
    directory: DataDirectory, settings: DatabaseSettings, target: Path, wal_bytes: int, go_on: Callable[[], None]
) -> CopiedDatabase:
    """Copy the database of one moment into a file that only its owner can read.

    Args:
        directory: Of the store.
        settings: For the connection.
        target: Is made; nothing may be there.
        wal_bytes: The write-ahead log may grow by so much meanwhile.
        go_on: Called between two steps; raises where the work should stop.

    Raises:
        OverloadedError: The log has grown by more.
        StorageFullError: There is no room for the copy.
        SyntheticError: The store cannot be read, or the copy not be written.
    """
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    except OSError as error:
        raise translate_system_error(error, f"The copy {target}") from error
    source = copy = None
    try:
        source = open_reader(directory.database, settings)
        copy = open_copy(target)
        source.execute("BEGIN")
        described = describe(source.execute)
        _copy(source, copy, target, _log_bound(directory, wal_bytes, go_on))
        return CopiedDatabase(*described, target.stat().st_size)
    except apsw.Error as error:
        errno = max(each.system_errno for each in (source, copy) if each is not None) if source is not None else 0
        translated = translate(error, errno)
        if isinstance(translated, StorageFullError):
            raise StorageFullError("There is no room for the backup.", retry_after_ms=FULL_RETRY_MS) from error
        raise translated from error
    finally:
        for connection in (copy, source):
            if connection is not None:
                connection.close()


def _log_bound(directory: DataDirectory, wal_bytes: int, go_on: Callable[[], None]) -> Callable[[], None]:
    most = file_bytes(directory.log) + wal_bytes

    def look() -> None:
        go_on()
        if file_bytes(directory.log) > most:
            raise OverloadedError(
                f"The write-ahead log has grown by more than {wal_bytes:,} bytes while the database was copied.",
                action="Back up when less is written, to a faster disk, or raise `kernel.backups.wal_bytes`.",
                retry_after_ms=RETRY_MS,
            )

    return look


def describe(execute: Callable[[str], Iterable[tuple[Any, ...]]]) -> tuple[str, dict[str, int]]:
    """Position and last migrations of a database; a store of an older version may have no log.

    Args:
        execute: Runs a statement in a transaction, and gives its rows.
    """
    tables = {name for (name,) in execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    position = ""
    if {"meta", "domain_events"} <= tables:
        ((epoch, head),) = execute(f"SELECT {EPOCH}, {HEAD}")
        position = f"{epoch}:{head}"
    migrations: dict[str, int] = {}
    if "schema_migrations" in tables:
        ledger = execute("SELECT plugin, max(number) FROM schema_migrations GROUP BY plugin")
        migrations = {str(plugin): int(str(number)) for plugin, number in ledger}
    return position, migrations


def _copy(source: apsw.Connection, copy: apsw.Connection, target: Path, look: Callable[[], None]) -> None:
    descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with copy.backup("main", source, "main") as steps:
            while not steps.done:
                look()
                steps.step(STEP_PAGES)
                # What the system holds back would otherwise be written in one flood, in which commits would wait.
                os.fdatasync(descriptor)
    finally:
        # Drops the locks of this process on the copy, which nobody else opens.
        os.close(descriptor)
