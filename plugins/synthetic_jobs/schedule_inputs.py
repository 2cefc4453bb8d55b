"""What clients send in about schedules."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Any, cast

import strawberry

from synthetic import JSON, DateTime, Long
from synthetic_jobs.enums import LapsePolicy, MissedPolicy, OverlapPolicy
from synthetic_jobs.model import JobContent
from synthetic_jobs.schedule_model import ScheduleContent

_JOB = tuple(name for name in JobContent.__annotations__ if name not in ("idempotency_key", "run_after"))


@strawberry.input(description="The jobs that a schedule makes. A field that is left out takes a job's default.")
class ScheduledJobInput:
    """Part of the input of `saveJobSchedule`."""

    kind: str = strawberry.field(description="What sort of work it is, by which workers claim.")
    user_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Whom they work for.")
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The project that they belong to."
    )
    construct_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The construct that they work on. Once that is deleted, each instant is skipped.",
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The job that they are a part of. Once that is deleted, they are made without it.",
    )
    key: str | None = strawberry.field(default=strawberry.UNSET, description="What they work on, for limits by key.")
    command: str | None = strawberry.field(default=strawberry.UNSET, description="What to do, for a person or a shell.")
    params: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="What the worker needs to know: a JSON object."
    )
    caller: str | None = strawberry.field(default=strawberry.UNSET, description="Who asks for them.")
    response_channel: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where the caller wants to hear of them."
    )
    priority: int | None = strawberry.field(default=strawberry.UNSET, description="0 to 9, the larger the sooner.")
    max_attempts: int | None = strawberry.field(
        default=strawberry.UNSET, description="Attempts before one has failed for good."
    )
    on_lapse: LapsePolicy | None = strawberry.field(
        default=strawberry.UNSET, description="What becomes of one whose worker's lease runs out."
    )
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="A JSON object. Each job has `scheduledFor` in it as well: the instant that it was made for.",
    )

    def content(self) -> JobContent:
        """What the sender gave, without what was left out."""
        return cast("JobContent", _given(self, _JOB))


@strawberry.input(
    description="A schedule to store, or changes to one. A field that is left out keeps what is stored; "
    "in a new schedule it takes its default. It needs a job, and either cron or everyMs."
)
class SaveJobScheduleInput:
    """The input of `saveJobSchedule`."""

    id: strawberry.ID | None = strawberry.field(
        default=None, description="1 to 200 printable characters. Without it, the schedule is new and gets a UUIDv7."
    )
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed. Needed to change what is stored."
    )
    cron: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Five fields, as in crontab: minute, hour, day of the month, month, day of the week.",
    )
    every_ms: Long | None = strawberry.field(
        default=strawberry.UNSET,
        description="An interval in milliseconds, from 1,000 to that of 366 days; it does not drift.",
    )
    timezone: str | None = strawberry.field(
        default=strawberry.UNSET, description="In which cron is read: an IANA name. A new schedule has UTC."
    )
    missed: MissedPolicy | None = strawberry.field(
        default=strawberry.UNSET,
        description="What becomes of instants that passed, by more than a minute, while nothing looked. A new schedule "
        "has ONCE.",
    )
    overlap: OverlapPolicy | None = strawberry.field(
        default=strawberry.UNSET,
        description="What happens at an instant when the job of the one before is not finished. A new schedule has "
        "ALLOW.",
    )
    starts_at: DateTime | None = strawberry.field(
        default=None,
        description="The first instant at which it may make a job, where the schedule is new or its timing changes. "
        "At most 366 days ago. Without it, an interval begins one interval from now.",
    )
    job: ScheduledJobInput | None = strawberry.field(
        default=strawberry.UNSET, description="The jobs that it makes; it replaces what is stored."
    )

    def content(self) -> ScheduleContent:
        """What the sender gave, without what was left out."""
        given = _given(self, ("cron", "every_ms", "timezone", "missed", "overlap", "starts_at"))
        if isinstance(self.job, ScheduledJobInput):
            given["job"] = self.job.content()
        elif self.job is None:
            given["job"] = None
        return cast("ScheduleContent", given)


def _given(source: object, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(source, name) for name in names}
    return {name: value for name, value in values.items() if value is not strawberry.UNSET}


@strawberry.input(description="Which schedule is meant.")
class JobScheduleInput:
    """The input of the mutations that take nothing but a schedule's id."""

    id: strawberry.ID = strawberry.field(description="Its id.")
