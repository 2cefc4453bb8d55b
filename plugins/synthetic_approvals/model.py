"""Records of approvals, and when one has lapsed: pure, no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from synthetic import RunningTime


class ApprovalStatus(StrEnum):
    """Where an approval stands; `enums.py` says what each value means."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class Decision(StrEnum):
    """What a person can decide."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class RefusalPolicy(StrEnum):
    """What becomes of a job that waits for an approval which is not given."""

    FAIL = "FAIL"
    RESUME = "RESUME"


class Approval(NamedTuple):
    """A row of `pending_approvals`; instants are Unix milliseconds UTC.

    Attributes:
        id: The caller's, or a UUIDv7.
        construct_id: The construct that it belongs to.
        session_id: The session whose agent asks.
        job_id: The job that asks.
        job_retries: How often that had been retried: which of its runs asks; None without a job.
        tool: The tool or command that is to be run.
        arguments: With what: a JSON object in the form of RFC 8785.
        arguments_sha256: Of that text, 64 hexadecimal digits.
        requester: Who asks, in the words of the caller.
        requested_by: Who asks, as the store knows the caller: the name of a token.
        reason: What for.
        on_refusal: A `RefusalPolicy`.
        lifetime_ms: For how long the decision is awaited.
        requested_at: When it was asked for.
        requested_position: The number of the position in the log of the event `approval.requested`.
        expires_at: When it lapses, as the clock told it when that was reckoned; for people.
        expires_run: The run of the machine in which it lapses...
        expires_running_ms: ...when that has lasted for so many milliseconds.
        status: An `ApprovalStatus`.
        decided_by: Who decided, as the store knows the caller; None unless it was APPROVED or REJECTED.
        decider: Who decided, in the words of the caller.
        decided_at: When.
        decided_sha256: What they decided on: the hash of the arguments that were shown.
        decision_event_id: Id of the event `approval.decided`.
        decision_position: The number of its position in the log.
        comment: What whoever decided or cancelled it says.
        ended_at: When it was decided, cancelled or found to have lapsed; None while it is PENDING. Lowered once the
            clock is believed again, where it lay far in its future.
    """

    id: str
    construct_id: str | None
    session_id: str | None
    job_id: str | None
    job_retries: int | None
    tool: str
    arguments: str
    arguments_sha256: str
    requester: str | None
    requested_by: str
    reason: str | None
    on_refusal: str
    lifetime_ms: int
    requested_at: int
    requested_position: int
    expires_at: int
    expires_run: str
    expires_running_ms: int
    status: str
    decided_by: str | None
    decider: str | None
    decided_at: int | None
    decided_sha256: str | None
    decision_event_id: str | None
    decision_position: int | None
    comment: str | None
    ended_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """What is asked for.

    Attributes:
        tool: The tool or command that is to be run.
        arguments: With what: a JSON object.
        construct_id: The construct that it belongs to; None: that of the job, or else of the session.
        session_id: The session whose agent asks.
        job_id: The job that asks.
        requester: Who asks.
        reason: What for.
        on_refusal: What becomes of a job that waits for it, where it is not given; None: it fails. Only with a job.
        lifetime_ms: For how long the decision is awaited; None: as the settings say.
    """

    tool: str
    arguments: object
    construct_id: str | None = None
    session_id: str | None = None
    job_id: str | None = None
    requester: str | None = None
    reason: str | None = None
    on_refusal: RefusalPolicy | None = None
    lifetime_ms: int | None = None


class RequestedApproval(NamedTuple):
    """What a request came to.

    Attributes:
        approval: As it is stored now.
        created: Whether it was not there before.
    """

    approval: Approval
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which approvals are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        statuses: The status is one of these.
        tools: The tool is one of these.
        construct_id: It belongs to this construct.
        session_id: It belongs to this session.
        job_id: It belongs to this job.
        requester: This one asked for it, by their own word.
        requested_from: Asked for at or after, Unix milliseconds UTC.
        requested_before: Asked for before.
    """

    ids: Sequence[str] | None = None
    statuses: Sequence[ApprovalStatus] | None = None
    tools: Sequence[str] | None = None
    construct_id: str | None = None
    session_id: str | None = None
    job_id: str | None = None
    requester: str | None = None
    requested_from: int | None = None
    requested_before: int | None = None


FIELDS = {
    "construct_id": "constructId",
    "session_id": "sessionId",
    "job_id": "jobId",
    "on_refusal": "onRefusal",
    "lifetime_ms": "lifetimeMs",
}
"""Columns of a request whose name differs from that of the field."""

WAITS_FOR = "approval:"
"""Begins what a job waits for that waits for an approval; the id follows."""

ID_CHARACTERS_MAX = 190
"""Longest id of an approval: with what goes before it, a job must be able to name it."""


def waiting_for(approval_id: str) -> str:
    """What a job says that it waits for, to wait for an approval."""
    return WAITS_FOR + approval_id


def running_ms(running: RunningTime) -> int:
    """How long a run of the machine has lasted, in milliseconds."""
    return round(running.seconds * 1000)


def remaining_ms(approval: Approval, running: RunningTime, now: int, *, is_clock_believed: bool) -> int:
    """How long a pending approval still waits, in milliseconds; 0: it has lapsed.

    In the run of the machine in which it was asked for, its running time alone
    tells. After a restart nothing tells how long the machine was off but the
    clock: where that can be believed, it counts, but never for more than the
    approval was asked for; where it cannot, all of that is left.

    Args:
        approval: A pending one.
        running: The machine's.
        now: What the clock shows.
        is_clock_believed: Whether it has not jumped.
    """
    if approval.expires_run == running.run:
        left = approval.expires_running_ms - running_ms(running)
    else:
        left = approval.expires_at - now if is_clock_believed else approval.lifetime_ms
    return max(0, min(left, approval.lifetime_ms))
