"""The GraphQL type of schedules."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Any

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    After,
    Asked,
    Before,
    Column,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Long,
    Node,
    Selection,
    Snapshot,
    batched,
    find_rows,
    from_json,
    page,
    pages,
)
from synthetic_jobs.criteria import ALL_JOBS
from synthetic_jobs.enums import MissedPolicy, OverlapPolicy
from synthetic_jobs.model import FIELDS
from synthetic_jobs.schedule_model import Schedule
from synthetic_jobs.store import select_jobs
from synthetic_jobs.store.filters import NEWEST_FIRST, OLDEST_FIRST
from synthetic_jobs.types import Job

_AS_JSON = ("params", "metadata")


def _fields_of(text: str) -> JSON:
    """The fields of the jobs that a schedule makes, as it was given them, of what is stored of it."""
    columns: dict[str, Any] = from_json(text)
    return JSON(
        {FIELDS.get(name, name): from_json(value) if name in _AS_JSON else value for name, value in columns.items()}
    )


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

    of = FromRecord(
        Schedule,
        kind=Column("job", read=lambda text: from_json(text)["kind"], parses=True),
        job=Column("job", read=_fields_of, parses=True),
    )

    @batched(needs=("id",))
    @staticmethod
    def jobs(
        snapshot: Snapshot,
        parents: "Sequence[JobSchedule]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[Job]]:
        """The jobs that it made, the last one first."""
        return pages(
            snapshot,
            Job,
            select_jobs(ALL_JOBS, each="schedule_id"),
            each=[parent.id for parent in parents],
            order=NEWEST_FIRST,
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )


def find_schedule_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[JobSchedule | None]:
    """For each id, the schedule or None: how `node(id:)` finds them."""
    return find_rows(snapshot, JobSchedule, "job_schedules", ids, asked)


def page_of_schedules(
    snapshot: Snapshot,
    asked: Asked = EVERYTHING,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[JobSchedule]:
    """One page of the schedules, the first stored first.

    Raises:
        BadUserInputError: A cursor is not of this list, or the page is too large.
    """
    return page(
        snapshot,
        JobSchedule,
        Selection("job_schedules", [], {}),
        order=OLDEST_FIRST,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
