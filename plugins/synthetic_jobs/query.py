"""Root query fields: `job`, `jobs`, `jobCounts` and `jobLimits`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, find_row, query
from synthetic_jobs import store
from synthetic_jobs.criteria import ALL_JOBS
from synthetic_jobs.enums import JobOrder, JobStatus
from synthetic_jobs.parts import JobCount, JobLimit
from synthetic_jobs.types import Filter, Job, OrderBy, page_of_jobs


@query
def job(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Job | None:
    """The job with this id, or null."""
    return find_row(snapshot, Job, "sync_jobs", id, asked)


@query
def jobs(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = JobOrder.CREATED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Job]:
    """Jobs, the last stored first unless asked otherwise."""
    criteria = ALL_JOBS if filter is None else filter.criteria()
    return page_of_jobs(snapshot, criteria, order_by, asked, first=first, after=after, last=last, before=before)


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
