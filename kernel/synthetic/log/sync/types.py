"""The GraphQL types of sync state, and what clients send in."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from synthetic.database.snapshot import Snapshot
from synthetic.graphql.fields import batched
from synthetic.graphql.scalars import DateTime, Long
from synthetic.log.positions import Position
from synthetic.log.sync.attempts import KEPT, list_attempts
from synthetic.log.sync.attempts import SyncAttempt as AttemptRecord
from synthetic.log.sync.enums import AttemptOutcome, ModuleKind, RecoveryAction, StaleReason, SyncOutcome, SyncStatus
from synthetic.log.sync.model import ModuleStatus
from synthetic.log.sync.model import SyncError as ErrorRecord
from synthetic.log.sync.report import ReportedError
from synthetic.log.sync.store import error_of_text
from synthetic.validation import bad_input

ATTEMPTS_DEFAULT = 10


@strawberry.type(description="What went wrong with a module, in the words of the error contract.")
class SyncError:
    """The error of a module or of an attempt."""

    code: str = strawberry.field(description="Upper-case words, for programs.")
    message: str = strawberry.field(description="For a person.")
    recoverable: bool = strawberry.field(description="Whether the same may succeed later, unchanged.")
    retry_after_ms: Long | None = strawberry.field(description="How long to wait before that.")
    action: str = strawberry.field(description="What to do about it.")
    correlation_id: str = strawberry.field(description="Under which the server's log tells more.")
    occurred_at: DateTime = strawberry.field(description="When.")

    @classmethod
    def of(cls, record: ErrorRecord) -> Self:
        """The object of a record."""
        return cls(
            code=record.code,
            message=record.message,
            recoverable=record.recoverable,
            retry_after_ms=None if record.retry_after_ms is None else Long(record.retry_after_ms),
            action=record.action,
            correlation_id=record.correlation_id,
            occurred_at=DateTime(record.occurred_at),
        )


@strawberry.type(description="Why a module is not up to date.")
class ModuleStaleReason:
    """One of `staleReasons`."""

    reason: StaleReason = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For a person: a sentence with the figures.")


@strawberry.type(description="One time that a module tried to sync; of a consumer, up to a minute of its work.")
class SyncAttempt:
    """A row of `sync_attempts`."""

    id: strawberry.ID = strawberry.field(description="As the module calls it, or a UUIDv7.")
    outcome: AttemptOutcome = strawberry.field(description="What became of it.")
    started_at: DateTime = strawberry.field(description="When it began.")
    ended_at: DateTime | None = strawberry.field(description="When it ended; null while it runs.")
    units: Long = strawberry.field(description="How much it did, in the module's own units; a consumer's are events.")
    runs: Long = strawberry.field(description="How many runs of a consumer are joined in it; 1 for outside modules.")
    cursor: str | None = strawberry.field(description="How far it came, in the module's own words.")
    error: SyncError | None = strawberry.field(description="Why it failed.")

    @classmethod
    def of(cls, record: AttemptRecord) -> Self:
        """The object of a row."""
        error = error_of_text(record.error)
        return cls(
            id=strawberry.ID(record.id),
            outcome=AttemptOutcome(record.outcome),
            started_at=DateTime(record.started_at),
            ended_at=None if record.ended_at is None else DateTime(record.ended_at),
            units=Long(record.units),
            runs=Long(record.runs),
            cursor=record.cursor,
            error=None if error is None else SyncError.of(error),
        )


@strawberry.type(description="How a module fares: a consumer of the log, or something outside that reports its state.")
class ModuleSyncStatus:
    """A module, judged."""

    module: str = strawberry.field(description="Its name: `plugin.name` of a consumer, or what it calls itself.")
    kind: ModuleKind = strawberry.field(description="What it is.")
    status: SyncStatus = strawberry.field(description="How it fares.")
    status_since: DateTime | None = strawberry.field(description="Since when it has this status.")
    last_attempt_at: DateTime | None = strawberry.field(description="When it last began to try.")
    last_success_at: DateTime | None = strawberry.field(description="When it last succeeded.")
    lag_events: Long | None = strawberry.field(
        description="Events that a consumer has yet to apply, counted up to one more than `kernel.sync.stale_events`; "
        "null for outside modules."
    )
    lag_ms: Long | None = strawberry.field(
        description="How old what it holds may be: for a consumer, how long the first event that it has yet to apply "
        "has waited; for an outside module, how long ago it last succeeded."
    )
    stale_reasons: list[ModuleStaleReason] = strawberry.field(
        description="Why it is not up to date, the gravest first."
    )
    error: SyncError | None = strawberry.field(description="What its last attempt failed with, until one succeeds.")
    actions: list[RecoveryAction] = strawberry.field(description="What requestResync can ask of it now.")
    position: Position = strawberry.field(
        description="The place in the log at which it fares so; a subscription goes on from here."
    )
    cursor: str | None = strawberry.field(
        description="How far it has come: in its own words; for a consumer, the position in the log."
    )
    expected_interval_ms: Long | None = strawberry.field(
        description="How much time may pass between two successes, as the module has said; 0: any."
    )
    failed_position: Position | None = strawberry.field(description="The event that a consumer cannot apply.")
    requested: RecoveryAction | None = strawberry.field(description="What was asked of it and is not begun yet.")
    failures: Long = strawberry.field(description="How many of its attempts have failed since it is known.")

    @classmethod
    def of(cls, status: ModuleStatus, position: Position) -> Self:
        """The object of a status, at a place in the log."""
        return cls(
            module=status.module,
            kind=status.kind,
            status=status.status,
            status_since=_instant(status.since),
            last_attempt_at=_instant(status.last_attempt_at),
            last_success_at=_instant(status.last_success_at),
            lag_events=_long(status.lag_events),
            lag_ms=_long(status.lag_ms),
            stale_reasons=[ModuleStaleReason(reason=each.reason, message=each.message) for each in status.reasons],
            error=None if status.error is None else SyncError.of(status.error),
            actions=list(status.actions),
            position=position,
            cursor=status.cursor,
            expected_interval_ms=_long(status.expected_interval_ms),
            failed_position=None
            if status.failed_position is None
            else Position(position.epoch, status.failed_position),
            requested=status.requested,
            failures=Long(status.failures),
        )

    @batched(needs=("module",))
    @staticmethod
    def attempts(
        snapshot: Snapshot,
        parents: "Sequence[ModuleSyncStatus]",
        first: Annotated[
            int, strawberry.argument(description=f"How many, up to the {KEPT} that are kept.")
        ] = ATTEMPTS_DEFAULT,
    ) -> "list[list[SyncAttempt]]":
        """Its last attempts, the newest first."""
        if not 0 <= first <= KEPT:
            raise bad_input("first", f"must be from 0 to {KEPT}")
        found = list_attempts(snapshot, [parent.module for parent in parents], first)
        return [[SyncAttempt.of(record) for record in found[parent.module]] for parent in parents]


@strawberry.input(description="Why an attempt has failed, in the words of the error contract.")
class ReportedErrorInput:
    """The error of a report."""

    code: str = strawberry.field(description="Upper-case words joined by underscores.")
    message: str = strawberry.field(description="For a person, without internals.")
    recoverable: bool = strawberry.field(default=False, description="Whether the same may succeed later, unchanged.")
    retry_after_ms: Long | None = strawberry.field(default=None, description="How long to wait before that.")
    action: str | None = strawberry.field(default=None, description="What to do about it.")

    def record(self) -> ReportedError:
        """As it is reported."""
        return ReportedError(
            code=self.code,
            message=self.message,
            recoverable=self.recoverable,
            retry_after_ms=self.retry_after_ms,
            action=self.action,
        )


@strawberry.input(description="How an outside module fares.")
class ReportSyncInput:
    """The input of `reportSync`."""

    module: str = strawberry.field(
        description="What the module calls itself: 1 to 200 printable characters; not the name of a consumer."
    )
    outcome: SyncOutcome = strawberry.field(description="What there is to report.")
    attempt_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The module's own name for the attempt. With it, a report can be sent again when its answer was "
        "lost, and STARTED says that the attempt still runs.",
    )
    started_at: DateTime | None = strawberry.field(
        default=None, description="When the attempt began; now, without it. Of use where only ends are reported."
    )
    cursor: str | None = strawberry.field(
        default=None, description="How far the module has come, in its own words, up to 2,000 characters."
    )
    expected_interval_ms: Long | None = strawberry.field(
        default=None,
        description="How much time may pass between two successes before the module is STALE; leave some room. "
        "0: any. It holds until another is given; before, `kernel.sync.expected_interval_ms` does.",
    )
    error: ReportedErrorInput | None = strawberry.field(
        default=None, description="Why the attempt has failed: with FAILED, and only then."
    )
    units: Long = strawberry.field(default=Long(0), description="How much the attempt did, in the module's own units.")


@strawberry.input(description="What to ask of a module.")
class RequestResyncInput:
    """The input of `requestResync`."""

    module: str = strawberry.field(description="Its name.")
    action: RecoveryAction = strawberry.field(description="One of its `actions`.")


@strawberry.input(description="A module to take off the list.")
class ForgetSyncModuleInput:
    """The input of `forgetSyncModule`."""

    module: str = strawberry.field(description="Its name.")


def _instant(at: int | None) -> DateTime | None:
    return None if at is None else DateTime(at)


def _long(number: int | None) -> Long | None:
    return None if number is None else Long(number)
