"""Root mutation fields for those who want work done, and for operators.

What workers say stands in `worker_mutation.py`.
"""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Self

import strawberry

from synthetic import BlockingStore, Transaction, mutation
from synthetic_jobs import store as job_store
from synthetic_jobs.inputs import (
    CancelJobInput,
    CancelJobsInput,
    ReplayJobInput,
    RetryJobInput,
    RetryJobsInput,
    SaveJobInput,
    SaveJobLimitInput,
)
from synthetic_jobs.parts import JobLimit
from synthetic_jobs.store import BulkChange
from synthetic_jobs.types import Job


@strawberry.type(description="What `saveJob` came to.")
class SaveJobPayload:
    """The payload of `saveJob`."""

    job: Job = strawberry.field(description="The job as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@strawberry.type(description="What `cancelJob` came to.")
class CancelJobPayload:
    """The payload of `cancelJob`."""

    job: Job = strawberry.field(
        description="The job as it is now: CANCELLED, or RUNNING with `cancelRequestedAt` until its worker lets go."
    )


@strawberry.type(description="What `retryJob` came to.")
class RetryJobPayload:
    """The payload of `retryJob`."""

    job: Job = strawberry.field(description="The job, PENDING again, with the checkpoints that it had.")


@strawberry.type(description="What `replayJob` came to.")
class ReplayJobPayload:
    """The payload of `replayJob`."""

    job: Job = strawberry.field(description="The new job; `replayOf` is the one that it repeats.")


@strawberry.type(description="What became of the jobs that a filter finds.")
class BulkJobsPayload:
    """The payload of `cancelJobs` and `retryJobs`."""

    matched: int = strawberry.field(description="How many jobs there were to change, at most 10,000.")
    changed: int = strawberry.field(description="How many were changed; 0 with dryRun.")
    complete: bool = strawberry.field(description="Whether there are no more. If not, send it again.")

    @classmethod
    def of(cls, change: BulkChange) -> Self:
        """The object of what the store says."""
        return cls(matched=change.matched, changed=change.changed, complete=change.complete)


@strawberry.type(description="What `saveJobLimit` came to.")
class SaveJobLimitPayload:
    """The payload of `saveJobLimit`."""

    limit: JobLimit | None = strawberry.field(description="The limit as it is now; null where it was taken away.")


@mutation(entity="job")
def save_job(tx: Transaction, input: SaveJobInput) -> SaveJobPayload:
    """Store a job for workers to claim, or change one; what is there already as sent is returned as it is.

    Once a job runs or has finished, only its metadata can be changed.
    """
    saved = job_store.save_job(tx, input.content(), job_id=input.id, if_version=input.if_version)
    return SaveJobPayload(job=Job.of(saved.job), created=saved.created, changed=saved.changed)


@mutation(entity="job")
def cancel_job(tx: Transaction, input: CancelJobInput) -> CancelJobPayload:
    """Cancel a job: at once, or if it runs as soon as its worker hears of it; what is cancelled stays as it is."""
    return CancelJobPayload(job=Job.of(job_store.cancel_job(tx, input.id, force=input.force, reason=input.reason)))


@mutation(entity="job")
def retry_job(tx: Transaction, input: RetryJobInput) -> RetryJobPayload:
    """Give a job that failed or was cancelled another attempt, at once; it goes on from its latest checkpoint."""
    return RetryJobPayload(job=Job.of(job_store.retry_job(tx, input.id)))


@mutation(entity="job")
def replay_job(tx: Transaction, input: ReplayJobInput) -> ReplayJobPayload:
    """Make a new job that does the same as one that has finished, from any of its checkpoints."""
    made = job_store.replay_job(
        tx, input.id, from_phase=input.from_phase, from_start=input.from_start, new_id=input.new_id
    )
    return ReplayJobPayload(job=Job.of(made))


@mutation(entity="job")
def cancel_jobs(store: BlockingStore, input: CancelJobsInput) -> BulkJobsPayload:
    """Cancel all jobs that a filter finds and that have not finished, at most 10,000 a call, in small transactions."""
    change = job_store.cancel_jobs(
        store, input.filter.criteria(), force=input.force, reason=input.reason, dry_run=input.dry_run
    )
    return BulkJobsPayload.of(change)


@mutation(entity="job")
def retry_jobs(store: BlockingStore, input: RetryJobsInput) -> BulkJobsPayload:
    """Give all jobs that a filter finds and that failed or were cancelled another attempt, as `cancelJobs` does."""
    return BulkJobsPayload.of(job_store.retry_jobs(store, input.filter.criteria(), dry_run=input.dry_run))


@mutation(entity="job_limit", entity_id="kind")
def save_job_limit(tx: Transaction, input: SaveJobLimitInput) -> SaveJobLimitPayload:
    """Set how many jobs of a kind may run at once, in all and with the same key; those that run already go on."""
    limit = job_store.save_limit(tx, input.kind, input.running_max, input.running_per_key_max)
    return SaveJobLimitPayload(limit=None if limit is None else JobLimit.of(limit))
