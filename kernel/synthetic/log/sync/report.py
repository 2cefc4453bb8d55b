"""A report of an outside module, as it comes in, and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from synthetic.database.transaction import Transaction
from synthetic.error_contract import CODE_PATTERN
from synthetic.errors import SyntheticError
from synthetic.log.sync.model import SyncError, SyncOutcome
from synthetic.validation import bad_input, check_id, check_text

CODE_CHARACTERS_MAX = 100
TEXT_CHARACTERS_MAX = 1_000
CURSOR_CHARACTERS_MAX = 2_000
DEFAULT_ACTION = "Look for the reason where the module runs."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedError:
    """Why an attempt has failed, as its module says.

    Attributes:
        code: Upper-case words joined by underscores.
        message: For a person, without internals.
        recoverable: Whether the same may succeed later, unchanged.
        retry_after_ms: How long to wait before that, in milliseconds.
        action: What to do about it.
    """

    code: str
    message: str
    recoverable: bool = False
    retry_after_ms: int | None = None
    action: str | None = None


class Report(NamedTuple):
    """A report whose values fit.

    Attributes:
        outcome: What it says.
        attempt_id: The module's own name for the attempt.
        started_at: When the attempt began, Unix milliseconds; None: it is not said.
        cursor: How far the module has come.
        error: Why the attempt has failed.
        units: How much it did.
    """

    outcome: SyncOutcome
    attempt_id: str | None
    started_at: int | None
    cursor: str | None
    error: SyncError | None
    units: int


def check_report(
    tx: Transaction,
    module: str,
    outcome: SyncOutcome,
    attempt_id: str | None,
    started_at: int | None,
    cursor: str | None,
    expected_interval_ms: int | None,
    error: ReportedError | SyntheticError | None,
    units: int,
) -> Report:
    """A report whose values all fit; what they mean is said by `report_sync`.

    Raises:
        BadUserInputError: A value does not fit.
    """
    check_id(module, "module")
    if attempt_id is not None:
        check_id(attempt_id, "attemptId")
    if cursor is not None:
        check_text(cursor, "cursor", characters_max=CURSOR_CHARACTERS_MAX)
    for field, number in (("startedAt", started_at), ("expectedIntervalMs", expected_interval_ms), ("units", units)):
        if number is not None and number < 0:
            raise bad_input(field, "must not be negative")
    if (error is not None) != (outcome is SyncOutcome.FAILED):
        raise bad_input("error", "must be given with FAILED" if error is None else "must be given only with FAILED")
    # A clock that goes ahead of ours must not make an attempt begin after it was reported.
    began_at = None if started_at is None else min(started_at, tx.now)
    return Report(outcome, attempt_id, began_at, cursor, None if error is None else _check_error(tx, error), units)


def _check_error(tx: Transaction, error: ReportedError | SyntheticError) -> SyncError:
    if isinstance(error, SyntheticError):
        return SyncError.of(error, tx.origin.correlation_id, tx.now)
    if len(error.code) > CODE_CHARACTERS_MAX or not CODE_PATTERN.fullmatch(error.code):
        raise bad_input("error.code", f"must be upper-case words joined by underscores, at most {CODE_CHARACTERS_MAX}")
    check_text(error.message, "error.message", characters_max=TEXT_CHARACTERS_MAX, characters_min=1)
    if error.action is not None:
        check_text(error.action, "error.action", characters_max=TEXT_CHARACTERS_MAX, characters_min=1)
    if error.retry_after_ms is not None and error.retry_after_ms < 0:
        raise bad_input("error.retryAfterMs", "must not be negative")
    return SyncError(
        code=error.code,
        message=error.message,
        recoverable=error.recoverable,
        retry_after_ms=error.retry_after_ms,
        action=error.action or DEFAULT_ACTION,
        correlation_id=tx.origin.correlation_id,
        occurred_at=tx.now,
    )
