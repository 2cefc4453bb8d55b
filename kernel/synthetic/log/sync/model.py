"""What is known about a module, and what it is judged to be. Pure: no SQL, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Self

from synthetic.errors import SyntheticError, iso_from_ms
from synthetic.graphql.scalars import ms_from_iso
from synthetic.log.consumers.store import Phase


class ModuleKind(StrEnum):
    """What a module is."""

    FOLD = "FOLD"
    MIRROR = "MIRROR"
    OUTSIDE = "OUTSIDE"


class SyncStatus(StrEnum):
    """How a module fares."""

    SYNCED = "SYNCED"
    SYNCING = "SYNCING"
    STALE = "STALE"
    FAILED = "FAILED"
    NEVER_SYNCED = "NEVER_SYNCED"
    DISABLED = "DISABLED"


class StaleReason(StrEnum):
    """Why a module is not up to date, or may not be."""

    NEVER_RAN = "NEVER_RAN"
    INTERVAL_EXCEEDED = "INTERVAL_EXCEEDED"
    LAST_ATTEMPT_FAILED = "LAST_ATTEMPT_FAILED"
    ATTEMPT_STUCK = "ATTEMPT_STUCK"
    BEHIND_EVENTS = "BEHIND_EVENTS"
    BEHIND_TIME = "BEHIND_TIME"
    EVENT_FAILED = "EVENT_FAILED"
    EVENTS_SET_ASIDE = "EVENTS_SET_ASIDE"
    DRIFT = "DRIFT"
    REBUILDING = "REBUILDING"
    REBUILD_NEEDED = "REBUILD_NEEDED"
    RESYNC_REQUESTED = "RESYNC_REQUESTED"
    PLUGIN_ABSENT = "PLUGIN_ABSENT"
    DISABLED_BY_OWNER = "DISABLED_BY_OWNER"
    STORAGE_SHORT = "STORAGE_SHORT"
    FORGOTTEN = "FORGOTTEN"


class RecoveryAction(StrEnum):
    """What an operator can ask of a module."""

    RETRY = "RETRY"
    RESYNC = "RESYNC"
    REBUILD = "REBUILD"
    RESUME = "RESUME"
    VERIFY = "VERIFY"


class SyncOutcome(StrEnum):
    """What an outside module reports of itself."""

    STARTED = "STARTED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    DISABLED = "DISABLED"


class AttemptOutcome(StrEnum):
    """What became of an attempt."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ABANDONED = "ABANDONED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncError:
    """What went wrong with a module, in the words of the error contract.

    Attributes:
        code: Upper-case words, for programs.
        message: For a person.
        recoverable: Whether the same may succeed later, unchanged.
        retry_after_ms: How long to wait before that, in milliseconds.
        action: What to do about it.
        correlation_id: Under which the log tells more.
        occurred_at: When, Unix milliseconds.
    """

    code: str
    message: str
    recoverable: bool
    retry_after_ms: int | None
    action: str
    correlation_id: str
    occurred_at: int

    @classmethod
    def of(cls, error: SyntheticError, correlation_id: str, occurred_at: int) -> Self:
        """The record of an error that was raised."""
        return cls.of_contract(error.to_contract(correlation_id, occurred_at))

    @classmethod
    def of_contract(cls, contract: Mapping[str, Any]) -> Self:
        """The record of an error as the contract shows it; its details are left out."""
        return cls(
            code=contract["code"],
            message=contract["message"],
            recoverable=contract["recoverable"],
            retry_after_ms=contract["retryAfterMs"],
            action=contract["action"],
            correlation_id=contract["correlationId"],
            occurred_at=ms_from_iso(contract["occurredAt"]),
        )

    def to_contract(self) -> dict[str, Any]:
        """The error as the contract shows it, without details."""
        return {
            "code": self.code,
            "message": self.message,
            "recoverable": self.recoverable,
            "retryAfterMs": self.retry_after_ms,
            "action": self.action,
            "correlationId": self.correlation_id,
            "occurredAt": iso_from_ms(self.occurred_at),
        }


class OutsideFacts(NamedTuple):
    """What an outside module has reported of itself; instants are Unix milliseconds.

    Attributes:
        expected_interval_ms: How much time may pass between two successes; 0: any; None: it has not said.
        heard_at: When the attempt that runs was last heard of; None: none runs.
        last_attempt_at: When the last attempt began.
        last_success_at: When the last one that succeeded ended.
        error: Of the last attempt that ended, if it failed.
        disabled_at: Since when its owner has disabled it.
        requested: What was asked of it that it has not begun yet.
        requested_at: When that was asked.
        shortage: Of the module `storage`: what is short, as a sentence.
    """

    expected_interval_ms: int | None = None
    heard_at: int | None = None
    last_attempt_at: int | None = None
    last_success_at: int | None = None
    error: SyncError | None = None
    disabled_at: int | None = None
    requested: RecoveryAction | None = None
    requested_at: int | None = None
    shortage: str | None = None


class ConsumerFacts(NamedTuple):
    """What the store knows of a consumer; instants are Unix milliseconds, positions the numbers of this epoch.

    Attributes:
        is_loaded: Whether its plugin is.
        has_run: Whether it has ever run in this store.
        position: It has dealt with all events up to this one.
        phase: `FOLLOWING`, `REBUILDING` or `FAILED`.
        failed_position: The event that it cannot apply.
        rebuild_through: The rebuild has dealt with all events up to this one.
        rebuild_to: Where the log ended when the rebuild began.
        set_aside: Events that it has gone on without, because they could not be applied.
        differing: Rows of a fold that differ from what the log makes of them, as was found.
        differing_first: Some of them, as TABLE/KEY.
        is_rebuild_needed: Whether the log does not reach back any more to where it stands.
        events_behind: Events that it has yet to apply, counted to one more than the threshold.
        next_event_at: When the first of them was appended; None: there is none.
        last_attempt_at: When it last tried to apply something.
        last_success_at: When it last did.
        error: Why it has failed.
        requested: What was asked of it that it has not begun yet.
        requested_at: When that was asked.
        actions: What its runner would do now.
    """

    is_loaded: bool = True
    has_run: bool = True
    position: int = 0
    phase: Phase = "FOLLOWING"
    failed_position: int | None = None
    rebuild_through: int | None = None
    rebuild_to: int | None = None
    set_aside: int = 0
    differing: int = 0
    differing_first: tuple[str, ...] = ()
    is_rebuild_needed: bool = False
    events_behind: int = 0
    next_event_at: int | None = None
    last_attempt_at: int | None = None
    last_success_at: int | None = None
    error: SyncError | None = None
    requested: RecoveryAction | None = None
    requested_at: int | None = None
    actions: tuple[RecoveryAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a module is not up to date.

    Attributes:
        reason: For programs.
        message: For a person: a sentence with the figures.
    """

    reason: StaleReason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the facts about a module come to.

    Attributes:
        status: How it fares.
        lag_events: Events that a consumer has yet to apply, counted to one more than the threshold; None for outside
            modules.
        lag_ms: How old what it holds may be, in milliseconds; None where nothing is known of that.
        reasons: Why it is not up to date, the gravest first.
        actions: What can be asked of it now.
    """

    status: SyncStatus
    lag_events: int | None
    lag_ms: int | None
    reasons: tuple[Reason, ...]
    actions: tuple[RecoveryAction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleStatus:
    """A module as queries, the route, the command line and subscribers see it; instants are Unix milliseconds.

    Attributes:
        module: Its name: `PLUGIN.NAME` for a consumer, what it calls itself for one outside.
        kind: What it is.
        since: Since when it has its status; None if it is not known.
        cursor: How far it has come, in its own words; the position in the log for a consumer.
        expected_interval_ms: As the module has told it; None: it has not.
        failed_position: The event that a consumer cannot apply.
        requested: What was asked of it that it has not begun yet.
        failures: Attempts that have failed since it is known.
    """

    module: str
    kind: ModuleKind
    status: SyncStatus
    since: int | None
    last_attempt_at: int | None
    last_success_at: int | None
    lag_events: int | None
    lag_ms: int | None
    reasons: tuple[Reason, ...]
    error: SyncError | None
    actions: tuple[RecoveryAction, ...]
    cursor: str | None
    expected_interval_ms: int | None
    failed_position: int | None
    requested: RecoveryAction | None
    failures: int

    def outline(self) -> tuple[SyncStatus, frozenset[StaleReason]]:
        """What subscribers are told of when it changes: the status, and the kinds of reasons."""
        return self.status, frozenset(each.reason for each in self.reasons)
