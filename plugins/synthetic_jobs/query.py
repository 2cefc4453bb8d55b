"""Root query fields: `job`, `jobs`, `jobCounts` and `jobLimits`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Before, Connection, First, Last, Snapshot, query
from synthetic_jobs import store
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.enums import JobOrder, JobStatus
from synthetic_jobs.parts import JobCount, JobLimit
from synthetic_jobs.types import Filter, Job, OrderBy, page_of_jobs


@query
def job(snapshot: Snapshot, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]) -> Job | None:
    """The job with this id, or null."""
    record = store.find_job(snapshot, id)
    return None if record is None else Job.of(record)


@query
def jobs(
    snapshot: Snapshot,
    filter: Filter = None,
    order_by: OrderBy = JobOrder.CREATED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Job]:
    """Jobs, the last stored first unless asked otherwise."""
    criteria = Criteria() if filter is None else filter.criteria()
    return page_of_jobs(snapshot, criteria, order_by, first, after, last, before)


@query
def job_counts(snapshot: Snapshot) -> list[JobCount]:
    """How many jobs there are of each kind in each status; what there is none of is left out."""
    return [
        JobCount(kind=kind, status=JobStatus(status), count=count) for kind, status, count in store.count_jobs(snapshot)
    ]


@query
def job_limits(snapshot: Snapshot) -> list[JobLimit]:
    """How many jobs may run at once, for each kind that has a limit, by kind."""
    return [JobLimit.of(record) for record in store.list_limits(snapshot)]
