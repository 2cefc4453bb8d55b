"""Root query fields of schedules: `jobSchedule` and `jobSchedules`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, find_row, query
from synthetic_jobs.schedule_types import JobSchedule, page_of_schedules


@query
def job_schedule(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> JobSchedule | None:
    """The schedule with this id, or null."""
    return find_row(snapshot, JobSchedule, "job_schedules", id, asked)


@query
def job_schedules(
    snapshot: Snapshot,
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[JobSchedule]:
    """All schedules, the first stored first."""
    return page_of_schedules(snapshot, asked, first=first, after=after, last=last, before=before)
