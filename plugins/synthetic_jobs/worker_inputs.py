"""What workers send in, while they hold a job."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import JSON, DateTime, Long
from synthetic_jobs.enums import JobStatus

_ID = "Id of the job."
_LEASE_TOKEN = "The lease token that the claim gave."  # noqa: S105 - a description


@strawberry.input(description="Which job to claim, and for whom. Give `kinds` or `id`, not both.")
class ClaimJobInput:
    """The input of `claimJob`."""

    kinds: list[str] | None = strawberry.field(
        default=None, description="Jobs of these kinds that are due, within the limits of their kinds."
    )
    id: strawberry.ID | None = strawberry.field(
        default=None, description="This job, due or not, whatever the limits say. It must be PENDING."
    )
    worker: str = strawberry.field(
        description="Who the worker is, for people: 1 to 200 printable characters. What counts is the lease token."
    )
    limit: int = strawberry.field(default=1, description="How many jobs at most.")
    lease_ms: int | None = strawberry.field(
        default=None,
        description="How long the lease lasts, in milliseconds, and with each renewal anew. "
        "Without it, as the settings say.",
    )


@strawberry.input(description="A sign of life.")
class HeartbeatJobInput:
    """The input of `heartbeatJob`."""

    id: strawberry.ID = strawberry.field(description=_ID)
    lease_token: int = strawberry.field(description=_LEASE_TOKEN)
    lease_ms: int | None = strawberry.field(
        default=None, description="How long the lease lasts from now, in milliseconds. Without it, as long as before."
    )


@strawberry.input(description="How far a running job has come. At least one of the two must be given.")
class UpdateJobProgressInput:
    """The input of `updateJobProgress`."""

    id: strawberry.ID = strawberry.field(description=_ID)
    lease_token: int = strawberry.field(description=_LEASE_TOKEN)
    progress: int | None = strawberry.field(default=None, description="0 to 100; without it, as it was.")
    phase: str | None = strawberry.field(
        default=None, description="What is being done now, in a word or two; without it, as it was."
    )


@strawberry.input(description="Another status for a job.")
class UpdateJobStatusInput:
    """The input of `updateJobStatus`."""

    id: strawberry.ID = strawberry.field(description=_ID)
    status: JobStatus = strawberry.field(
        description="What it is to be. The holder of a RUNNING job may say WAITING (lets go of it until what it waits "
        "for is there), PENDING (gives it back), COMPLETED, FAILED (for good) or CANCELLED. Whoever knows that a "
        "WAITING job waits no longer may say PENDING or FAILED. Anybody may say CANCELLED, which is a `cancelJob`."
    )
    lease_token: int | None = strawberry.field(
        default=None, description=_LEASE_TOKEN + " Needed while the job is RUNNING, but not to cancel it."
    )
    message: str | None = strawberry.field(
        default=None, description="Why it failed or was cancelled, as its errorMessage; FAILED needs it."
    )
    waiting_for: str | None = strawberry.field(
        default=None, description="With WAITING: what it waits for, for instance `approval:ID`."
    )
    run_after: DateTime | None = strawberry.field(
        default=None,
        description="With PENDING: it is not claimed before. With WAITING: it waits until then at the latest.",
    )


@strawberry.input(description="Where a job can go on from. Saving the same phase again replaces it.")
class SaveCheckpointInput:
    """The input of `saveCheckpoint`."""

    job_id: strawberry.ID = strawberry.field(description=_ID)
    lease_token: int = strawberry.field(description=_LEASE_TOKEN)
    phase: str = strawberry.field(description="What has been done, in a word or two.")
    data: JSON | None = strawberry.field(
        default=None, description="What whoever goes on needs to know: any JSON value."
    )


@strawberry.input(description="The end of a job that was done.")
class CompleteJobInput:
    """The input of `completeJob`."""

    id: strawberry.ID = strawberry.field(description=_ID)
    lease_token: int = strawberry.field(description=_LEASE_TOKEN)
    result: JSON | None = strawberry.field(default=None, description="What it came to: any JSON value.")


@strawberry.input(description="The end of an attempt that failed.")
class FailJobInput:
    """The input of `failJob`."""

    id: strawberry.ID = strawberry.field(description=_ID)
    lease_token: int = strawberry.field(description=_LEASE_TOKEN)
    error_message: str = strawberry.field(description="What went wrong.")
    retryable: bool = strawberry.field(
        default=True, description="Whether another attempt can help; false: it has failed for good."
    )
    retry_after_ms: Long | None = strawberry.field(
        default=None,
        description="How long to wait before the next attempt, in milliseconds. Without it, a random pause that "
        "doubles in length with each failure.",
    )
