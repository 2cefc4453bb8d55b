"""The connection that writes, and the only statements that begin, end or nest its transactions.

The text of each such statement holds a secret, so that no plugin's SQL can
find it prepared in the statement cache; any other text that would end a
transaction, open another file or change a setting is refused when it is
prepared.
"""

from __future__ import annotations

import ctypes
import secrets

import apsw

from synthetic.database.patience import Patience
from synthetic.errors import StorageFailedError
from synthetic.faults import crash_point

TRANSACTION_CONTROL = (apsw.SQLITE_TRANSACTION, apsw.SQLITE_SAVEPOINT)
OTHER_FILES = (apsw.SQLITE_ATTACH, apsw.SQLITE_DETACH)
PRAGMAS_ALLOWED = (
    "data_version",
    "table_info",
    "table_xinfo",
    "index_list",
    "index_info",
    "foreign_key_list",
    "page_count",
    "freelist_count",
)


class WritingConnection:
    """SQLite's side of the writer.

    Attributes:
        raw: The connection itself.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self.raw = connection
        secret = f"kernel_{secrets.token_hex(16)}"
        self._begin = f"BEGIN IMMEDIATE /* {secret} */"
        self._commit = f"COMMIT /* {secret} */"
        self._rollback = f"ROLLBACK /* {secret} */"
        self._savepoint = f"SAVEPOINT {secret}"
        self._release = f"RELEASE {secret}"
        self._rollback_to = f"ROLLBACK TO {secret}"
        self._controlling = False
        self._moved = ctypes.c_int()
        connection.authorizer = self._authorize

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open; SQLite may have ended it by itself."""
        return self.raw.in_transaction

    @property
    def system_errno(self) -> int:
        """The operating system's last error on the connection."""
        return self.raw.system_errno

    def begin(self, busy_timeout_ms: int) -> None:
        """Take the write lock.

        Raises:
            apsw.BusyError: It was not to be had in that time.
            StorageFailedError: The file that is open is not the store's any more.
        """
        self.raw.set_busy_handler(Patience(busy_timeout_ms))
        self._control(self._begin)
        self.require_file()

    def require_file(self) -> None:
        """Refuse to write to a file that nobody will find again.

        SQLite asks this of its rollback journals alone: with a write-ahead log, writes would be acknowledged and be
        gone with this process.

        Raises:
            StorageFailedError: Its name is that of another file, or of none.
        """
        self.raw.file_control("main", apsw.SQLITE_FCNTL_HAS_MOVED, ctypes.addressof(self._moved))
        if self._moved.value:
            self.roll_back()
            raise StorageFailedError(
                "The database file was moved, removed or replaced while this process had it open.",
                action="Restart this process. Exchange a store with `synthetic restore` alone.",
            )

    def data_version(self) -> int:
        """Changes with the commits of other connections.

        Unlike `apsw.Connection.data_version`, which changes with this
        connection's own as well.
        """
        return self.raw.execute("PRAGMA data_version").get

    def commit(self) -> None:
        """Make the transaction durable.

        Raises:
            apsw.Error: It is not; `roll_back` ends it.
            StorageFailedError: It would be in a file that is not the store's any more.
        """
        # Once more: writes may have joined the transaction that were asked for after the file was exchanged.
        self.require_file()
        self._control(self._commit)
        crash_point("transaction.committed")

    def roll_back(self) -> None:
        """End the transaction, if there is one."""
        if self.raw.in_transaction:
            self._control(self._rollback)

    def open_savepoint(self) -> None:
        """Begin what can be undone alone."""
        self._control(self._savepoint)

    def release_savepoint(self) -> None:
        """Keep what was done since it was opened, as part of the transaction."""
        self._control(self._release)

    def undo_savepoint(self) -> None:
        """Undo what was done since it was opened; where that fails, the whole transaction."""
        try:
            if self.raw.in_transaction:
                self._control(self._rollback_to)
                self._control(self._release)
        except apsw.Error:
            self.roll_back()

    def used_pages(self) -> int:
        """Pages of the database that hold something, as this connection sees it now."""
        return self.raw.execute("PRAGMA page_count").get - self.raw.execute("PRAGMA freelist_count").get

    def find_fact(self, key: str) -> str | None:
        """What `meta` holds under a key, or None."""
        return self.raw.execute("SELECT value FROM meta WHERE key = ?", (key,)).get

    def empty_log(self, wait_ms: int) -> bool:
        """Copy the rest of the log into the database, and cut its file off; outside a transaction.

        Args:
            wait_ms: How long to wait for readers of what is in the log, and for writers of other processes.

        Returns:
            Whether it was done; False: somebody still reads from the log, or writes to it.
        """
        self.raw.set_busy_timeout(wait_ms)
        try:
            self.raw.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except (apsw.BusyError, apsw.LockedError):
            return False
        crash_point("checkpoint.emptied")
        return True

    def give_back(self, pages: int, wait_ms: int) -> None:
        """Take free pages out of the file, in a transaction of its own.

        Args:
            pages: How many at most.
            wait_ms: How long to wait for the write lock.

        Raises:
            apsw.Error: It was not to be had, or the pages cannot be moved; nothing is changed then.
        """
        self.begin(wait_ms)
        try:
            # Each step of the statement takes one page; it must not be found in the cache by anybody's SQL.
            self._controlling = True
            try:
                self.raw.execute(f"PRAGMA incremental_vacuum({pages:d})", can_cache=False).fetchall()
            finally:
                self._controlling = False
            crash_point("free_pages.before_commit")
            self.commit()
        finally:
            self.roll_back()

    def close(self) -> None:
        """Close it; the last connection to close puts the log into the database."""
        self.raw.close()

    def _control(self, sql: str) -> None:
        self._controlling = True
        try:
            self.raw.execute(sql)
        finally:
            self._controlling = False

    def _authorize(self, operation: int, first: str | None, _second: str | None, *_where: str | None) -> int:
        if self._controlling:
            return apsw.SQLITE_OK
        if operation in TRANSACTION_CONTROL:
            return apsw.SQLITE_DENY
        if operation in OTHER_FILES or (operation == apsw.SQLITE_PRAGMA and first not in PRAGMAS_ALLOWED):
            return apsw.SQLITE_DENY
        return apsw.SQLITE_OK
