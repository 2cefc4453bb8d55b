"""How an attempt ends, and what becomes of the job then."""

from __future__ import annotations

from typing import Any

from synthetic import Backoff, Transaction, bad_input
from synthetic_jobs.content import check_error, check_result
from synthetic_jobs.model import FINISHED, AttemptOutcome, Job, JobStatus
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.attempts import end_attempt, find_outcome
from synthetic_jobs.store.jobs import get_job, tell_status, write_job
from synthetic_jobs.store.leases import is_held, lease_lost

RETRY_AFTER_MS_MAX = 366 * 24 * 3_600_000
NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_ms": None, "lease_expires_at": None}


def end_run(
    tx: Transaction,
    job: Job,
    status: JobStatus,
    outcome: AttemptOutcome,
    *,
    error: str | None = None,
    **columns: Any,
) -> Job:
    """Take a running job from its holder.

    Where it was to be cancelled, it is: whatever else would have come next,
    unless it is complete.

    Args:
        tx: To write in.
        job: It runs.
        status: What it is to be.
        outcome: How the attempt ended.
        error: What went wrong, for the history.
        columns: What else of it changes.
    """
    if job.cancel_requested_at is not None and status != JobStatus.COMPLETED:
        status = JobStatus.CANCELLED
        columns = {name: columns[name] for name in ("attempts", "error_message") if name in columns}
    changes: dict[str, Any] = {**NO_LEASE, **columns, "status": str(status)}
    if status in FINISHED:
        changes["completed_at"] = tx.now
    after = write_job(tx, job, **changes)
    end_attempt(tx, job, outcome, error)
    tell_status(tx, job, after, worker=job.lease_owner, outcome=str(outcome), error=error)
    return after


def complete_job(tx: Transaction, job_id: str, lease_token: int, result: object = None) -> Job:
    """Finish a job well. Sent again after its answer was lost, it changes nothing.

    Args:
        tx: To write in.
        job_id: The job.
        lease_token: What the claim gave.
        result: What it came to: JSON; None for nothing.

    Raises:
        BadUserInputError: The result is not acceptable.
        NotFoundError: There is no such job.
        LeaseLostError: The lease ran out, or the job is another's by now.
    """
    text = None if result is None else check_result(result, tx.settings(JobSettings))
    job = get_job(tx, job_id)
    if not is_held(tx, job, lease_token):
        if find_outcome(tx, job_id, lease_token) == AttemptOutcome.COMPLETED:
            return job
        raise lease_lost(job, lease_token)
    return end_run(
        tx, job, JobStatus.COMPLETED, AttemptOutcome.COMPLETED, result=text, progress=100, error_message=None
    )


def fail_job(
    tx: Transaction,
    job_id: str,
    lease_token: int,
    error_message: str,
    *,
    retryable: bool = True,
    retry_after_ms: int | None = None,
) -> Job:
    """End an attempt that went wrong. Sent again after its answer was lost, it changes nothing.

    With attempts left the job is PENDING again, due after a pause: random
    between 0 and `retry_first_ms` doubled with each attempt, at most
    `retry_ceiling_ms` (full jitter). Else it has FAILED for good.

    Args:
        tx: To write in.
        job_id: The job.
        lease_token: What the claim gave.
        error_message: What went wrong; cut where it is too long.
        retryable: Whether another attempt could go better.
        retry_after_ms: The pause, where the worker knows it.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such job.
        LeaseLostError: The lease ran out, or the job is another's by now.
    """
    settings = tx.settings(JobSettings)
    message = check_error(error_message, "errorMessage", settings)
    if retry_after_ms is not None and not 0 <= retry_after_ms <= RETRY_AFTER_MS_MAX:
        raise bad_input("retryAfterMs", f"must be from 0 to {RETRY_AFTER_MS_MAX:,}")
    job = get_job(tx, job_id)
    if not is_held(tx, job, lease_token):
        if find_outcome(tx, job_id, lease_token) == AttemptOutcome.FAILED:
            return job
        raise lease_lost(job, lease_token)
    if not retryable or job.attempts >= job.max_attempts:
        return end_run(tx, job, JobStatus.FAILED, AttemptOutcome.FAILED, error=message, error_message=message)
    if retry_after_ms is None:
        backoff = Backoff(settings.retry_first_ms, settings.retry_ceiling_ms)
        retry_after_ms = int(backoff.pause_ms(job.attempts - 1))
    return end_run(
        tx,
        job,
        JobStatus.PENDING,
        AttemptOutcome.FAILED,
        error=message,
        error_message=message,
        run_after=tx.now + retry_after_ms,
    )
