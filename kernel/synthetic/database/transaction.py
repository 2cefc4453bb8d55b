"""`Snapshot` and `Transaction`: all that a plugin ever sees of the database.

Both are handed to plain functions by `Database.read` and `Database.write` and
are dead once the function has returned. They speak SQL with named parameters
and Python values; no driver object shows through, so that another engine can
stand behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import apsw

from synthetic.clock import new_id
from synthetic.database.failures import DRIVER_ERRORS, translate
from synthetic.database.interruption import Interruption
from synthetic.errors import CancelledError, InternalError

Value: TypeAlias = str | int | float | bytes | None
Parameters: TypeAlias = Mapping[str, Value]
Row: TypeAlias = tuple[Any, ...]
RecordT = TypeVar("RecordT")

NO_PARAMETERS: Parameters = {}


class SettingsLookup(Protocol):
    """Finds the loaded settings of a class."""

    def __call__(self, settings_class: type[RecordT], /) -> RecordT:
        """The loaded settings object of that class."""
        ...


class Resource(Protocol):
    """Something that lives as long as a kernel, such as a cache."""

    @classmethod
    def make(cls, settings: SettingsLookup, /) -> Self:
        """Build it from settings; called once for each kernel."""
        ...


ResourceT = TypeVar("ResourceT", bound=Resource)


class Surroundings:
    """What a kernel lends to each of its transactions: settings and resources."""

    def __init__(self, settings: SettingsLookup) -> None:
        self.settings = settings
        self._resources: dict[type[Any], Any] = {}

    def provide(self, resource: Any) -> None:
        """Lend an object that was made elsewhere, by its class."""
        self._resources[type(resource)] = resource

    def resource(self, resource_class: type[ResourceT]) -> ResourceT:
        """The kernel's one object of this class, made on first use."""
        found = self._resources.get(resource_class)
        if found is None:
            # Two threads may both make one; the first that is stored wins.
            found = self._resources.setdefault(resource_class, resource_class.make(self.settings))
        return found


class Snapshot:
    """A read transaction: every query in it sees the store at one instant.

    Attributes:
        now: Unix milliseconds UTC, the same during the whole transaction.
        notices: What the answer should mention, as (code, message).
    """

    def __init__(
        self, connection: apsw.Connection, now: int, surroundings: Surroundings, interruption: Interruption
    ) -> None:
        self._connection: apsw.Connection | None = connection
        self._surroundings = surroundings
        self._interruption = interruption
        self._lost: BaseException | None = None
        self.now = now
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
        try:
            for row in connection.execute(sql, params):
                yield row
                self._ready()
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error

    def settings(self, settings_class: type[RecordT]) -> RecordT:
        """The loaded settings of a class that a plugin registered."""
        return self._surroundings.settings(settings_class)

    def resource(self, resource_class: type[ResourceT]) -> ResourceT:
        """The kernel's one object of a class, such as a cache."""
        return self._surroundings.resource(resource_class)

    def notice(self, code: str, message: str) -> None:
        """Mention something in the answer's `extensions.notices`, once."""
        if (code, message) not in self.notices:
            self.notices.append((code, message))

    def close(self) -> None:
        """End its use; the kernel calls it when the function has returned."""
        self._connection = None

    def _ready(self) -> apsw.Connection:
        connection = self._connection
        if connection is None:
            raise RuntimeError("a transaction was used after the function that it was handed to had returned")
        if not connection.in_transaction:
            raise self.lost()
        self._interruption.check()
        return connection

    def lost(self) -> BaseException:
        """Why there is no transaction any more, though it was not ended by its owner.

        SQLite rolls back by itself on a full disk, an I/O error or ON CONFLICT
        ROLLBACK. A statement after that would commit by itself, so none is run.
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


class Transaction(Snapshot):
    """A write transaction: what it changes is committed whole, or not at all."""

    def execute(self, sql: str, params: Parameters = NO_PARAMETERS) -> int:
        """Run a statement that writes.

        Returns:
            How many rows it inserted, updated or deleted.

        Raises:
            StorageFullError, DatabaseBusyError, StorageFailedError: Nothing of the transaction is kept.
        """
        connection = self._ready()
        before = connection.total_changes()
        try:
            connection.execute(sql, params).fetchall()
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error
        return connection.total_changes() - before

    def execute_many(self, sql: str, sequence: Iterable[Parameters]) -> int:
        """Run one statement for each set of parameters.

        Returns:
            How many rows were changed in all.
        """
        connection = self._ready()
        before = connection.total_changes()
        try:
            connection.executemany(sql, self._while_ready(sequence)).fetchall()
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error
        return connection.total_changes() - before

    def _while_ready(self, sequence: Iterable[Parameters]) -> Iterator[Parameters]:
        """The sequence, as long as there is a transaction: making an item may itself run statements."""
        connection = self._ready()
        for params in sequence:
            if not connection.in_transaction:
                raise self.lost()
            yield params

    def new_id(self) -> str:
        """A fresh UUIDv7."""
        return new_id()
