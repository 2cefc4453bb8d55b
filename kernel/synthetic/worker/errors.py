"""What a handler raises to say how an attempt ends, and what a request can end with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from synthetic.validation import BadUserInputError, check_id

PAUSE_SECONDS_MAX = 366 * 24 * 3_600
"""The longest pause that the store takes."""

EPOCH_YEAR = 1970


class AttemptEnded(BaseException):
    """The attempt is over, and what the handler would return counts no more.

    No `Exception`, so that a handler that catches those to go on with its next
    item does not go on with a job that it has let go.
    """


class LeaseLost(AttemptEnded):
    """The job is held by this worker no more: nothing that it does changes the job."""


class JobCancelled(AttemptEnded):
    """Somebody wants the job cancelled; raised through, it acknowledges that."""


class Released(AttemptEnded):
    """The job goes back, to be claimed by any worker; this attempt does not count."""


class Waiting(AttemptEnded):
    """The job waits for something, and holds no worker meanwhile; this attempt does not count.

    Attributes:
        waiting_for: What it waits for.
        until: When it waits no longer; None: without an end.
    """

    def __init__(self, waiting_for: str, until: datetime | None = None) -> None:
        """Check it here, where the handler can be told that the store would refuse it.

        Raises:
            ValueError: `waiting_for` does not have 1 to 200 printable characters, or has white space at its ends;
                `until` has no offset, or is before 1970.
        """
        try:
            check_id(waiting_for, "what the job waits for")
        except BadUserInputError as error:
            raise ValueError(str(error)) from error
        if until is not None:
            _check_instant(until)
        self.waiting_for = waiting_for
        self.until = until
        super().__init__(waiting_for)


class PermanentFailure(Exception):  # noqa: N818 - what a handler says about its job
    """Trying again cannot help: the job has failed for good."""


class ApprovalRefused(PermanentFailure):
    """The approval that the handler needs was rejected or cancelled, or nobody gave it in time."""


class RetryLater(Exception):  # noqa: N818 - what a handler says about its job
    """The attempt failed; the next one, if the job has any left, begins after a pause of the handler's choice.

    Attributes:
        seconds: The pause.
    """

    def __init__(self, seconds: float, message: str = "It is to be tried again later.") -> None:
        """Check it here, where the handler can be told that the store would refuse it.

        Raises:
            ValueError: The pause is negative, longer than 366 days, or no number.
        """
        # "Not a number" is within no bounds.
        if not 0 <= seconds <= PAUSE_SECONDS_MAX:
            raise ValueError(f"the pause must not be negative, nor longer than {PAUSE_SECONDS_MAX:,} seconds")
        self.seconds = seconds
        super().__init__(message)


class RequestFailedError(Exception):
    """A request to the server did not do what it should.

    Attributes:
        recoverable: Whether the same request may succeed later, unchanged.
        retry_after_ms: After how long, where the server said so.
    """

    recoverable: bool = True
    retry_after_ms: int | None = None


class UnreachableError(RequestFailedError):
    """No answer of the store came; whether the request was carried out is not known."""


class StoreError(RequestFailedError):
    """The store refused a request: the error contract, as an exception.

    Attributes:
        code: Stable, documented text (docs/errors.md).
        message: For a person.
        action: What can be done about it.
        details: More about it, by code.
        correlation_id: Under which the server's log says more.
    """

    def __init__(self, contract: Mapping[str, Any], message: str = "") -> None:
        """Take it from `extensions` of a GraphQL error, or from a plain answer, in the same words.

        Args:
            contract: The error contract.
            message: For a contract that has none.
        """
        self.code = str(contract.get("code") or "UNKNOWN")
        self.message = str(contract.get("message") or message)
        self.recoverable = contract.get("recoverable") is True
        wait = contract.get("retryAfterMs")
        self.retry_after_ms = wait if isinstance(wait, int) else None
        self.action = str(contract.get("action") or "")
        self.details: Mapping[str, Any] = contract.get("details") or {}
        self.correlation_id = str(contract.get("correlationId") or "")
        super().__init__(f"{self.code}: {self.message}")


def _check_instant(instant: datetime) -> None:
    if instant.utcoffset() is None:
        raise ValueError("until needs a time zone")
    try:
        in_utc = instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("until must be an instant of the years 1970 to 9999") from error
    if in_utc.year < EPOCH_YEAR:
        raise ValueError("until must be an instant of the years 1970 to 9999")
