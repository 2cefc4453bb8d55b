"""Root query fields of schedules: `jobSchedule` and `jobSchedules`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Annotated

import strawberry

from synthetic import After, Before, Connection, First, Last, Snapshot, query
from synthetic_jobs.schedule_types import JobSchedule, page_of_schedules
from synthetic_jobs.store import find_schedule


@query
def job_schedule(
    snapshot: Snapshot, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> JobSchedule | None:
    """The schedule with this id, or null."""
    record = find_schedule(snapshot, id)
    return None if record is None else JobSchedule.of(record)


@query
def job_schedules(
    snapshot: Snapshot, first: First = None, after: After = None, last: Last = None, before: Before = None
) -> Connection[JobSchedule]:
    """All schedules, the first stored first."""
    return page_of_schedules(snapshot, first=first, after=after, last=last, before=before)
