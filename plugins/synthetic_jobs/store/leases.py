"""What the holder of a job may do with it: prove that it lives, and say how far it has come.

A lease is a promise of the worker to be heard of again before it runs out.
Whatever the worker does renews it. Once it has run out, or the job was given
to somebody else, nothing of it is accepted any more.
"""

from __future__ import annotations

from typing import Any

from synthetic import Snapshot, Transaction, bad_input, check_id
from synthetic_jobs.content import check_whole
from synthetic_jobs.errors import LeaseLostError
from synthetic_jobs.events import JOB_PROGRESSED, job_payload
from synthetic_jobs.model import Job, JobStatus
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.jobs import get_job, write_job

LEASE_MS_MIN = 100


def check_lease_ms(snapshot: Snapshot, lease_ms: int | None) -> int:
    """How long a lease is to be, within what the settings allow.

    Raises:
        BadUserInputError: It is too short or too long.
    """
    settings = snapshot.settings(JobSettings)
    if lease_ms is None:
        return min(settings.lease_ms, settings.lease_ms_max)
    return check_whole(lease_ms, "leaseMs", LEASE_MS_MIN, settings.lease_ms_max)


def is_held(tx: Transaction, job: Job, lease_token: int) -> bool:
    """Whether this lease still holds the job."""
    return (
        job.status == JobStatus.RUNNING
        and job.lease_token == lease_token
        and job.lease_expires_at is not None
        and job.lease_expires_at > tx.now
    )


def lease_lost(job: Job, lease_token: int) -> LeaseLostError:
    """The error for a lease that holds the job no more."""
    return LeaseLostError(
        f"Lease {lease_token} does not hold job {job.id!r} any more.",
        details={"id": job.id, "leaseToken": lease_token, "status": job.status},
    )


def get_held_job(tx: Transaction, job_id: str, lease_token: int) -> Job:
    """The job, if this lease holds it.

    Raises:
        NotFoundError: There is no such job.
        LeaseLostError: The lease ran out, or the job is another's by now.
    """
    job = get_job(tx, job_id)
    if not is_held(tx, job, lease_token):
        raise lease_lost(job, lease_token)
    return job


def renewed(tx: Transaction, job: Job, lease_ms: int | None = None) -> dict[str, Any]:
    """The columns of a lease that is renewed, as long as the one before unless `lease_ms` says otherwise."""
    lasting_ms = job.lease_ms if lease_ms is None else check_lease_ms(tx, lease_ms)
    return {"lease_ms": lasting_ms, "lease_expires_at": tx.now + (lasting_ms or 0)}


def heartbeat_job(tx: Transaction, job_id: str, lease_token: int, *, lease_ms: int | None = None) -> Job:
    """Prove that the worker lives. No event: heartbeats are no history.

    Args:
        tx: To write in.
        job_id: The job.
        lease_token: What the claim gave.
        lease_ms: How long the lease shall last from now; None: as long as before.

    Returns:
        The job; `cancel_requested_at` says whether somebody wants it cancelled.

    Raises:
        BadUserInputError: The lease would be too short or too long.
        NotFoundError: There is no such job.
        LeaseLostError: The lease ran out, or the job is another's by now.
    """
    job = get_held_job(tx, job_id, lease_token)
    return write_job(tx, job, **renewed(tx, job, lease_ms), updated_at=job.updated_at)


def update_job_progress(
    tx: Transaction, job_id: str, lease_token: int, *, progress: int | None = None, phase: str | None = None
) -> Job:
    """Say how far a running job has come. The last to write wins; what is no news makes no event.

    Args:
        tx: To write in.
        job_id: The job.
        lease_token: What the claim gave.
        progress: 0 to 100; None: as it was.
        phase: What is being done; None: as it was.

    Raises:
        BadUserInputError: A value is not acceptable, or there is none.
        NotFoundError: There is no such job.
        LeaseLostError: The lease ran out, or the job is another's by now.
    """
    if progress is None and phase is None:
        raise bad_input("progress", "or phase must be given")
    news: dict[str, Any] = {}
    if progress is not None:
        news["progress"] = check_whole(progress, "progress", 0, 100)
    if phase is not None:
        news["phase"] = check_id(phase, "phase")
    job = get_held_job(tx, job_id, lease_token)
    after = write_job(tx, job, **news, **renewed(tx, job))
    if (after.progress, after.phase) != (job.progress, job.phase):
        payload = job_payload(after, progress=after.progress, phase=after.phase)
        tx.emit(JOB_PROGRESSED, job.id, construct_id=job.construct_id, payload=payload)
    return after
