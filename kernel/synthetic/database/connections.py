"""Opening connections: each setting is one small function with its reason.

Two roles exist. The writer is the one connection of a process that changes the
store; readers are opened read-only, so that no mistake in a query can write.
Nothing else in the process may open the database file, not even to read it:
closing any descriptor of it drops SQLite's POSIX locks.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from synthetic.errors import SqliteUnsupportedError
from synthetic.kernel_settings import DatabaseSettings

APPLICATION_ID = 0x53594E31
"""`SYN1`, in the header of every store (https://sqlite.org/pragma.html#pragma_application_id)."""

SQLITE_MINIMUM = (3, 51, 3)
"""First release without the WAL-reset bug (https://sqlite.org/wal.html#walresetbug)."""

STATEMENTS_CACHED = 256
AUTO_VACUUM_INCREMENTAL = 2
JOURNAL_BYTES_KEPT = 67_108_864
CHECKPOINT_PAGES = 4_096
"""A commit that leaves more pages than this in the log copies them itself, where no server's checkpointer does."""


def check_sqlite_version() -> None:
    """Refuse a SQLite that can corrupt a store.

    Raises:
        SqliteUnsupportedError: The library is older than `SQLITE_MINIMUM`.
    """
    found = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if found < SQLITE_MINIMUM:
        wanted = ".".join(map(str, SQLITE_MINIMUM))
        raise SqliteUnsupportedError(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt a store that several processes share; "
            f"{wanted} or newer is needed."
        )


def open_writer(path: Path, settings: DatabaseSettings) -> apsw.Connection:
    """The connection that writes; makes the file if it is not there.

    Raises:
        apsw.Error: The file cannot be opened, or is not a database.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(str(path), flags=flags, statementcachesize=STATEMENTS_CACHED)
    try:
        wait_for_locks(connection, settings)
        harden(connection)
        give_pages_back(connection)
        use_write_ahead_log(connection)
        leave_checkpoints_to_others(connection)
        survive_power_cuts(connection, settings)
        read_without_mapping(connection)
        cache_pages(connection, settings)
        keep_plans(connection)
        enforce_keys(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_checkpointer(path: Path, settings: DatabaseSettings) -> apsw.Connection:
    """A connection that only copies the log into the database: it runs no statement, and never waits for a lock.

    Raises:
        apsw.Error: The file cannot be opened, or is not a database.
    """
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        harden(connection)
        survive_power_cuts(connection, settings)
        read_without_mapping(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path, settings: DatabaseSettings, files: str | None = None) -> apsw.Connection:
    """A connection that cannot write, for one thread at a time.

    SQLite keeps no lock for it, which would be taken several times for each
    value that is read: of what a page of rows costs, that was a quarter. Nor
    does the driver notice two threads on it then, so a snapshot looks whose it is.

    Args:
        path: The database.
        settings: Of the database.
        files: Name of the layer of files (VFS) to use; None: the system's.

    Raises:
        apsw.Error: The file cannot be opened, or is not a database.
    """
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_NOMUTEX
    connection = apsw.Connection(str(path), flags=flags, vfs=files, statementcachesize=STATEMENTS_CACHED)
    try:
        wait_for_locks(connection, settings)
        harden(connection)
        read_without_mapping(connection)
        cache_pages(connection, settings)
        refuse_writes(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_inspector(path: Path, settings: DatabaseSettings) -> apsw.Connection:
    """A connection that changes nothing, and before which SQLite checks all that it can.

    SQLite forgets the CHECK constraints of a file that is opened read-only, so
    this one is not: statements that write are refused all the same, and the
    log of a store that nobody else has open is left as it is.

    Raises:
        apsw.Error: The file cannot be opened, or is not a database.
    """
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=STATEMENTS_CACHED)
    try:
        leave_the_log(connection)
        wait_for_locks(connection, settings)
        harden(connection)
        read_without_mapping(connection)
        cache_pages(connection, settings)
        refuse_writes(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_scratch() -> apsw.Connection:
    """A database of its own, in memory while it is small and then in a temporary file; it goes with the connection.

    For what is made beside a store and looked at, and never kept: so it keeps
    no journal and waits for no disk.
    """
    connection = apsw.Connection("")
    connection.pragma("journal_mode", "OFF")
    connection.pragma("synchronous", "OFF")
    return connection


def open_copy(path: Path) -> apsw.Connection:
    """A connection to an empty file that is filled and then closed: it keeps no journal and waits for no disk.

    What a crash leaves of it is thrown away.

    Raises:
        apsw.Error: The file cannot be opened.
    """
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.pragma("journal_mode", "OFF")
    connection.pragma("synchronous", "OFF")
    return connection


def open_loader(path: Path) -> apsw.Connection:
    """A connection that fills a store which nobody has open, without waiting for the disk.

    Keys are not followed and triggers do not fire: rows come in any order, and with all that triggers once made of
    them. What a crash leaves is thrown away.

    Raises:
        apsw.Error: The file cannot be opened.
    """
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=STATEMENTS_CACHED)
    connection.pragma("foreign_keys", 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.pragma("synchronous", "OFF")
    read_without_mapping(connection)
    return connection


def leave_the_log(connection: apsw.Connection) -> None:
    """The last one to close a database writes its log back to it, which may be what a damaged one is mended from."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)


def wait_for_locks(connection: apsw.Connection, settings: DatabaseSettings) -> None:
    """Another process may hold the write lock for a moment: wait rather than fail."""
    connection.set_busy_timeout(settings.busy_timeout_ms)


def harden(connection: apsw.Connection) -> None:
    """The schema of a store that came from elsewhere may be hostile, and "x" is no string.

    `TRUSTED_SCHEMA` off keeps views and triggers from calling unsafe
    functions; `DEFENSIVE` keeps SQL from writing to shadow tables and the
    schema; double-quoted strings hide misspelt columns.
    """
    for option, value in (
        (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
        (apsw.SQLITE_DBCONFIG_DQS_DML, 0),
        (apsw.SQLITE_DBCONFIG_DQS_DDL, 0),
    ):
        connection.config(option, value)


def give_pages_back(connection: apsw.Connection) -> None:
    """What retention deletes must shrink the file; this can only be chosen before the first page.

    Asked first, since setting it writes, and so would need the lock at every start.
    """
    if connection.pragma("auto_vacuum") != AUTO_VACUUM_INCREMENTAL:
        connection.pragma("auto_vacuum", "INCREMENTAL")


def use_write_ahead_log(connection: apsw.Connection) -> None:
    """Readers and the writer do not wait for each other.

    The mode is stored in the file; asking first keeps a second process from
    needing an exclusive lock.
    """
    if connection.pragma("journal_mode") != "wal":
        connection.pragma("journal_mode", "WAL")
    connection.pragma("journal_size_limit", JOURNAL_BYTES_KEPT)


def leave_checkpoints_to_others(connection: apsw.Connection) -> None:
    """A commit should not pay for copying the log: the checkpointer does, from a part of `storage.wal_bytes` on.

    By default that is a quarter of the size from which a commit would. Where
    `storage.wal_bytes` is set to several times the default, commits copy
    before the checkpointer does. Commands have no checkpointer beside them, and
    so pay now and then.
    """
    connection.wal_autocheckpoint(CHECKPOINT_PAGES)


def survive_power_cuts(connection: apsw.Connection, settings: DatabaseSettings) -> None:
    """With FULL every commit is on the disk before it is answered."""
    connection.pragma("synchronous", settings.synchronous)


def read_without_mapping(connection: apsw.Connection) -> None:
    """An I/O error on a mapped page is a signal that ends the process, not an error."""
    connection.pragma("mmap_size", 0)


def cache_pages(connection: apsw.Connection, settings: DatabaseSettings) -> None:
    """Bounded by bytes, whatever the page size; temporary tables stay in memory."""
    connection.pragma("cache_size", -(settings.cache_bytes // 1024))
    connection.pragma("temp_store", "MEMORY")


def keep_plans(connection: apsw.Connection) -> None:
    """What the writer runs is planned once, and not anew for each value that is bound to it.

    SQLite with STAT4, which apsw brings, looks at the values where an index
    might suit some of them better, and throws the compiled statement away when
    they change: of what a deletion costs, with its long statements, that was
    five parts in six. Lists are another matter: for those, readers look at the
    values.
    """
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


def enforce_keys(connection: apsw.Connection) -> None:
    """SQLite checks foreign keys only where it is told to."""
    connection.pragma("foreign_keys", 1)


def refuse_writes(connection: apsw.Connection) -> None:
    """A second lock on the door: the file is opened read-only as well."""
    connection.pragma("query_only", 1)
