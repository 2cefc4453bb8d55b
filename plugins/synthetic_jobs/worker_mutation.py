"""Root mutation fields for workers: to claim a job, and what the holder of a job says."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence

import strawberry

from synthetic import BlockingStore, Snapshot, Transaction, bad_input, mutation
from synthetic_jobs import store as job_store
from synthetic_jobs.model import FINISHED
from synthetic_jobs.model import Job as JobRecord
from synthetic_jobs.parts import JobCheckpoint
from synthetic_jobs.types import Job
from synthetic_jobs.worker_inputs import (
    ClaimJobInput,
    CompleteJobInput,
    FailJobInput,
    HeartbeatJobInput,
    SaveCheckpointInput,
    UpdateJobProgressInput,
    UpdateJobStatusInput,
)

_CANCEL_REQUESTED = (
    "Whether somebody wants it cancelled: stop, and say `updateJobStatus` with CANCELLED and the leaseToken."
)


@strawberry.type(description="What `claimJob` came to.")
class ClaimJobPayload:
    """The payload of `claimJob`."""

    job: Job | None = strawberry.field(description="The first of the jobs; null when there is nothing to do now.")
    jobs: list[Job] = strawberry.field(description="The jobs, RUNNING now, the most urgent first.")


@strawberry.type(description="What `heartbeatJob` came to.")
class HeartbeatJobPayload:
    """The payload of `heartbeatJob`."""

    job: Job = strawberry.field(description="The job, with its new lease.")
    cancel_requested: bool = strawberry.field(description=_CANCEL_REQUESTED)


@strawberry.type(description="What `updateJobProgress` came to.")
class UpdateJobProgressPayload:
    """The payload of `updateJobProgress`."""

    job: Job = strawberry.field(description="The job as it is now.")
    cancel_requested: bool = strawberry.field(description=_CANCEL_REQUESTED)


@strawberry.type(description="What `updateJobStatus` came to.")
class UpdateJobStatusPayload:
    """The payload of `updateJobStatus`."""

    job: Job = strawberry.field(description="The job as it is now.")


@strawberry.type(description="What `saveCheckpoint` came to.")
class SaveCheckpointPayload:
    """The payload of `saveCheckpoint`."""

    checkpoint: JobCheckpoint = strawberry.field(description="The checkpoint as it is stored.")
    job: Job = strawberry.field(description="The job as it is now.")
    cancel_requested: bool = strawberry.field(description=_CANCEL_REQUESTED)


@strawberry.type(description="What `completeJob` came to.")
class CompleteJobPayload:
    """The payload of `completeJob`."""

    job: Job = strawberry.field(description="The job as it is now.")


@strawberry.type(description="What `failJob` came to.")
class FailJobPayload:
    """The payload of `failJob`."""

    job: Job = strawberry.field(description="The job as it is now.")
    will_retry: bool = strawberry.field(description="Whether it is PENDING again, after its `runAfter`.")


@mutation(entity="job", recorded="changes")
def claim_job(store: BlockingStore, input: ClaimJobInput) -> ClaimJobPayload:
    """Take jobs that are due, of some kinds, or one by its id; each is held by a lease, which has to be renewed.

    What has the highest priority comes first, and of that what has been due for longest.
    """
    if (input.kinds is None) == (input.id is None):
        raise bad_input("kinds", "or id must be given, and not both")
    if input.id is not None:
        claimed = [store.write(_claim_one, input.id, input)]
    elif store.read(_is_anything_claimable, input.kinds or (), input):
        claimed = store.write(_claim_some, input.kinds or (), input)
    else:
        claimed = []
    jobs = [Job.of(record) for record in claimed]
    return ClaimJobPayload(job=jobs[0] if jobs else None, jobs=jobs)


@mutation(recorded=False)
def heartbeat_job(tx: Transaction, input: HeartbeatJobInput) -> HeartbeatJobPayload:
    """Renew the lease of a job, and hear whether it is still wanted."""
    record = job_store.heartbeat_job(tx, input.id, input.lease_token, lease_ms=input.lease_ms)
    return HeartbeatJobPayload(job=Job.of(record), cancel_requested=_is_cancel_requested(record))


@mutation(recorded=False)
def update_job_progress(tx: Transaction, input: UpdateJobProgressInput) -> UpdateJobProgressPayload:
    """Say how far a job has come; it renews the lease as well."""
    record = job_store.update_job_progress(tx, input.id, input.lease_token, progress=input.progress, phase=input.phase)
    return UpdateJobProgressPayload(job=Job.of(record), cancel_requested=_is_cancel_requested(record))


@mutation(entity="job")
def update_job_status(tx: Transaction, input: UpdateJobStatusInput) -> UpdateJobStatusPayload:
    """Take a job to another status: let it wait, give it back, acknowledge a cancel, or end a wait."""
    record = job_store.update_job_status(
        tx,
        input.id,
        input.status,
        lease_token=input.lease_token,
        message=input.message,
        waiting_for=input.waiting_for,
        run_after=input.run_after,
    )
    return UpdateJobStatusPayload(job=Job.of(record))


@mutation(recorded=False)
def save_checkpoint(tx: Transaction, input: SaveCheckpointInput) -> SaveCheckpointPayload:
    """Keep where a job can go on from; it renews the lease as well."""
    checkpoint = job_store.save_checkpoint(tx, input.job_id, input.lease_token, input.phase, input.data)
    record = job_store.get_job(tx, input.job_id)
    return SaveCheckpointPayload(
        checkpoint=JobCheckpoint.of(checkpoint), job=Job.of(record), cancel_requested=_is_cancel_requested(record)
    )


@mutation(entity="job")
def complete_job(tx: Transaction, input: CompleteJobInput) -> CompleteJobPayload:
    """Finish a job that was done; sent again after its answer was lost, it changes nothing."""
    return CompleteJobPayload(job=Job.of(job_store.complete_job(tx, input.id, input.lease_token, input.result)))


@mutation(entity="job")
def fail_job(tx: Transaction, input: FailJobInput) -> FailJobPayload:
    """End an attempt that failed; the job is tried again while it has attempts left, and has FAILED after that.

    Sent again after its answer was lost, it changes nothing.
    """
    record = job_store.fail_job(
        tx,
        input.id,
        input.lease_token,
        input.error_message,
        retryable=input.retryable,
        retry_after_ms=input.retry_after_ms,
    )
    return FailJobPayload(job=Job.of(record), will_retry=record.status not in FINISHED)


def _claim_one(tx: Transaction, job_id: str, input: ClaimJobInput) -> JobRecord:
    return job_store.claim_job(tx, job_id, input.worker, lease_ms=input.lease_ms)


def _is_anything_claimable(snapshot: Snapshot, kinds: Sequence[str], input: ClaimJobInput) -> bool:
    return job_store.is_anything_claimable(snapshot, kinds, input.worker, limit=input.limit, lease_ms=input.lease_ms)


def _claim_some(tx: Transaction, kinds: Sequence[str], input: ClaimJobInput) -> list[JobRecord]:
    return job_store.claim_jobs(tx, kinds, input.worker, limit=input.limit, lease_ms=input.lease_ms)


def _is_cancel_requested(record: JobRecord) -> bool:
    return record.cancel_requested_at is not None
