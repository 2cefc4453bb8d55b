"""Root subscription fields: `jobUpdates`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Self

import strawberry

from synthetic import AfterPosition, Asked, Event, Live, Position, Snapshot, batched, check_id, subscription
from synthetic_jobs.enums import JobStatus, JobUpdateType
from synthetic_jobs.events import (
    JOB_CANCEL_REQUESTED,
    JOB_CHECKPOINTED,
    JOB_DELETED,
    JOB_PROGRESSED,
    JOB_SAVED,
    JOB_STATUS_CHANGED,
)
from synthetic_jobs.store import check_values
from synthetic_jobs.types import Job, find_job_nodes

_TYPES = (JOB_SAVED, JOB_STATUS_CHANGED, JOB_PROGRESSED, JOB_CHECKPOINTED, JOB_CANCEL_REQUESTED, JOB_DELETED)


@strawberry.input(description="Which updates are meant: all that is said here must hold for the job at that moment.")
class JobUpdateFilter:
    """The filter of `jobUpdates`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The job is one of these.")
    kinds: list[str] | None = strawberry.field(default=None, description="Its kind is one of these.")
    user_id: strawberry.ID | None = strawberry.field(default=None, description="Its user is this one.")
    project_id: strawberry.ID | None = strawberry.field(default=None, description="Its project is this one.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It works on this construct.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="It is a part of this job.")
    statuses: list[JobStatus] | None = strawberry.field(
        default=None,
        description="Its status, as of the update, is one of these; or was until then, so that a list of jobs of some "
        "statuses hears of those that leave it: `status` is another one then.",
    )

    def matcher(self) -> Callable[[Event], bool]:
        """A function that says of an event whether it is wanted, the construct apart.

        Raises:
            BadUserInputError: A value is not acceptable, or they are too many.
        """
        ids = None if self.ids is None else frozenset(check_values(self.ids, "filter.ids"))
        among = [
            (key, frozenset(check_values(values, f"filter.{field}")))
            for key, field, values in (
                ("kind", "kinds", self.kinds),
                ("userId", "userId", None if self.user_id is None else [self.user_id]),
                ("projectId", "projectId", None if self.project_id is None else [self.project_id]),
                ("parentId", "parentId", None if self.parent_id is None else [self.parent_id]),
            )
            if values is not None
        ]
        statuses = None if self.statuses is None else frozenset(map(str, self.statuses))

        def matches(event: Event) -> bool:
            if ids is not None and event.entity_id not in ids:
                return False
            if event.type == JOB_DELETED.name:
                return True
            payload = event.data()
            if any(payload[key] not in values for key, values in among):
                return False
            return statuses is None or not statuses.isdisjoint((payload["status"], payload.get("previousStatus")))

        return matches


@strawberry.type(description="Something that happened to a job.")
class JobUpdate:
    """What an event of a job tells; the job itself is read when it is selected."""

    position: Position = strawberry.field(description="Where to go on from, for whoever has seen this update.")
    job_id: strawberry.ID = strawberry.field(description="Id of the job.")
    type: JobUpdateType = strawberry.field(description="What happened.")
    kind: str | None = strawberry.field(description="Its kind; null when it was deleted.")
    status: JobStatus | None = strawberry.field(description="Its status as of this update; null when it was deleted.")
    previous_status: JobStatus | None = strawberry.field(
        description="With STATUS_CHANGED: the status that it had until then."
    )
    progress: int | None = strawberry.field(
        description="How far it had come, 0 to 100, as of this update; null where it is no matter of it."
    )
    phase: str | None = strawberry.field(
        description="What its worker was doing as of this update; with CHECKPOINTED, the checkpoint's phase."
    )

    @classmethod
    def of(cls, event: Event, position: Position) -> Self:
        """The object of an event."""
        payload: dict[str, Any] = event.data()
        status, previous = payload.get("status"), payload.get("previousStatus")
        return cls(
            position=position,
            job_id=strawberry.ID(event.entity_id),
            type=JobUpdateType(event.type),
            kind=payload.get("kind"),
            status=None if status is None else JobStatus(status),
            previous_status=None if previous is None else JobStatus(previous),
            progress=payload.get("progress"),
            phase=payload.get("phase"),
        )

    @batched(needs=("job_id",))
    @staticmethod
    def job(snapshot: Snapshot, parents: "Sequence[JobUpdate]", asked: Asked) -> list[Job | None]:
        """The job as it is now, which may be later than this update; null when it is deleted by now."""
        return find_job_nodes(snapshot, [parent.job_id for parent in parents], asked)


@subscription
async def job_updates(
    live: Live,
    after: AfterPosition = None,
    filter: Annotated[JobUpdateFilter | None, strawberry.argument(description="Which; all without it.")] = None,
) -> AsyncGenerator[JobUpdate]:
    """What happens to jobs, each update once and in order; job is read as it is now.

    A deletion is delivered whatever the filter says of kind, user, project,
    parent and status: its event does not tell them.
    """
    wanted = JobUpdateFilter() if filter is None else filter
    matches = wanted.matcher()
    construct_id = None if wanted.construct_id is None else check_id(wanted.construct_id, "filter.constructId")
    only_id = wanted.ids[0] if wanted.ids is not None and len(wanted.ids) == 1 else None
    async with aclosing(live.follow(after, _TYPES, entity_id=only_id, construct_id=construct_id)) as events:
        async for event in events:
            if matches(event):
                yield JobUpdate.of(event, live.at(event))
