"""Telling the plugins that implement `record_operation`, in the transaction of a change or in one of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from synthetic.clock import Clock, SystemClock
from synthetic.database.interruption import Interruption
from synthetic.errors import SyntheticError
from synthetic.logs import logger_for
from synthetic.operations.model import Failure, Operation, OperationKind, OperationOutcome
from synthetic.recovery.errors import StoreReadOnlyError

if TYPE_CHECKING:
    from synthetic.contributions import Stamped
    from synthetic.database.database import Database
    from synthetic.database.surroundings import SettingsLookup
    from synthetic.database.transaction import Transaction
    from synthetic.metrics import Metrics
    from synthetic.operations.model import RecordOperation
    from synthetic.origin import Origin

SECONDS_MAX = 2.0
"""How long the record of what has failed may wait for the store: who sent it waits for its error as long."""

NOTHING: Mapping[str, Any] = {}
UNCHANGED = {"changed": False}
"""In the details of what has changed nothing, such as a save that is sent again."""

log = logger_for(__name__)


class Subject(NamedTuple):
    """What an operation was done to.

    Attributes:
        entity_type: What kind of thing; None where that is not known.
        entity_id: Which of them.
    """

    entity_type: str | None
    entity_id: str | None


class OperationRecorder:
    """All that keep a record, as a resource of a kernel's transactions.

    Attributes:
        is_wanted: Whether there are any. Where there are none, nothing is gathered.
        clock: Whose time counts for what is recorded apart.
    """

    def __init__(
        self, recorders: Sequence[Stamped[RecordOperation]], clock: Clock, metrics: Metrics | None = None
    ) -> None:
        """Make it.

        Args:
            recorders: The functions of the plugins, in load order.
            clock: For deadlines and instants.
            metrics: Where what could not be recorded is counted.
        """
        self._recorders = tuple((stamped.plugin, stamped.record) for stamped in recorders)
        self.clock = clock
        self._metrics = metrics
        self.is_wanted = bool(self._recorders)

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a kernel nobody keeps a record."""
        return cls((), SystemClock())

    def record(self, tx: Transaction, operation: Operation) -> None:
        """Tell each plugin, in load order.

        Raises:
            Exception: What one of them raises; a note of the exception names the plugin.
        """
        for plugin, function in self._recorders:
            try:
                function(tx, operation)
            except BaseException as error:
                error.add_note(f"It was raised by record_operation of the plugin {plugin}.")
                raise

    def record_apart(self, database: Database, origin: Origin, operation: Operation) -> None:
        """Record in a transaction of its own; that this fails is logged and counted, and never raised."""
        interruption = Interruption(self.clock, self.clock.monotonic() + SECONDS_MAX)
        try:
            database.write_blocking(self.record, operation, interruption=interruption, origin=origin)
        except StoreReadOnlyError:
            return  # nothing is recorded where nothing can be changed
        except Exception as error:  # noqa: BLE001 - it is logged, and must not take the place of what is recorded
            self.note_unrecorded(error, [operation])

    def note_unrecorded(self, error: Exception, operations: Sequence[Operation]) -> None:
        """Log and count operations of which no record could be kept."""
        if self._metrics is not None:
            self._metrics.operations_unrecorded.inc(len(operations))
        for operation in operations:
            known = {"operation": operation.name, "actor": operation.actor, "outcome": operation.outcome.value}
            if isinstance(error, SyntheticError):
                # A store that is busy or full: of that a line says all, and there may be many.
                log.warning("operation not recorded", code=error.code, correlation_id=operation.correlation_id, **known)
            else:
                log.error("operation not recorded", correlation_id=operation.correlation_id, exc_info=error, **known)


class Recording:
    """One operation while it is under way.

    What takes many transactions is recorded in the first that changes
    something, as BEGUN, and at its end: so no change is without a record,
    whenever the process ends.
    """

    __slots__ = (
        "_described",
        "_details",
        "_first_event",
        "_has_changes",
        "_is_begun",
        "_is_change_only",
        "_kind",
        "_name",
        "_recorder",
        "_subject",
    )

    def __init__(
        self,
        recorder: OperationRecorder,
        name: str,
        kind: OperationKind,
        subject: Subject,
        details: Mapping[str, Any],
        *,
        is_change_only: bool = False,
    ) -> None:
        """Begin it.

        Args:
            recorder: Whom to tell.
            name: Of the operation.
            kind: By which door it came.
            subject: What is known of what it is done to; the first event that it emits says the rest.
            details: Names, counts and flags; may still be changed while it is under way.
            is_change_only: Whether it is recorded, as DONE, in the first transaction that changes something, and
                neither at its end nor when it fails.
        """
        self._recorder = recorder
        self._name = name
        self._kind = kind
        self._subject = subject
        self._details = details
        self._is_change_only = is_change_only
        self._first_event: tuple[str, str] | None = None
        self._described: Mapping[str, Any] = {}
        self._has_changes = False
        self._is_begun = False

    def done_in(self, tx: Transaction) -> None:
        """Record that it was done, in the transaction that has done it.

        Raises:
            Exception: What a plugin's `record_operation` raises.
        """
        has_changes = tx.has_changes
        if has_changes or not self._is_change_only:
            self._record_in(tx, OperationOutcome.DONE, tx.described if has_changes else {**tx.described, **UNCHANGED})

    def begin(self, database: Database, origin: Origin) -> None:
        """Record that it is begun, before anything is done.

        Raises:
            Exception: What a plugin's `record_operation` raises, or the store.
        """
        self._is_begun = self._has_changes = True
        database.write_blocking(self._record_in, OperationOutcome.BEGUN, NOTHING, origin=origin)

    def _record_in(self, tx: Transaction, outcome: OperationOutcome, described: Mapping[str, Any]) -> None:
        subject = _completed(self._subject, tx.first_event)
        self._recorder.record(tx, self._operation(tx.origin, tx.now, subject, described, outcome))

    def about(self, entity_type: str, entity_id: str) -> None:
        """Say what it is done to, where that is known only while it is under way."""
        self._subject = Subject(entity_type, entity_id)

    def look_at(self, tx: Transaction) -> None:
        """Record in one of its transactions, where it has many, that it is begun, if that is the first with a change.

        Raises:
            Exception: What a plugin's `record_operation` raises.
        """
        if self._first_event is None:
            self._first_event = tx.first_event
        self._described = {**self._described, **tx.described}
        self._has_changes = tx.has_changes
        if self._has_changes and not self._is_begun:
            outcome = OperationOutcome.DONE if self._is_change_only else OperationOutcome.BEGUN
            self._record_in(tx, outcome, tx.described)

    def committed(self) -> None:
        """Take notice that the transaction that was looked at is durable, and with it the record in it."""
        self._is_begun = self._is_begun or self._has_changes

    def done(self, database: Database, origin: Origin, *, has_changes: bool | None = None) -> None:
        """Record that it was done, in a transaction of its own: what it has done is committed by now.

        Args:
            database: The store's.
            origin: In whose name.
            has_changes: Whether it has changed anything; None: as those of its transactions say that were looked at.
        """
        if not self._is_change_only:
            is_unchanged = not (self._is_begun if has_changes is None else has_changes)
            self._record_apart(database, origin, {**self._described, **(UNCHANGED if is_unchanged else {})}, None)

    def failed(self, database: Database, origin: Origin, error: BaseException) -> None:
        """Record that it was not done, in a transaction of its own."""
        if not self._is_change_only:
            self._record_apart(database, origin, self._described, Failure.of(error))

    def _record_apart(
        self, database: Database, origin: Origin, described: Mapping[str, Any], failure: Failure | None
    ) -> None:
        subject = _completed(self._subject, self._first_event)
        outcome = OperationOutcome.DONE if failure is None else failure.outcome
        operation = self._operation(origin, self._recorder.clock.now_ms(), subject, described, outcome, failure)
        self._recorder.record_apart(database, origin, operation)

    def _operation(
        self,
        origin: Origin,
        now: int,
        subject: tuple[str | None, str | None],
        described: Mapping[str, Any],
        outcome: OperationOutcome,
        failure: Failure | None = None,
    ) -> Operation:
        details = {**self._details, **described}
        if origin.token_id is not None:
            details["tokenId"] = origin.token_id
        return Operation(
            name=self._name,
            kind=self._kind,
            actor=origin.actor,
            entity_type=subject[0],
            entity_id=subject[1],
            outcome=outcome,
            code=None if failure is None else failure.code,
            message=None if failure is None else failure.message,
            details=details,
            correlation_id=origin.correlation_id,
            occurred_at=now,
        )


def _completed(subject: Subject, first_event: tuple[str, str] | None) -> tuple[str | None, str | None]:
    """Type and id of what is known of a subject, with what an event adds."""
    entity_type, entity_id = subject
    if first_event is None or (entity_type is not None and entity_id is not None):
        return subject
    if entity_type is None:
        return first_event
    return entity_type, first_event[1] if first_event[0] == entity_type else None
