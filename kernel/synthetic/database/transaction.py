"""`Transaction`: how plugins write to the database; a `Snapshot` that can also be written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apsw

from synthetic.clock import new_id
from synthetic.contributions import EventType
from synthetic.database.failures import DRIVER_ERRORS
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import NO_PARAMETERS, Parameters, Snapshot
from synthetic.database.surroundings import Surroundings
from synthetic.log.appended import Appended, appended_of, join
from synthetic.log.emission import BATCH_EVENTS, INSERT, EventBuffer, EventCatalogue
from synthetic.log.positions import Position
from synthetic.origin import Origin


class Transaction(Snapshot):
    """A write transaction: what it changes is committed whole, or not at all.

    Attributes:
        origin: On whose behalf it writes.
        described: For the kernel: what `describe_operation` was given.
        appended: For the kernel: the events that are in the table so far.
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
        self.appended: Appended | None = None
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
        self.note_appended(appended_of(self._events.waiting, connection.last_insert_rowid()))
        self._events.waiting.clear()

    def note_appended(self, appended: Appended) -> None:
        """For the kernel: note that events were inserted."""
        self.appended = join(self.appended, appended)

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
