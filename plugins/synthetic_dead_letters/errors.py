"""What this plugin raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ConflictError, ExitCode, SyntheticError


class DeadLetterEndedError(ConflictError):
    """The dead letter was resolved or discarded before."""

    code = "DEAD_LETTER_ENDED"
    action = "Leave it as it is; what it came to is in `details`."


class DeadLetterRetryingError(ConflictError):
    """A retry of the dead letter is under way."""

    code = "DEAD_LETTER_RETRYING"
    recoverable = True
    action = "Wait for what comes of it, or resolve or discard the letter."


class DeadLetterBlockedError(ConflictError):
    """An earlier dead letter with the same key is not dealt with."""

    code = "DEAD_LETTER_BLOCKED"
    recoverable = True
    action = "Deal with the earlier letter first, or retry with `outOfOrder: true`."


class NotRetryableError(ConflictError):
    """The store does not know how dead letters of this source are retried."""

    code = "DEAD_LETTER_NOT_RETRYABLE"
    action = "Retry it where it came from, then say so with `resolveDeadLetter` or `incrementRetry`."


class RetryLostError(SyntheticError):
    """Nothing was heard of a retry for too long."""

    code = "DEAD_LETTER_RETRY_LOST"
    recoverable = True
    action = "Look what became of the retry before it is tried again."
    http_status = 503
    exit_code = ExitCode.TRY_AGAIN
