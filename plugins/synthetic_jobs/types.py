"""The GraphQL type of jobs, and the field that it adds to constructs. What belongs to a job stands in `parts.py`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated

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
    Node,
    Order,
    Snapshot,
    batched,
    find_rows,
    first_of_each,
    list_rows,
    page,
    pages,
)
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_jobs.criteria import ALL_JOBS, Criteria
from synthetic_jobs.enums import JobOrder, JobStatus, LapsePolicy
from synthetic_jobs.inputs import JobFilter
from synthetic_jobs.model import NEVER
from synthetic_jobs.model import Job as JobRecord
from synthetic_jobs.parts import JobAttempt, JobCheckpoint
from synthetic_jobs.store import select_checkpoints, select_jobs
from synthetic_jobs.store.checkpoints import LATEST_FIRST, LATEST_LAST
from synthetic_jobs.store.filters import NEWEST_FIRST, OLDEST_FIRST, mention_scan

BY_NUMBER = Order(("number",), (int,))
"""The order of attempts."""

OrderBy = Annotated[JobOrder, strawberry.argument(description="In which order.")]
Filter = Annotated[JobFilter | None, strawberry.argument(description="Which; all without it.")]


@strawberry.type(
    description="Durable work: claimed by a worker, which holds it by a lease, and tried again if it fails."
)
class Job(Node):
    """A row of `sync_jobs`, what belongs to it, and those around it."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    user_id: strawberry.ID | None = strawberry.field(
        description="Whom it works for. It is recorded and filtered by; it keeps nobody out."
    )
    project_id: strawberry.ID | None = strawberry.field(description="The project that it belongs to.")
    construct_id: strawberry.ID | None = strawberry.field(description="Id of the construct that it works on.")
    parent_id: strawberry.ID | None = strawberry.field(description="Id of the job that it is a part of.")
    replay_of: strawberry.ID | None = strawberry.field(description="Id of the job that it repeats.")
    schedule_id: strawberry.ID | None = strawberry.field(description="Id of the schedule that made it.")
    kind: str = strawberry.field(description="What sort of work it is, by which workers claim.")
    key: str | None = strawberry.field(description="What it works on, for limits by key.")
    command: str | None = strawberry.field(description="What to do, for a person or a shell.")
    params: JSON = strawberry.field(description="What the worker needs to know: a JSON object.")
    caller: str | None = strawberry.field(description="Who asked for it.")
    response_channel: str | None = strawberry.field(description="Where the caller wants to hear of it.")
    priority: int = strawberry.field(description="0 to 9, the larger the sooner.")
    max_attempts: int = strawberry.field(description="Attempts before it has failed for good.")
    on_lapse: LapsePolicy = strawberry.field(description="What becomes of it when its worker's lease runs out.")
    idempotency_key: str | None = strawberry.field(description="Only one job of its kind has it.")
    metadata: JSON = strawberry.field(description="Whatever else the caller keeps with it: a JSON object.")
    status: JobStatus = strawberry.field(description="Where it stands.")
    progress: int = strawberry.field(description="How far it has come: 0 to 100.")
    phase: str | None = strawberry.field(description="What its worker is doing, or did last.")
    attempts: int = strawberry.field(
        description="How many attempts count: one that ended in waiting, or was given back, does not."
    )
    retries: int = strawberry.field(
        description="How often it was tried again after it had failed or was cancelled (`retryJob`)."
    )
    run_after: DateTime | None = strawberry.field(
        description="It is not claimed before. While it is WAITING: when it waits no longer; null if it waits on."
    )
    waiting_for: str | None = strawberry.field(description="What it waits for, in the words of its worker.")
    lease_owner: str | None = strawberry.field(description="The worker that holds it; null unless it is RUNNING.")
    lease_token: int = strawberry.field(
        description="How often it was claimed. While it is RUNNING: what its worker proves with that it holds it."
    )
    lease_expires_at: DateTime | None = strawberry.field(
        description="When the lease runs out unless it is renewed; null unless it is RUNNING."
    )
    cancel_requested_at: DateTime | None = strawberry.field(
        description="When somebody wanted it cancelled while it ran."
    )
    result: JSON | None = strawberry.field(description="What it came to: any JSON value.")
    error_message: str | None = strawberry.field(description="What went wrong last, or why it was cancelled.")
    version: int = strawberry.field(
        description="1 at first, one more with each change of its content. That it runs is no change of it."
    )
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    started_at: DateTime | None = strawberry.field(description="When it was claimed first.")
    completed_at: DateTime | None = strawberry.field(
        description="When it became COMPLETED, FAILED or CANCELLED; null while it is in none of these."
    )
    updated_at: DateTime = strawberry.field(description="When anything of it changed last, apart from its lease.")

    of = FromRecord(JobRecord, run_after=Column(read=lambda at: None if at == NEVER else at))

    @batched(needs=("id",))
    @staticmethod
    def checkpoints(snapshot: Snapshot, parents: "Sequence[Job]", asked: Asked) -> list[list[JobCheckpoint]]:
        """Where it can go on from, one for each phase, the latest last."""
        ids = [parent.id for parent in parents]
        return list_rows(snapshot, JobCheckpoint, "job_checkpoints", ids, asked, key="job_id", order=LATEST_LAST)

    @batched(needs=("id",))
    @staticmethod
    def checkpoint(
        snapshot: Snapshot,
        parents: "Sequence[Job]",
        asked: Asked,
        phase: Annotated[
            str | None, strawberry.argument(description="That of this phase; the latest without it.")
        ] = None,
    ) -> list[JobCheckpoint | None]:
        """One checkpoint, or null where there is none."""
        return first_of_each(
            snapshot,
            JobCheckpoint,
            select_checkpoints(phase),
            each=[parent.id for parent in parents],
            order=LATEST_FIRST,
            asked=asked,
        )

    @batched(needs=("id",))
    @staticmethod
    def history(snapshot: Snapshot, parents: "Sequence[Job]", asked: Asked) -> list[list[JobAttempt]]:
        """The attempts at it, those that do not count too, the first one first. Of very many, the last are kept."""
        ids = [parent.id for parent in parents]
        return list_rows(snapshot, JobAttempt, "job_attempts", ids, asked, key="job_id", order=BY_NUMBER)

    @batched(needs=("construct_id",))
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[Job]", asked: Asked) -> list[Construct | None]:
        """The construct that it works on."""
        return find_construct_nodes(snapshot, [parent.construct_id for parent in parents], asked)

    @batched(needs=("parent_id",))
    @staticmethod
    def parent(snapshot: Snapshot, parents: "Sequence[Job]", asked: Asked) -> "list[Job | None]":
        """The job that it is a part of; null too where that is not stored any more."""
        return find_job_nodes(snapshot, [parent.parent_id for parent in parents], asked)

    @batched(needs=("id",))
    @staticmethod
    def children(
        snapshot: Snapshot,
        parents: "Sequence[Job]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[Job]]":
        """The jobs that are its parts, the first stored first."""
        return pages(
            snapshot,
            Job,
            select_jobs(ALL_JOBS, each="parent_id"),
            each=[parent.id for parent in parents],
            order=OLDEST_FIRST,
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )


@batched(needs=("id",))
def jobs(
    snapshot: Snapshot,
    parents: Sequence[Construct],
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = JobOrder.CREATED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Job]]:
    """The jobs that work on it, the last stored first unless asked otherwise."""
    criteria = ALL_JOBS if filter is None else filter.criteria()
    mention_scan(snapshot, criteria)
    return pages(
        snapshot,
        Job,
        select_jobs(criteria, each="construct_id"),
        each=[parent.id for parent in parents],
        order=order_of(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def find_job_nodes(snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING) -> list[Job | None]:
    """For each id, the job or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Job, "sync_jobs", ids, asked)


def order_of(order_by: JobOrder) -> Order:
    """The order that a client asks for."""
    return NEWEST_FIRST if order_by is JobOrder.CREATED_AT_DESC else OLDEST_FIRST


def page_of_jobs(
    snapshot: Snapshot,
    criteria: Criteria,
    order_by: JobOrder,
    asked: Asked = EVERYTHING,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[Job]:
    """One page of the jobs that meet the criteria.

    Raises:
        BadUserInputError: A value is not acceptable, or a cursor is not of this list.
    """
    mention_scan(snapshot, criteria)
    return page(
        snapshot,
        Job,
        select_jobs(criteria),
        order=order_of(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
