"""This plugin's enums as the schema shows them, with what each value means.

Those that the store knows too are defined in `model.py`, which knows nothing
of GraphQL; types and inputs import them from here, so that none is ever used
without a meaning.
"""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_jobs.events import (
    JOB_CANCEL_REQUESTED,
    JOB_CHECKPOINTED,
    JOB_DELETED,
    JOB_PROGRESSED,
    JOB_SAVED,
    JOB_STATUS_CHANGED,
)
from synthetic_jobs.model import AttemptOutcome, JobStatus, LapsePolicy
from synthetic_jobs.schedule_model import MissedPolicy, OverlapPolicy

__all__ = [
    "AttemptOutcome",
    "JobOrder",
    "JobStatus",
    "JobUpdateType",
    "LapsePolicy",
    "MissedPolicy",
    "OverlapPolicy",
]


class JobOrder(StrEnum):
    """The orders that jobs are listed in."""

    CREATED_AT_DESC = "desc"
    CREATED_AT_ASC = "asc"


class JobUpdateType(StrEnum):
    """What happened to a job, by the name of the event that tells it."""

    SAVED = JOB_SAVED.name
    STATUS_CHANGED = JOB_STATUS_CHANGED.name
    PROGRESSED = JOB_PROGRESSED.name
    CHECKPOINTED = JOB_CHECKPOINTED.name
    CANCEL_REQUESTED = JOB_CANCEL_REQUESTED.name
    DELETED = JOB_DELETED.name


describe_enum(
    JobStatus,
    "Where a job stands.",
    {
        JobStatus.PENDING: "To be claimed by a worker, once it is due.",
        JobStatus.RUNNING: "Held by a worker, whose lease has to be renewed.",
        JobStatus.WAITING: "Waits for something else than a worker, and is held by nobody.",
        JobStatus.COMPLETED: "Done; it has its result.",
        JobStatus.FAILED: "Not done, and not tried again unless somebody grants another attempt.",
        JobStatus.CANCELLED: "Not wanted any more.",
    },
)
describe_enum(
    AttemptOutcome,
    "How an attempt at a job ended.",
    {
        AttemptOutcome.COMPLETED: "The job was done.",
        AttemptOutcome.FAILED: "The worker said that it failed.",
        AttemptOutcome.WAITING: "The job waits for something; the attempt does not count.",
        AttemptOutcome.RELEASED: "The worker gave the job back; the attempt does not count.",
        AttemptOutcome.LAPSED: "The worker was not heard of until its lease ran out.",
        AttemptOutcome.CANCELLED: "The job was cancelled meanwhile.",
    },
    name="JobAttemptOutcome",
)
describe_enum(
    LapsePolicy,
    "What becomes of a job whose worker was not heard of until its lease ran out.",
    {
        LapsePolicy.REQUEUE: "It is PENDING again at once, if it has attempts left; else FAILED.",
        LapsePolicy.FAIL: "It is FAILED: for work that must not be begun twice without somebody looking at it.",
    },
)
describe_enum(
    JobOrder,
    "The orders that jobs are listed in; equal ones are ordered by id.",
    {
        JobOrder.CREATED_AT_DESC: "The last stored first.",
        JobOrder.CREATED_AT_ASC: "The first stored first.",
    },
)
describe_enum(
    JobUpdateType,
    "What happened to a job.",
    {
        JobUpdateType.SAVED: "It was stored, or its content was changed.",
        JobUpdateType.STATUS_CHANGED: "It went from one status to another.",
        JobUpdateType.PROGRESSED: "Its progress or phase changed.",
        JobUpdateType.CHECKPOINTED: "Its worker saved a checkpoint.",
        JobUpdateType.CANCEL_REQUESTED: "Somebody wants it cancelled while it runs.",
        JobUpdateType.DELETED: "It was deleted.",
    },
)
describe_enum(
    MissedPolicy,
    "What becomes of a schedule's instants that passed, by more than a minute, while nothing looked.",
    {
        MissedPolicy.SKIP: "They make no jobs.",
        MissedPolicy.ONCE: "They make one job together.",
        MissedPolicy.ALL: "Each makes a job, the first one first; of many, only the latest (`schedule_makeup`).",
    },
)
describe_enum(
    OverlapPolicy,
    "What happens at an instant of a schedule when the job of the one before is not finished.",
    {
        OverlapPolicy.ALLOW: "There is another job all the same.",
        OverlapPolicy.SKIP: "The instant makes no job.",
    },
)
