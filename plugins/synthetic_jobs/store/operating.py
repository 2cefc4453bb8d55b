"""What an operator does with a job: cancel it, give it another attempt, or run it again as a new one."""

from __future__ import annotations

from typing import Any

from synthetic import ConflictError, Transaction, bad_input, check_id
from synthetic_jobs.content import check_error
from synthetic_jobs.errors import IllegalTransitionError
from synthetic_jobs.events import JOB_CANCEL_REQUESTED, job_payload
from synthetic_jobs.model import AttemptOutcome, Job, JobContent, JobStatus, check_transition, is_finished
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.checkpoints import copy_checkpoints, find_checkpoint
from synthetic_jobs.store.endings import end_run
from synthetic_jobs.store.jobs import find_job, get_job, insert_job, tell_status, write_job

_REPLAYED = tuple(name for name in JobContent.__annotations__ if name not in ("idempotency_key", "run_after"))


def cancel_job(tx: Transaction, job_id: str, *, force: bool = False, reason: str | None = None) -> Job:
    """Cancel a job: at once if nobody runs it, else as soon as its worker hears of it.

    A job that is CANCELLED, or about to be, stays as it is.

    Args:
        tx: To write in.
        job_id: The job.
        force: Do not wait for the worker, which then finds its lease lost.
        reason: Why, for whoever looks at the job.

    Raises:
        BadUserInputError: The reason is not acceptable.
        NotFoundError: There is no such job.
        IllegalTransitionError: It is complete, or has failed.
    """
    error = None if reason is None else check_error(reason, "reason", tx.settings(JobSettings))
    job = get_job(tx, job_id)
    if job.status == JobStatus.CANCELLED:
        return job
    check_transition(job, JobStatus.CANCELLED)
    because: dict[str, Any] = {} if error is None else {"error_message": error}
    if job.status != JobStatus.RUNNING:
        after = write_job(tx, job, status=str(JobStatus.CANCELLED), waiting_for=None, completed_at=tx.now, **because)
        tell_status(tx, job, after, error=error)
        return after
    if force:
        return end_run(tx, job, JobStatus.CANCELLED, AttemptOutcome.CANCELLED, error=error, **because)
    if job.cancel_requested_at is not None:
        return job
    after = write_job(tx, job, cancel_requested_at=tx.now, **because)
    payload = job_payload(after, worker=job.lease_owner, progress=after.progress, phase=after.phase)
    tx.emit(JOB_CANCEL_REQUESTED, job.id, construct_id=job.construct_id, payload=payload)
    return after


def retry_job(tx: Transaction, job_id: str) -> Job:
    """Give a job that failed or was cancelled another attempt; its checkpoints are kept.

    Raises:
        NotFoundError: There is no such job.
        IllegalTransitionError: It is something else.
    """
    job = get_job(tx, job_id)
    if not is_finished(job):
        raise IllegalTransitionError(
            f"Job {job_id!r} is {job.status}: only one that failed or was cancelled can be tried again.",
            details={"id": job_id, "status": job.status, "wanted": str(JobStatus.PENDING)},
        )
    check_transition(job, JobStatus.PENDING)
    after = write_job(
        tx,
        job,
        status=str(JobStatus.PENDING),
        max_attempts=max(job.max_attempts, job.attempts + 1),
        retries=job.retries + 1,
        run_after=tx.now,
        cancel_requested_at=None,
        completed_at=None,
    )
    tell_status(tx, job, after)
    return after


def replay_job(
    tx: Transaction,
    job_id: str,
    *,
    from_phase: str | None = None,
    from_start: bool = False,
    new_id: str | None = None,
) -> Job:
    """Make a new job of one that has finished, to do the same again from a checkpoint.

    Args:
        tx: To write in.
        job_id: The job that has finished.
        from_phase: The last checkpoint that the new one begins with; None: the latest.
        from_start: Begin without any.
        new_id: The new job's id; None: a UUIDv7. Sent again with the same id, it returns the job that it made.

    Raises:
        BadUserInputError: Both a phase and the start are named, or the id is not acceptable.
        NotFoundError: There is no such job or checkpoint.
        ConflictError: There is another job with the new id.
        IllegalTransitionError: The job has not finished.
    """
    if from_start and from_phase is not None:
        raise bad_input("fromPhase", "does not go with fromStart")
    job = get_job(tx, job_id)
    made = None if new_id is None else find_job(tx, check_id(new_id, "newId"))
    if made is not None:
        if made.replay_of != job_id:
            raise ConflictError(
                f"There is a job {new_id!r}, and it is no replay of {job_id!r}.",
                details={"field": "newId", "id": new_id},
            )
        return made
    if not is_finished(job):
        raise IllegalTransitionError(
            f"Job {job_id!r} is {job.status}: only one that has finished can be replayed.",
            action="Wait for its end, or cancel it first.",
            details={"id": job_id, "status": job.status},
        )
    checkpoint = None if from_start else find_checkpoint(tx, job_id, from_phase)
    content = {name: getattr(job, name) for name in _REPLAYED}
    replay = insert_job(tx, new_id, content, parent_must_exist=False, replay_of=job_id)
    if checkpoint is not None:
        copy_checkpoints(tx, checkpoint, replay.id)
    return replay
