"""GraphQL types of what belongs to a job or to a kind of jobs."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import JSON, DateTime, FromRecord
from synthetic_jobs.enums import AttemptOutcome, JobStatus
from synthetic_jobs.model import Attempt, Checkpoint
from synthetic_jobs.model import JobLimit as LimitRecord


@strawberry.type(description="Where a job can go on from.")
class JobCheckpoint:
    """A row of `job_checkpoints`."""

    phase: str = strawberry.field(description="What had been done.")
    data: JSON | None = strawberry.field(description="What whoever goes on needs to know: any JSON value.")
    created_at: DateTime = strawberry.field(description="When it was saved.")

    of = FromRecord(Checkpoint)


@strawberry.type(description="An attempt at a job: one claim by a worker.")
class JobAttempt:
    """A row of `job_attempts`."""

    number: int = strawberry.field(description="The lease token of the claim.")
    worker: str = strawberry.field(description="Who claimed the job.")
    started_at: DateTime = strawberry.field(description="When.")
    ended_at: DateTime | None = strawberry.field(description="When it ended; null while it goes on.")
    outcome: AttemptOutcome | None = strawberry.field(description="How it ended; null while it goes on.")
    error: str | None = strawberry.field(description="What went wrong.")

    of = FromRecord(Attempt)


@strawberry.type(description="How many jobs of a kind may run at once. Only claims look at it.")
class JobLimit:
    """A row of `job_limits`."""

    kind: str = strawberry.field(description="Of which kind.")
    running_max: int | None = strawberry.field(
        description="How many in all; 0: none is claimed, the kind is paused. Null: any number."
    )
    running_per_key_max: int | None = strawberry.field(
        description="How many with the same key; jobs without a key are not counted. Null: any number."
    )
    updated_at: DateTime = strawberry.field(description="When it was set.")

    of = FromRecord(LimitRecord)


@strawberry.type(description="How many jobs of a kind have a status.")
class JobCount:
    """A line of `jobCounts`."""

    kind: str = strawberry.field(description="The kind.")
    status: JobStatus = strawberry.field(description="The status.")
    count: int = strawberry.field(description="How many jobs.")
