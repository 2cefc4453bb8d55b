"""Changing a job's status by name: what a worker does with its own, and what ends a wait."""

from __future__ import annotations

from typing import Any

from synthetic import Transaction, bad_input, check_id
from synthetic_jobs.content import check_error, check_instant
from synthetic_jobs.errors import IllegalTransitionError
from synthetic_jobs.model import NEVER, AttemptOutcome, Job, JobStatus, check_transition, is_finished
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.endings import complete_job, end_run, fail_job
from synthetic_jobs.store.jobs import COLUMNS, get_job, tell_status, write_job
from synthetic_jobs.store.leases import get_held_job
from synthetic_jobs.store.operating import cancel_job

RESUMED_MAX = 200
"""Most jobs that one end of a wait sets free in one transaction."""


def update_job_status(
    tx: Transaction,
    job_id: str,
    status: JobStatus,
    *,
    lease_token: int | None = None,
    message: str | None = None,
    waiting_for: str | None = None,
    run_after: int | None = None,
) -> Job:
    """Take a job to another status, if that may follow its own; where it stands there already, nothing changes.

    The holder of a running job names its lease: WAITING lets go of the job
    until what it waits for has come, PENDING gives it back for others (neither
    counts as an attempt), COMPLETED, FAILED (for good) and CANCELLED end it.
    Anybody may end a wait (PENDING or FAILED), or cancel.

    Args:
        tx: To write in.
        job_id: The job.
        status: What it is to be.
        lease_token: What the claim gave; needed while the job runs, but not to cancel.
        message: Why it failed, was cancelled, given back or waits; FAILED needs it.
        waiting_for: What a job waits for, as `resume_waiting_jobs` will name it.
        run_after: PENDING: not to be claimed before. WAITING: it waits until then at the latest.

    Raises:
        BadUserInputError: A value is not acceptable, or missing.
        NotFoundError: There is no such job.
        LeaseLostError: The lease ran out, or the job is another's by now.
        IllegalTransitionError: The status cannot follow the job's own.
    """
    _check_company(status, waiting_for, run_after)
    if run_after is not None:
        check_instant(run_after, "runAfter")
    job = get_job(tx, job_id)
    if status == JobStatus.RUNNING:
        raise IllegalTransitionError(
            f"Job {job_id!r} is {job.status}; only a claim makes it RUNNING.",
            action="Claim it.",
            details={"id": job_id, "status": job.status, "wanted": str(status)},
        )
    if lease_token is not None:
        return _update_held(tx, job_id, lease_token, status, message, waiting_for, run_after)
    if job.status == status:
        return job
    if is_finished(job):  # `retry_job` may, which says what it means.
        raise IllegalTransitionError(
            f"Job {job_id!r} is {job.status} and cannot become {status}.",
            details={"id": job_id, "status": job.status, "wanted": str(status)},
        )
    if status == JobStatus.CANCELLED:
        return cancel_job(tx, job_id, reason=message)
    check_transition(job, status)
    if job.status == JobStatus.RUNNING:
        raise bad_input("leaseToken", "must be given: the job runs")
    if message is not None and status == JobStatus.PENDING:
        raise bad_input("message", "goes with PENDING only where a worker gives its job back")
    return _end_wait(tx, job, status, message, run_after)


def resume_waiting_jobs(tx: Transaction, waiting_for: str) -> list[Job]:
    """Return the jobs to PENDING that wait for something which has come now.

    Args:
        tx: To write in.
        waiting_for: As they named it when they let go.

    Returns:
        The jobs, at most 200; call again while there are so many.
    """
    jobs = tx.records(
        Job,
        f"SELECT {COLUMNS} FROM sync_jobs WHERE waiting_for = :waiting_for ORDER BY id LIMIT :limit",
        {"waiting_for": waiting_for, "limit": RESUMED_MAX},
    )
    return [_end_wait(tx, job, JobStatus.PENDING, None, None) for job in jobs]


def _check_company(status: JobStatus, waiting_for: str | None, run_after: int | None) -> None:
    """Refuse what does not go with a status."""
    if waiting_for is not None and status != JobStatus.WAITING:
        raise bad_input("waitingFor", "goes only with the status WAITING")
    if run_after is not None and status not in (JobStatus.WAITING, JobStatus.PENDING):
        raise bad_input("runAfter", "goes only with the statuses PENDING and WAITING")


def _update_held(
    tx: Transaction,
    job_id: str,
    lease_token: int,
    status: JobStatus,
    message: str | None,
    waiting_for: str | None,
    run_after: int | None,
) -> Job:
    """What the holder of a job makes of it."""
    if status == JobStatus.COMPLETED:
        return complete_job(tx, job_id, lease_token)
    if status == JobStatus.FAILED:
        return fail_job(tx, job_id, lease_token, _needed(message), retryable=False)
    job = get_held_job(tx, job_id, lease_token)
    error = None if message is None else check_error(message, "message", tx.settings(JobSettings))
    if status == JobStatus.CANCELLED:
        columns: dict[str, Any] = {} if error is None else {"error_message": error}
        return end_run(tx, job, status, AttemptOutcome.CANCELLED, error=error, **columns)
    if status == JobStatus.PENDING:
        due = tx.now if run_after is None else run_after
        return end_run(tx, job, status, AttemptOutcome.RELEASED, error=error, attempts=job.attempts - 1, run_after=due)
    return end_run(
        tx,
        job,
        status,
        AttemptOutcome.WAITING,
        error=error,
        attempts=job.attempts - 1,
        waiting_for=None if waiting_for is None else check_id(waiting_for, "waitingFor"),
        run_after=NEVER if run_after is None else run_after,
    )


def _end_wait(tx: Transaction, job: Job, status: JobStatus, message: str | None, run_after: int | None) -> Job:
    """What a wait comes to: another run, or a failure."""
    if status == JobStatus.FAILED:
        error = check_error(_needed(message), "message", tx.settings(JobSettings))
        changes: dict[str, Any] = {"completed_at": tx.now, "error_message": error}
    else:
        error, changes = None, {"run_after": tx.now if run_after is None else run_after}
    after = write_job(tx, job, status=str(status), waiting_for=None, **changes)
    tell_status(tx, job, after, error=error)
    return after


def _needed(message: str | None) -> str:
    if message is None:
        raise bad_input("message", "must say what went wrong")
    return message
