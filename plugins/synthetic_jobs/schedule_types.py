"""The GraphQL type of schedules."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Any, Self

import strawberry

from synthetic import (
    JSON,
    After,
    Before,
    Connection,
    DateTime,
    First,
    Last,
    Long,
    Node,
    Order,
    Snapshot,
    batched,
    from_json,
    page,
)
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.enums import JobOrder, MissedPolicy, OverlapPolicy
from synthetic_jobs.model import FIELDS
from synthetic_jobs.schedule_model import Schedule
from synthetic_jobs.store import list_schedules_by_id
from synthetic_jobs.store.schedules import COLUMNS
from synthetic_jobs.types import Job, page_of_jobs

_AS_JSON = ("params", "metadata")


@strawberry.type(description="Makes jobs by the clock.")
class JobSchedule(Node):
    """A row of `job_schedules`."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    kind: str = strawberry.field(description="The kind of the jobs that it makes.")
    cron: str | None = strawberry.field(description="Five fields, as in crontab; null where it goes by an interval.")
    every_ms: Long | None = strawberry.field(description="The interval in milliseconds; null where it goes by cron.")
    timezone: str = strawberry.field(description="In which cron is read: an IANA name.")
    missed: MissedPolicy = strawberry.field(description="What becomes of instants that passed while nothing looked.")
    overlap: OverlapPolicy = strawberry.field(
        description="What happens at an instant when the job of the one before is not finished."
    )
    job: JSON = strawberry.field(description="The fields of the jobs that it makes, as `saveJobSchedule` took them.")
    starts_at: DateTime | None = strawberry.field(description="It makes no job for an instant before this one.")
    paused_at: DateTime | None = strawberry.field(description="Since when it is paused; null when it is not.")
    pause_reason: str | None = strawberry.field(
        description="What went wrong, where it was paused because of that; null where somebody paused it."
    )
    next_at: DateTime = strawberry.field(description="The next instant at which it makes a job.")
    last_at: DateTime | None = strawberry.field(description="The last instant that it made a job for.")
    last_job_id: strawberry.ID | None = strawberry.field(description="Id of that job, which may be gone.")
    version: int = strawberry.field(description="1 at first, one more with each change; running is no change of it.")
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    updated_at: DateTime = strawberry.field(description="When anything of it changed last.")

    @classmethod
    def of(cls, record: Schedule) -> Self:
        """The object of a row."""
        columns: dict[str, Any] = from_json(record.job)
        job = {
            FIELDS.get(name, name): from_json(value) if name in _AS_JSON else value for name, value in columns.items()
        }
        return cls(
            id=strawberry.ID(record.id),
            kind=columns["kind"],
            cron=record.cron,
            every_ms=None if record.every_ms is None else Long(record.every_ms),
            timezone=record.timezone,
            missed=MissedPolicy(record.missed),
            overlap=OverlapPolicy(record.overlap),
            job=JSON(job),
            starts_at=None if record.starts_at is None else DateTime(record.starts_at),
            paused_at=None if record.paused_at is None else DateTime(record.paused_at),
            pause_reason=record.pause_reason,
            next_at=DateTime(record.next_at),
            last_at=None if record.last_at is None else DateTime(record.last_at),
            last_job_id=None if record.last_job_id is None else strawberry.ID(record.last_job_id),
            version=record.version,
            created_at=DateTime(record.created_at),
            updated_at=DateTime(record.updated_at),
        )

    @batched
    @staticmethod
    def jobs(
        snapshot: Snapshot,
        parents: "Sequence[JobSchedule]",
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[Job]]:
        """The jobs that it made, the last one first."""
        return [
            page_of_jobs(
                snapshot,
                Criteria(schedule_id=parent.id),
                JobOrder.CREATED_AT_DESC,
                first=first,
                after=after,
                last=last,
                before=before,
            )
            for parent in parents
        ]


def find_schedule_nodes(snapshot: Snapshot, ids: Sequence[str]) -> list[JobSchedule | None]:
    """For each id, the schedule or None: how `node(id:)` finds them."""
    return [None if record is None else JobSchedule.of(record) for record in list_schedules_by_id(snapshot, ids)]


def page_of_schedules(
    snapshot: Snapshot, *, first: int | None, after: str | None, last: int | None, before: str | None
) -> Connection[JobSchedule]:
    """One page of the schedules, the first stored first.

    Raises:
        BadUserInputError: A cursor is not of this list, or the page is too large.
    """
    return page(
        snapshot,
        Schedule,
        select=f"{COLUMNS} FROM job_schedules",
        where=[],
        params={},
        order=Order(("created_at", "id")),
        make=JobSchedule.of,
        first=first,
        after=after,
        last=last,
        before=before,
    )
