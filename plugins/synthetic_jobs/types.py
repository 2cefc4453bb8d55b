"""The GraphQL type of jobs, and the field that it adds to constructs. What belongs to a job stands in `parts.py`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from synthetic import (
    JSON,
    After,
    Before,
    Connection,
    DateTime,
    First,
    Last,
    Node,
    RawJSON,
    Snapshot,
    batched,
)
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.enums import JobOrder, JobStatus, LapsePolicy
from synthetic_jobs.inputs import JobFilter
from synthetic_jobs.model import NEVER
from synthetic_jobs.model import Job as JobRecord
from synthetic_jobs.parts import JobAttempt, JobCheckpoint
from synthetic_jobs.store import list_attempts, list_checkpoints, list_jobs_by_id, load_checkpoint, query_jobs

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

    @classmethod
    def of(cls, record: JobRecord) -> Self:
        """The object of a row."""
        return cls(
            id=strawberry.ID(record.id),
            user_id=_id(record.user_id),
            project_id=_id(record.project_id),
            construct_id=_id(record.construct_id),
            parent_id=_id(record.parent_id),
            replay_of=_id(record.replay_of),
            schedule_id=_id(record.schedule_id),
            kind=record.kind,
            key=record.key,
            command=record.command,
            params=JSON(RawJSON(record.params)),
            caller=record.caller,
            response_channel=record.response_channel,
            priority=record.priority,
            max_attempts=record.max_attempts,
            on_lapse=LapsePolicy(record.on_lapse),
            idempotency_key=record.idempotency_key,
            metadata=JSON(RawJSON(record.metadata)),
            status=JobStatus(record.status),
            progress=record.progress,
            phase=record.phase,
            attempts=record.attempts,
            run_after=None if record.run_after == NEVER else DateTime(record.run_after),
            waiting_for=record.waiting_for,
            lease_owner=record.lease_owner,
            lease_token=record.lease_token,
            lease_expires_at=_instant(record.lease_expires_at),
            cancel_requested_at=_instant(record.cancel_requested_at),
            result=None if record.result is None else JSON(RawJSON(record.result)),
            error_message=record.error_message,
            version=record.version,
            created_at=DateTime(record.created_at),
            started_at=_instant(record.started_at),
            completed_at=_instant(record.completed_at),
            updated_at=DateTime(record.updated_at),
        )

    @batched
    @staticmethod
    def checkpoints(snapshot: Snapshot, parents: "Sequence[Job]") -> list[list[JobCheckpoint]]:
        """Where it can go on from, one for each phase, the latest last."""
        return [
            [JobCheckpoint.of(checkpoint) for checkpoint in checkpoints]
            for checkpoints in list_checkpoints(snapshot, [parent.id for parent in parents])
        ]

    @batched
    @staticmethod
    def checkpoint(
        snapshot: Snapshot,
        parents: "Sequence[Job]",
        phase: Annotated[
            str | None, strawberry.argument(description="That of this phase; the latest without it.")
        ] = None,
    ) -> list[JobCheckpoint | None]:
        """One checkpoint, or null where there is none."""
        # One seek for each parent: one query for all would read the data of all their checkpoints.
        found = [load_checkpoint(snapshot, parent.id, phase) for parent in parents]
        return [None if checkpoint is None else JobCheckpoint.of(checkpoint) for checkpoint in found]

    @batched
    @staticmethod
    def history(snapshot: Snapshot, parents: "Sequence[Job]") -> list[list[JobAttempt]]:
        """The attempts at it, those that do not count too, the first one first. Of very many, the last are kept."""
        return [
            [JobAttempt.of(attempt) for attempt in attempts]
            for attempts in list_attempts(snapshot, [parent.id for parent in parents])
        ]

    @batched
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[Job]") -> list[Construct | None]:
        """The construct that it works on."""
        # No construct has an empty id.
        return find_construct_nodes(snapshot, [parent.construct_id or "" for parent in parents])

    @batched
    @staticmethod
    def parent(snapshot: Snapshot, parents: "Sequence[Job]") -> "list[Job | None]":
        """The job that it is a part of; null too where that is not stored any more."""
        # No job has an empty id.
        return find_job_nodes(snapshot, [parent.parent_id or "" for parent in parents])

    @batched
    @staticmethod
    def children(
        snapshot: Snapshot,
        parents: "Sequence[Job]",
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[Job]]":
        """The jobs that are its parts, the first stored first."""
        return [
            page_of_jobs(snapshot, Criteria(parent_id=parent.id), JobOrder.CREATED_AT_ASC, first, after, last, before)
            for parent in parents
        ]


@batched
def jobs(
    snapshot: Snapshot,
    parents: Sequence[Construct],
    filter: Filter = None,
    order_by: OrderBy = JobOrder.CREATED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Job]]:
    """The jobs that work on it, the last stored first unless asked otherwise."""
    criteria = Criteria() if filter is None else filter.criteria()
    return [
        page_of_jobs(snapshot, criteria.of_construct(parent.id), order_by, first, after, last, before)
        for parent in parents
    ]


def find_job_nodes(snapshot: Snapshot, ids: Sequence[str]) -> list[Job | None]:
    """For each id, the job or None: how `node(id:)` finds them."""
    return [None if record is None else Job.of(record) for record in list_jobs_by_id(snapshot, ids)]


def page_of_jobs(
    snapshot: Snapshot, criteria: Criteria, order_by: JobOrder, first: First, after: After, last: Last, before: Before
) -> Connection[Job]:
    """One page of the jobs that meet the criteria.

    Raises:
        BadUserInputError: A value is not acceptable, or a cursor is not of this list.
    """
    return query_jobs(
        snapshot,
        criteria,
        newest_first=order_by is JobOrder.CREATED_AT_DESC,
        first=first,
        after=after,
        last=last,
        before=before,
        make=Job.of,
    )


def _id(value: str | None) -> strawberry.ID | None:
    return None if value is None else strawberry.ID(value)


def _instant(value: int | None) -> DateTime | None:
    return None if value is None else DateTime(value)
