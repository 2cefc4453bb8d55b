"""What callers send in: the filters, and the inputs of the mutations that make and change jobs.

What workers send stands in `worker_inputs.py`.
"""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import cast

import strawberry

from synthetic import JSON, DateTime
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.enums import JobStatus, LapsePolicy
from synthetic_jobs.model import JobContent

_CONTENT = tuple(JobContent.__annotations__)


@strawberry.input(
    description="A job to store, or changes to one. A field that is left out keeps what is stored; "
    "in a new job it takes its default."
)
class SaveJobInput:
    """The input of `saveJob`."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="1 to 200 printable characters. Without it, the job is that of its idempotencyKey, or new, "
        "and gets a UUIDv7.",
    )
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed. Needed to change what is stored."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Whom it works for; null takes it away."
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The project that it belongs to; null takes it away."
    )
    construct_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The construct that it works on; it is deleted with that. Null takes it away.",
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The job that it is a part of; null takes it away."
    )
    kind: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What sort of work it is, by which workers claim. A new job needs one; it cannot be changed.",
    )
    key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What it works on: how many jobs with the same key run at once can be limited. Null takes it away.",
    )
    command: str | None = strawberry.field(
        default=strawberry.UNSET, description="What to do, for a person or a shell; null takes it away."
    )
    params: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="What the worker needs to know: a JSON object."
    )
    caller: str | None = strawberry.field(default=strawberry.UNSET, description="Who asks for it; null takes it away.")
    response_channel: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where the caller wants to hear of it; null takes it away."
    )
    priority: int | None = strawberry.field(
        default=strawberry.UNSET, description="0 to 9, the larger the sooner. A new job has 5."
    )
    max_attempts: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Attempts before it has failed for good. A new job has as many as the settings say.",
    )
    on_lapse: LapsePolicy | None = strawberry.field(
        default=strawberry.UNSET,
        description="What becomes of it when its worker's lease runs out. A new job has what the settings say.",
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Only one job of its kind has it: a save without an id that names it again speaks of that job. "
        "Null takes it away.",
    )
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="A JSON object. It replaces the one that is stored; they are not merged."
    )
    run_after: DateTime | None = strawberry.field(
        default=strawberry.UNSET,
        description="It is not claimed before. A new job is due now. Of no effect once it was claimed.",
    )

    def content(self) -> JobContent:
        """What the sender gave, without what was left out."""
        given = {name: getattr(self, name) for name in _CONTENT}
        return cast("JobContent", {name: value for name, value in given.items() if value is not strawberry.UNSET})


@strawberry.input(description="Which jobs are meant: all that is said here must hold.")
class JobFilter:
    """The filter of `jobs`, `cancelJobs` and `retryJobs`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    user_id: strawberry.ID | None = strawberry.field(default=None, description="The user is this one.")
    project_id: strawberry.ID | None = strawberry.field(default=None, description="The project is this one.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It works on this construct.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="It is a part of this job.")
    replay_of: strawberry.ID | None = strawberry.field(default=None, description="It repeats this job.")
    schedule_id: strawberry.ID | None = strawberry.field(default=None, description="This schedule made it.")
    kinds: list[str] | None = strawberry.field(default=None, description="The kind is one of these.")
    keys: list[str] | None = strawberry.field(default=None, description="The key is one of these.")
    statuses: list[JobStatus] | None = strawberry.field(default=None, description="The status is one of these.")
    created_from: DateTime | None = strawberry.field(default=None, description="Stored at this instant or later.")
    created_before: DateTime | None = strawberry.field(default=None, description="Stored before this instant.")
    error_contains: str | None = strawberry.field(
        default=None,
        description="Its error message has this text, in upper or lower case (of ASCII letters). No index serves it: "
        "every job that the rest of the filter leaves is read.",
    )

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(
            ids=self.ids,
            user_id=self.user_id,
            project_id=self.project_id,
            construct_id=self.construct_id,
            parent_id=self.parent_id,
            replay_of=self.replay_of,
            schedule_id=self.schedule_id,
            kinds=self.kinds,
            keys=self.keys,
            statuses=self.statuses,
            created_from=self.created_from,
            created_before=self.created_before,
            error_contains=self.error_contains,
        )


@strawberry.input(description="Which job to cancel, and how.")
class CancelJobInput:
    """The input of `cancelJob`."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    force: bool = strawberry.field(
        default=False,
        description="Do not wait for the worker of a job that runs: it is cancelled at once, and the worker finds its "
        "lease lost.",
    )
    reason: str | None = strawberry.field(
        default=None, description="Why, as its errorMessage, for whoever looks at the job."
    )


@strawberry.input(description="Which job to try again.")
class RetryJobInput:
    """The input of `retryJob`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which job to run again, as a new one.")
class ReplayJobInput:
    """The input of `replayJob`."""

    id: strawberry.ID = strawberry.field(description="Id of the job, which must have finished.")
    new_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Id of the new job: sent again with the same one, the job that it made is returned. "
        "Without it, it gets a UUIDv7.",
    )
    from_phase: str | None = strawberry.field(
        default=None, description="The last checkpoint that the new job begins with; without it, the latest."
    )
    from_start: bool = strawberry.field(default=False, description="Begin without checkpoints.")


@strawberry.input(description="Which jobs to cancel, and how.")
class CancelJobsInput:
    """The input of `cancelJobs`."""

    filter: JobFilter = strawberry.field(description="Which of those that have not finished; it must say something.")
    force: bool = strawberry.field(
        default=False,
        description="Do not wait for the workers of jobs that run. Without it, those that are about to be cancelled "
        "are not counted.",
    )
    reason: str | None = strawberry.field(default=None, description="Why, as the errorMessage of each.")
    dry_run: bool = strawberry.field(default=False, description="Only count them.")


@strawberry.input(description="Which jobs to try again.")
class RetryJobsInput:
    """The input of `retryJobs`."""

    filter: JobFilter = strawberry.field(
        description="Which of those that failed or were cancelled; it must say something."
    )
    dry_run: bool = strawberry.field(default=False, description="Only count them.")


@strawberry.input(description="How many jobs of a kind may run at once. Both null: as many as are claimed.")
class SaveJobLimitInput:
    """The input of `saveJobLimit`."""

    kind: str = strawberry.field(description="Of which kind.")
    running_max: int | None = strawberry.field(
        default=None, description="How many in all; 0: none is claimed, the kind is paused. Null: any number."
    )
    running_per_key_max: int | None = strawberry.field(
        default=None,
        description="How many with the same key; jobs without a key are not counted. Null: any number.",
    )
