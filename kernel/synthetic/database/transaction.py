"""`Snapshot` and `Transaction`: all that a plugin ever sees of the database.

Both are handed to plain functions by `Database.read` and `Database.write` and are dead once the function has returned.
They speak SQL with named parameters and Python values, and show no driver object, so that others can stand behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from threading import get_ident
from typing import Any, TypeAlias, TypeVar

import apsw

from synthetic.clock import new_id
from synthetic.contributions import EventType
from synthetic.database.failures import DRIVER_ERRORS, translate
from synthetic.database.interruption import Interruption
from synthetic.database.surroundings import ResourceT, Surroundings
from synthetic.errors import CancelledError, InternalError
from synthetic.log.emission import BATCH_EVENTS, INSERT, EventBuffer, EventCatalogue
from synthetic.log.positions import Position, read_position
from synthetic.origin import Origin

Value: TypeAlias = str | int | float | bytes | None
Parameters: TypeAlias = Mapping[str, Value]
Row: TypeAlias = tuple[Any, ...]
RecordT = TypeVar("RecordT")

NO_PARAMETERS: Parameters = {}


class Snapshot:
    """A read transaction: every query in it sees the store at one instant.

    Attributes:
        now: Unix milliseconds UTC, the same during the whole transaction.
        notices: What the answer should mention, as (code, message).
        counts_by_rows: Whether a whole table has to be counted row by row, so that it can be cut short.
    """

    counts_by_rows = False

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
        # Kept to the end: the collector, which runs in any thread, must not be the one that ends a statement.
        self._unfinished.add(cursor)
        try:
            for row in cursor.execute(sql, params):
                yield row
                self._ready()
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error
        self._unfinished.discard(cursor)

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


class Transaction(Snapshot):
    """A write transaction: what it changes is committed whole, or not at all.

    Attributes:
        origin: On whose behalf it writes.
        described: For the kernel: what `describe_operation` was given.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        now: int,
        surroundings: Surroundings,
        interruption: Interruption,
        origin: Origin,
    ) -> None:
        super().__init__(connection, now, surroundings, interruption)
        self.origin = origin
        self._events = EventBuffer(origin, now)
        self._changes_before = connection.total_changes()
        self.emitted_to = 0
        self.described: dict[str, Any] = {}

    def emit(
        self,
        event_type: EventType,
        entity_id: str,
        *,
        construct_id: str | None = None,
        payload: Mapping[str, Any] | None = None,
        occurred_at: int | None = None,
    ) -> str:
        """Write an event to the log: committed with the rows that it speaks of.

        Args:
            event_type: As `register_events` declares it.
            entity_id: Whom it is about.
            construct_id: The construct that the entity belongs to.
            payload: Ids, deltas and short values that whoever folds it needs; never bodies.
            occurred_at: When it happened, Unix milliseconds; None: now.

        Returns:
            The event's id.

        Raises:
            PluginFailedError: No loaded plugin declares the type.
            ValueError: The payload has more than 16,384 characters.
        """
        module = self.resource(EventCatalogue).module_of(event_type)
        return self.emit_as(
            module, event_type, entity_id, construct_id=construct_id, payload=payload, occurred_at=occurred_at
        )

    def emit_as(
        self,
        module: str,
        event_type: EventType,
        entity_id: str,
        *,
        construct_id: str | None = None,
        payload: Mapping[str, Any] | None = None,
        occurred_at: int | None = None,
        id: str | None = None,
        causation_id: str | None = None,
    ) -> str:
        """For the kernel: `emit` in the name of a module, which may be a plugin that is not loaded."""
        event_id = self._events.add(
            event_type,
            module,
            entity_id,
            construct_id=construct_id,
            payload=payload,
            occurred_at=occurred_at,
            id=id,
            causation_id=causation_id,
        )
        if len(self._events.waiting) >= BATCH_EVENTS:
            self.flush_events()
        return event_id

    def move_to(self, now: int) -> None:
        """For the kernel: let what follows be written as of another instant, in Unix milliseconds."""
        self.now = self._events.now = now

    def flush_events(self) -> None:
        """Insert the events that were emitted so far; the kernel calls it before the write ends."""
        if not self._events.waiting:
            return
        connection = self._ready()
        try:
            connection.executemany(INSERT, self._events.waiting).fetchall()
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error
        self._events.waiting.clear()
        self.emitted_to = connection.last_insert_rowid()

    def describe_operation(self, details: Mapping[str, Any]) -> None:
        """Add names, counts and flags, never what is stored, to what is recorded of the operation, if it is one's."""
        self.described = {**self.described, **details}

    @property
    def has_changes(self) -> bool:
        """For the kernel: whether it has changed a row so far, or will by the events that it has emitted."""
        return bool(self._events.waiting) or self._ready().total_changes() != self._changes_before

    @property
    def first_event(self) -> tuple[str, str] | None:
        """For the kernel: type and id of what the first event is about."""
        return self._events.first

    def position(self) -> Position:
        """How far the log goes, with what this transaction has emitted."""
        self.flush_events()
        return super().position()

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
