"""Records of jobs, and which status may follow which: pure, no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypedDict

from synthetic_jobs.errors import IllegalTransitionError


class JobStatus(StrEnum):
    """Where a job stands; `enums.py` says what each value means."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class AttemptOutcome(StrEnum):
    """How an attempt ended."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    WAITING = "WAITING"
    RELEASED = "RELEASED"
    LAPSED = "LAPSED"
    CANCELLED = "CANCELLED"


class LapsePolicy(StrEnum):
    """What becomes of a job whose worker's lease ran out."""

    REQUEUE = "REQUEUE"
    FAIL = "FAIL"


FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})

TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.RUNNING, JobStatus.CANCELLED}),
    JobStatus.RUNNING: frozenset({JobStatus.PENDING, JobStatus.WAITING, *FINISHED}),
    JobStatus.WAITING: frozenset({JobStatus.PENDING, JobStatus.FAILED, JobStatus.CANCELLED}),
    # Only when an operator asks for another attempt; what is completed stays so, and can be replayed.
    JobStatus.FAILED: frozenset({JobStatus.PENDING}),
    JobStatus.CANCELLED: frozenset({JobStatus.PENDING}),
    JobStatus.COMPLETED: frozenset(),
}


class Job(NamedTuple):
    """A row of `sync_jobs`; instants are Unix milliseconds UTC.

    Attributes:
        id: The caller's, or a UUIDv7.
        user_id: Whom it works for; recorded and filtered by, no wall.
        project_id: What it belongs to.
        construct_id: The construct that it works on; it is deleted with that.
        parent_id: The job that it is a part of; may be gone.
        replay_of: The job that it repeats; may be gone.
        schedule_id: The schedule that made it; may be gone.
        kind: What sort of work, by which workers claim.
        key: What it works on, for limits by key.
        command: What to do, for a person or a shell.
        params: A JSON object as canonical text.
        caller: Who asked for it.
        response_channel: Where the caller wants to hear of it.
        priority: 0 to 9, the larger the sooner.
        max_attempts: Attempts before it has failed for good.
        on_lapse: A `LapsePolicy`.
        idempotency_key: One job of its kind has it: asking twice makes one.
        metadata: Whatever else the caller keeps with it: a JSON object as canonical text.
        status: A `JobStatus`.
        progress: 0 to 100.
        phase: What the worker is doing now.
        attempts: Those that count: one that ended in waiting, or was given back, does not.
        retries: How often it was given another attempt after it had finished; grows, and is never set back.
        run_after: Not claimed before; when it is WAITING, the instant at which it waits no longer (`NEVER`: none).
        waiting_for: What a WAITING job waits for, in the worker's words ("approval:ID").
        lease_owner: The worker that runs it.
        lease_token: Grows with each claim.
        lease_ms: How long its lease was granted for.
        lease_expires_at: Until when it holds.
        cancel_requested_at: When somebody wanted it cancelled while it ran.
        result: What it came to (JSON).
        error_message: What went wrong last.
        version: 1 at first, one more with each change of its content; running is no change of it.
        created_at: When it was stored first.
        started_at: When it was claimed first.
        completed_at: When it finished.
        updated_at: When anything of it changed last, heartbeats apart.
    """

    id: str
    user_id: str | None
    project_id: str | None
    construct_id: str | None
    parent_id: str | None
    replay_of: str | None
    schedule_id: str | None
    kind: str
    key: str | None
    command: str | None
    params: str
    caller: str | None
    response_channel: str | None
    priority: int
    max_attempts: int
    on_lapse: str
    idempotency_key: str | None
    metadata: str
    status: str
    progress: int
    phase: str | None
    attempts: int
    retries: int
    run_after: int
    waiting_for: str | None
    lease_owner: str | None
    lease_token: int
    lease_ms: int | None
    lease_expires_at: int | None
    cancel_requested_at: int | None
    result: str | None
    error_message: str | None
    version: int
    created_at: int
    started_at: int | None
    completed_at: int | None
    updated_at: int


class JobContent(TypedDict, total=False):
    """What a save says about a job; a key that is absent says nothing about its field."""

    user_id: str | None
    project_id: str | None
    construct_id: str | None
    parent_id: str | None
    kind: str
    key: str | None
    command: str | None
    params: Mapping[str, Any]
    caller: str | None
    response_channel: str | None
    priority: int
    max_attempts: int
    on_lapse: LapsePolicy
    idempotency_key: str | None
    metadata: Mapping[str, Any]
    run_after: int


class SavedJob(NamedTuple):
    """What a save came to.

    Attributes:
        job: As it is stored now.
        created: Whether it was not there before.
        changed: Whether anything was written.
    """

    job: Job
    created: bool
    changed: bool


class Checkpoint(NamedTuple):
    """A row of `job_checkpoints`.

    Attributes:
        job_id: The job.
        phase: What had been done.
        seq: The largest of a job is its latest.
        data: What the worker needs to go on (JSON).
        created_at: When it was saved.
    """

    job_id: str
    phase: str
    seq: int
    data: str
    created_at: int


class CheckpointSize(NamedTuple):
    """A checkpoint without what it holds, which may be large.

    Attributes:
        phase: What had been done.
        seq: The largest of a job is its latest.
        created_at: When it was saved.
        size_bytes: Bytes of its JSON.
    """

    phase: str
    seq: int
    created_at: int
    size_bytes: int


class Attempt(NamedTuple):
    """A row of `job_attempts`.

    Attributes:
        job_id: The job.
        number: The lease token of the claim.
        worker: Who claimed it.
        started_at: When.
        ended_at: When it ended; None while it runs.
        outcome: An `AttemptOutcome`; None while it runs.
        error: What went wrong.
    """

    job_id: str
    number: int
    worker: str
    started_at: int
    ended_at: int | None
    outcome: str | None
    error: str | None


class JobLimit(NamedTuple):
    """A row of `job_limits`.

    Attributes:
        kind: Of which jobs.
        running_max: How many may run at once; None: any number, 0: none is claimed.
        running_per_key_max: How many of the same key; jobs without a key are not counted.
        updated_at: When it was set.
    """

    kind: str
    running_max: int | None
    running_per_key_max: int | None
    updated_at: int


NEVER = 2**53 - 1
"""`run_after` of a job that waits without an end."""

PRIORITY = 5
"""Of a job that names none."""

FIELDS = {
    "user_id": "userId",
    "project_id": "projectId",
    "construct_id": "constructId",
    "parent_id": "parentId",
    "response_channel": "responseChannel",
    "max_attempts": "maxAttempts",
    "on_lapse": "onLapse",
    "idempotency_key": "idempotencyKey",
    "run_after": "runAfter",
}
"""Columns of a job's content whose name differs from that of the field."""


def is_finished(job: Job) -> bool:
    """Whether nothing more becomes of it by itself."""
    return job.status in FINISHED


def check_transition(job: Job, status: JobStatus) -> None:
    """Refuse a status that cannot follow the job's own.

    Raises:
        IllegalTransitionError: It cannot.
    """
    if status not in TRANSITIONS[JobStatus(job.status)]:
        raise IllegalTransitionError(
            f"Job {job.id!r} is {job.status} and cannot become {status}.",
            details={"id": job.id, "status": job.status, "wanted": str(status)},
        )
