"""`Snapshot`: how plugins read the database.

It is handed to plain functions by `Database.read`, belongs to the thread that they run in, and is dead once the
function has returned. It speaks SQL with named parameters and Python values, and shows no driver object, so that
others can stand behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from threading import get_ident
from typing import Any, TypeAlias, TypeVar

import apsw

from synthetic.database.failures import DRIVER_ERRORS, translate
from synthetic.database.interruption import Interruption
from synthetic.database.surroundings import ResourceT, Surroundings
from synthetic.errors import CancelledError, InternalError
from synthetic.log.positions import Position, read_position

Value: TypeAlias = str | int | float | bytes | None
Parameters: TypeAlias = Mapping[str, Value]
Row: TypeAlias = tuple[Any, ...]
RecordT = TypeVar("RecordT")

JSON_BYTES_MAX = 3 * 2**20
"""The longest JSON that is taken from SQLite: what the driver makes of it, it makes without letting others go on.
SQLite keeps no more of a text than that while it puts it together, but says so only in the end."""

NO_PARAMETERS: Parameters = {}


class Snapshot:
    """A read transaction: every query in it sees the store at one instant.

    Attributes:
        now: Unix milliseconds UTC, the same during the whole transaction.
        notices: What the answer should mention, as (code, message).
        is_for_json: Whether what is read is only to be written as JSON, in the same transaction.
        json_bytes_max: The longest text that `rows_of_json` gives, where the connection has no lower bound.
        counts_by_rows: Whether a whole table has to be counted row by row, so that it can be cut short.
    """

    counts_by_rows = False
    json_bytes_max = JSON_BYTES_MAX

    def __init__(
        self, connection: apsw.Connection, now: int, surroundings: Surroundings, interruption: Interruption
    ) -> None:
        self._connection: apsw.Connection | None = connection
        self._surroundings = surroundings
        self._interruption = interruption
        self._lost: BaseException | None = None
        self._thread = get_ident()
        self._unfinished: set[apsw.Cursor] = set()
        self.now = now
        self.is_for_json = False
        self._kept: list[Callable[[], None]] = []
        self.notices: list[tuple[str, str]] = []

    def rows(self, sql: str, params: Parameters = NO_PARAMETERS) -> list[Row]:
        """All rows of a query, as tuples.

        Raises:
            DeadlineExceededError: The operation's time is up.
            CancelledError: The client has left.
            DatabaseBusyError, StorageFailedError, StoreDamagedError: As SQLite found the store.
        """
        connection = self._ready()
        try:
            return connection.execute(sql, params).fetchall()
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error

    def row(self, sql: str, params: Parameters = NO_PARAMETERS) -> Row | None:
        """The first row, or None."""
        rows = self.rows(sql, params)
        return rows[0] if rows else None

    def value(self, sql: str, params: Parameters = NO_PARAMETERS) -> Any:
        """The first column of the first row, or None."""
        rows = self.rows(sql, params)
        return rows[0][0] if rows else None

    def records(
        self, record_class: Callable[..., RecordT], sql: str, params: Parameters = NO_PARAMETERS
    ) -> list[RecordT]:
        """Each row as a record: the columns are its constructor's positional arguments."""
        return [record_class(*row) for row in self.rows(sql, params)]

    def record(
        self, record_class: Callable[..., RecordT], sql: str, params: Parameters = NO_PARAMETERS
    ) -> RecordT | None:
        """The first row as a record, or None."""
        rows = self.rows(sql, params)
        return record_class(*rows[0]) if rows else None

    def iterate(self, sql: str, params: Parameters = NO_PARAMETERS) -> Iterator[Row]:
        """Rows one by one, for results that should not be held in memory."""
        connection = self._ready()
        cursor = connection.cursor()
        # Kept, since the collector, which runs in any thread, must not be the one that ends a statement.
        self._unfinished.add(cursor)
        try:
            for row in cursor.execute(sql, params):
                yield row
                self._ready()
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error
        finally:
            if get_ident() == self._thread:
                self._unfinished.discard(cursor)
                cursor.close(force=True)

    def rows_of_json(self, sql: str, params: Parameters = NO_PARAMETERS) -> list[Row] | None:
        """For the kernel: the rows of a query whose last column is JSON; None if one of them is longer than is wise."""
        connection = self._ready()
        longest = connection.limit(apsw.SQLITE_LIMIT_LENGTH, self.json_bytes_max)
        try:
            return connection.execute(sql, params).fetchall()
        except apsw.TooBigError:
            return None
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error
        finally:
            connection.limit(apsw.SQLITE_LIMIT_LENGTH, longest)

    def keep_until_end(self, read: Callable[[], None]) -> None:
        """For the kernel: what reads that which was put off, if what needs it has to wait without this snapshot."""
        self._kept.append(read)

    def read_kept(self) -> None:
        """Read what was put off."""
        for read in self._kept:
            read()

    def position(self) -> Position:
        """How far the log goes in this transaction."""
        return read_position(self)

    def spend(self, size_bytes: int) -> None:  # noqa: ARG002 - counted where reads are bounded
        """To be called before so many bytes are decompressed, decoded or parsed; raises as a statement does.

        On an event loop they are bounded, and more begin again in the pool. Elsewhere they are not.
        """
        self._ready()

    def narrowed(self, seconds: float) -> AbstractContextManager[None]:
        """For the kernel: what is read in the block is cut short after so much time; what comes after it is not."""
        return self._interruption.narrowed(seconds)

    def settings(self, settings_class: type[RecordT]) -> RecordT:
        """The loaded settings of a class that a plugin registered."""
        return self._surroundings.settings(settings_class)

    def resource(self, resource_class: type[ResourceT]) -> ResourceT:
        """The kernel's one object of a class, such as a cache."""
        return self._surroundings.resource(resource_class)

    def contributed(self, record_class: type[RecordT]) -> tuple[RecordT, ...]:
        """The records of a class that the loaded plugins returned from a hook which a plugin offers, in load order."""
        return self._surroundings.contributed(record_class)

    def notice(self, code: str, message: str) -> None:
        """Mention something in the answer's `extensions.notices`, once."""
        if (code, message) not in self.notices:
            self.notices.append((code, message))

    def close(self) -> None:
        """End its use; the kernel calls it when the function has returned."""
        self._connection = self._lost = None
        # What was put off holds on to this snapshot, and would be freed by the collector alone.
        self._kept.clear()
        while self._unfinished:
            self._unfinished.pop().close(force=True)

    def _ready(self) -> apsw.Connection:
        connection = self._connection
        if connection is None:
            text = "a transaction was used after the function that it was handed to had returned"
            raise self._lost or RuntimeError(text)
        if get_ident() != self._thread:
            raise RuntimeError("a transaction belongs to the thread that it was opened in")
        if not connection.in_transaction:
            raise self.lost()
        self._interruption.check()
        return connection

    def lost(self) -> BaseException:
        """Why there is no transaction any more, though it was not ended by its owner.

        SQLite does so on a full disk or an I/O error. A statement after that would commit by itself, so none is run.
        """
        return self._lost or InternalError("The transaction was ended by something else than the store.")

    def _explain(self, error: Exception, connection: apsw.Connection) -> BaseException:
        if isinstance(error, apsw.InterruptError):
            explained: BaseException = self._interruption.reason() or CancelledError()
        else:
            explained = translate(error, connection.system_errno)
        if self._lost is None and not connection.in_transaction:
            self._lost = explained
        return explained
