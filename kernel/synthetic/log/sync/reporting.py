"""`report_sync`: an outside module says how it fares.

An outside module is whatever keeps something in step with the store and is no
consumer of its log: an importer, an exporter, a mirror elsewhere. It reports
that an attempt has begun and how it ended. What an operator has asked of it in
the meantime is in the answer, and is taken to be begun by the next attempt.
"""

from __future__ import annotations

from typing import NamedTuple

from synthetic.clock import new_id
from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError, SyntheticError
from synthetic.kernel_settings import SyncSettings
from synthetic.log.sync.attempts import (
    SyncAttempt,
    abandon_attempts,
    add_attempt,
    find_attempt,
    find_newest,
    save_attempt,
)
from synthetic.log.sync.model import (
    AttemptOutcome,
    ModuleKind,
    ModuleStatus,
    RecoveryAction,
    SyncOutcome,
)
from synthetic.log.sync.publication import publish_status
from synthetic.log.sync.report import Report, ReportedError, check_report
from synthetic.log.sync.statuses import find_status, is_consumer
from synthetic.log.sync.store import SyncState, count_outside, find_state, new_state, save_state, text_of_error

_ENDS = {SyncOutcome.SUCCEEDED: AttemptOutcome.SUCCEEDED, SyncOutcome.FAILED: AttemptOutcome.FAILED}


class SyncReport(NamedTuple):
    """What a report came to.

    Attributes:
        status: How the module fares now.
        attempt_id: Of the attempt that the report was about; None: of none.
        requested: What an operator has asked of the module, and it has not done yet.
    """

    status: ModuleStatus
    attempt_id: str | None
    requested: RecoveryAction | None


def report_sync(
    tx: Transaction,
    module: str,
    outcome: SyncOutcome,
    *,
    attempt_id: str | None = None,
    started_at: int | None = None,
    cursor: str | None = None,
    expected_interval_ms: int | None = None,
    error: ReportedError | SyntheticError | None = None,
    units: int = 0,
) -> SyncReport:
    """Write down how an outside module fares, and tell subscribers if that changes its status.

    Args:
        tx: To write in.
        module: What it calls itself: 1 to 200 printable characters.
        outcome: STARTED: an attempt has begun, or, with the id of one that
            runs, still runs. SUCCEEDED, FAILED: it has ended; the one with the
            id, else the one that runs, else one that was not reported before.
            DISABLED: its owner has switched it off.
        attempt_id: The module's own name for the attempt. With it, a report
            can be repeated when its answer was lost.
        started_at: When the attempt began, Unix milliseconds; None: now.
        cursor: How far it has come; None: as before.
        expected_interval_ms: How much time may pass between two successes
            before it is STALE; 0: any; None: as before.
        error: Why it failed: with FAILED, and only then.
        units: How much the attempt did, in the module's own units.

    Raises:
        BadUserInputError: A value does not fit.
        ConflictError: The module is a consumer, there are too many modules, or the attempt has ended otherwise.
    """
    report = check_report(tx, module, outcome, attempt_id, started_at, cursor, expected_interval_ms, error, units)
    if is_consumer(tx, module):
        raise ConflictError(
            f"{module} is a consumer of this store's log: the store itself knows how it fares.",
            action="Report under another name.",
            details={"module": module},
        )
    before = find_status(tx, module)
    state = find_state(tx, module) or _first_state(tx, module)
    if expected_interval_ms is not None:
        state = state._replace(expected_interval_ms=expected_interval_ms)
    if outcome is SyncOutcome.DISABLED:
        state, attempt, requested = _disable(tx, state), None, None
    elif outcome is SyncOutcome.STARTED:
        state, attempt, requested = _start(tx, state, report)
    else:
        state, attempt, requested = _end(tx, state, report)
    save_state(tx, state)
    status = publish_status(tx, module, before)
    return SyncReport(
        status, None if attempt is None else attempt.id, None if requested is None else RecoveryAction(requested)
    )


_Step = tuple[SyncState, SyncAttempt | None, str | None]
"""The state that follows, the attempt, and what the module is told to do."""


def _disable(tx: Transaction, state: SyncState) -> SyncState:
    abandon_attempts(tx, state.module)
    return _without_request(state)._replace(
        heard_at=None, disabled_at=tx.now if state.disabled_at is None else state.disabled_at
    )


def _start(tx: Transaction, state: SyncState, report: Report) -> _Step:
    attempt = None if report.attempt_id is None else find_attempt(tx, state.module, report.attempt_id)
    if attempt is not None:
        if attempt.outcome != AttemptOutcome.RUNNING:
            raise _ended_otherwise(attempt)
        attempt = attempt._replace(units=max(attempt.units, report.units), cursor=report.cursor or attempt.cursor)
        save_attempt(tx, attempt)
        state = state._replace(heard_at=tx.now, cursor=report.cursor or state.cursor)
        return _told(tx, state), attempt, state.requested or attempt.requested
    abandon_attempts(tx, state.module)
    attempt = add_attempt(
        tx,
        state.module,
        report.attempt_id or new_id(),
        AttemptOutcome.RUNNING,
        started_at=tx.now if report.started_at is None else report.started_at,
        units=report.units,
        cursor=report.cursor,
        requested=state.requested,
    )
    begun = _without_request(state)._replace(
        heard_at=tx.now, last_attempt_at=attempt.started_at, disabled_at=None, cursor=report.cursor or state.cursor
    )
    return begun, attempt, attempt.requested


def _end(tx: Transaction, state: SyncState, report: Report) -> _Step:
    outcome = _ENDS[report.outcome]
    newest = find_newest(tx, state.module)
    if report.attempt_id is not None:
        attempt = find_attempt(tx, state.module, report.attempt_id)
    else:
        attempt = newest if newest is not None and newest.outcome == AttemptOutcome.RUNNING else None
    if attempt is not None and attempt.outcome == outcome:
        return _told(tx, state), attempt, state.requested  # the same report once more
    if attempt is not None and attempt.outcome not in (AttemptOutcome.RUNNING, AttemptOutcome.ABANDONED):
        raise _ended_otherwise(attempt)
    is_start_known = attempt is not None or report.started_at is not None
    is_late = attempt is not None and attempt.outcome == AttemptOutcome.ABANDONED
    attempt = _ended_attempt(tx, state, attempt, report)
    if is_late:
        return state, attempt, state.requested  # how the module fares, is said by what came after it
    state = state._replace(
        heard_at=None,
        disabled_at=None,
        last_attempt_at=attempt.started_at,
        error=attempt.error,
        cursor=report.cursor or state.cursor,
    )
    if report.error is None:
        state = state._replace(last_success_at=tx.now)
    else:
        state = state._replace(failures=state.failures + 1)
    if state.requested_at is not None:
        # Of one that was never reported to have begun, nobody knows whether it began before the request: what
        # the module does after it was told is what counts.
        is_done = attempt.started_at >= state.requested_at if is_start_known else state.told_at is not None
        state = _without_request(state) if is_done else _told(tx, state)
    return state, attempt, state.requested


def _ended_attempt(tx: Transaction, state: SyncState, attempt: SyncAttempt | None, report: Report) -> SyncAttempt:
    """The row of an attempt that has ended, written."""
    outcome, error = _ENDS[report.outcome], None if report.error is None else text_of_error(report.error)
    if attempt is not None:
        attempt = attempt._replace(
            outcome=outcome.value,
            ended_at=tx.now,
            units=max(attempt.units, report.units),
            cursor=report.cursor or attempt.cursor,
            error=error,
        )
        save_attempt(tx, attempt)
        return attempt
    abandon_attempts(tx, state.module)
    return add_attempt(
        tx,
        state.module,
        report.attempt_id or new_id(),
        outcome,
        started_at=tx.now if report.started_at is None else report.started_at,
        ended_at=tx.now,
        units=report.units,
        cursor=report.cursor,
        error=error,
    )


def _without_request(state: SyncState) -> SyncState:
    return state._replace(requested=None, requested_at=None, told_at=None)


def _told(tx: Transaction, state: SyncState) -> SyncState:
    """The state after the module was told of what is asked of it."""
    return state._replace(told_at=tx.now) if state.requested is not None and state.told_at is None else state


def _ended_otherwise(attempt: SyncAttempt) -> ConflictError:
    return ConflictError(
        f"The attempt {attempt.id} of {attempt.module} is {attempt.outcome} already.",
        action="Report a new attempt, under another id.",
        details={"module": attempt.module, "attemptId": attempt.id, "outcome": attempt.outcome},
    )


def _first_state(tx: Transaction, module: str) -> SyncState:
    most = tx.settings(SyncSettings).modules
    if count_outside(tx) >= most:
        raise ConflictError(
            f"There are {most} outside modules already.",
            action="Remove what is no more with forgetSyncModule, or raise `kernel.sync.modules`.",
            details={"module": module, "limit": "kernel.sync.modules"},
        )
    return new_state(module, ModuleKind.OUTSIDE, tx.now)
