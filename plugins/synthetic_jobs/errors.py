"""What this plugin raises beyond the kernel's own codes."""

from __future__ import annotations

from synthetic import ConflictError, ExitCode, SyntheticError


class LeaseLostError(ConflictError):
    """The job is not held by this lease any more."""

    code = "LEASE_LOST"
    action = "Stop this attempt and claim anew; what it has not saved does not count."


class IllegalTransitionError(ConflictError):
    """A job cannot go from its status to the one that is asked for."""

    code = "ILLEGAL_TRANSITION"
    action = "Read the job; `details.status` is where it stands."


class JobsNotCompletedError(SyntheticError):
    """Jobs that were watched have ended, and not all of them completed."""

    code = "JOBS_NOT_COMPLETED"
    action = "See why with `synthetic jobs show ID`; what failed or was cancelled can be retried."
    exit_code = ExitCode.DATA


class JobFailedError(SyntheticError):
    """A job has failed for good."""

    code = "JOB_FAILED"
    action = "Mend what it failed of, then retry its dead letter, or the job itself."
    exit_code = ExitCode.DATA
