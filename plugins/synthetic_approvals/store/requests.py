"""Asking for approvals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthetic import ConflictError, NotFoundError, Transaction, bad_input, check_id, iso_from_ms, running_time
from synthetic_approvals.canonical import check_arguments, hash_arguments
from synthetic_approvals.events import APPROVAL_REQUESTED, request_payload
from synthetic_approvals.model import (
    FIELDS,
    ID_CHARACTERS_MAX,
    Approval,
    ApprovalRequest,
    ApprovalStatus,
    RefusalPolicy,
    RequestedApproval,
    running_ms,
    waiting_for,
)
from synthetic_approvals.settings import LIFETIME_MS_MIN, ApprovalSettings
from synthetic_approvals.store.endings import check_words
from synthetic_approvals.store.rows import COLUMNS, TABLE, find_approval
from synthetic_approvals.store.waits import settle_job
from synthetic_jobs.store import Job, JobStatus, find_job, get_job, update_job_status
from synthetic_sessions.store import get_session

_INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Approval._fields)})"


def request_approval(
    tx: Transaction, request: ApprovalRequest, *, approval_id: str | None = None, lease_token: int | None = None
) -> RequestedApproval:
    """Ask for a decision. Sent again after its answer was lost, it changes nothing.

    Args:
        tx: To write in.
        request: What is asked for.
        approval_id: The caller's id; without it, a UUIDv7.
        lease_token: With a job that the caller runs: let go of it in the same
            transaction, to go on when this, and all else that it has asked
            for, is decided.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such construct, session or job.
        ConflictError: There is an approval with this id that asks for something else, or the job has finished.
        LeaseLostError: The lease does not hold the job any more.
    """
    if lease_token is not None and request.job_id is None:
        raise bad_input("leaseToken", "goes only with a jobId")
    asked = _checked(tx, request)
    stored = None if approval_id is None else find_approval(tx, _check_approval_id(approval_id))
    if stored is not None:
        _refuse_other(stored, request, asked)
        stored = _adopt(tx, stored)
        if lease_token is not None and stored.status == ApprovalStatus.PENDING:
            _let_wait_again(tx, stored, lease_token)
        return RequestedApproval(stored, created=False)
    job = None if request.job_id is None else _get_unfinished_job(tx, request.job_id)
    running = running_time(tx)
    approval = Approval(
        **asked,
        id=tx.new_id() if approval_id is None else approval_id,
        job_retries=None if job is None else job.retries,
        arguments_sha256=hash_arguments(asked["arguments"]),
        requested_by=tx.origin.actor,
        requested_at=tx.now,
        requested_position=0,
        expires_at=tx.now + asked["lifetime_ms"],
        expires_run=running.run,
        expires_running_ms=running_ms(running) + asked["lifetime_ms"],
        status=str(ApprovalStatus.PENDING),
        decided_by=None,
        decider=None,
        decided_at=None,
        decided_sha256=None,
        decision_event_id=None,
        decision_position=None,
        comment=None,
        ended_at=None,
    )
    told = {**request_payload(approval), "expiresAt": iso_from_ms(approval.expires_at)}
    tx.emit(APPROVAL_REQUESTED, approval.id, construct_id=approval.construct_id, payload=told)
    approval = approval._replace(requested_position=tx.position().number)
    tx.execute(_INSERT, approval._asdict())
    if lease_token is not None:
        _let_wait(tx, approval, lease_token)
    return RequestedApproval(approval, created=True)


def _check_approval_id(approval_id: str) -> str:
    if len(check_id(approval_id, "id")) > ID_CHARACTERS_MAX:
        raise bad_input("id", f"must have at most {ID_CHARACTERS_MAX} characters")
    return approval_id


def _checked(tx: Transaction, request: ApprovalRequest) -> dict[str, Any]:
    """The columns that a request gives, each acceptable and as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such construct, session or job.
    """
    settings = tx.settings(ApprovalSettings)
    if request.on_refusal is not None and request.job_id is None:
        raise bad_input("onRefusal", "goes only with a jobId")
    on_refusal = RefusalPolicy.FAIL if request.on_refusal is None else request.on_refusal
    if on_refusal not in RefusalPolicy.__members__.values():
        raise bad_input("onRefusal", "must be one of " + ", ".join(RefusalPolicy))
    lifetime_ms = settings.lifetime_ms if request.lifetime_ms is None else request.lifetime_ms
    most = max(settings.lifetime_ms, settings.lifetime_ms_max)
    if not LIFETIME_MS_MIN <= lifetime_ms <= most:
        raise bad_input("lifetimeMs", f"must be from {LIFETIME_MS_MIN:,} to {most:,}")
    construct_id = _check_links(tx, request)
    return {
        "construct_id": construct_id,
        "session_id": request.session_id,
        "job_id": request.job_id,
        "tool": check_id(request.tool, "tool"),
        "arguments": check_arguments(request.arguments, settings),
        "requester": None if request.requester is None else check_id(request.requester, "requester"),
        "reason": check_words(tx, request.reason, "reason"),
        "on_refusal": str(on_refusal),
        "lifetime_ms": lifetime_ms,
    }


def _check_links(tx: Transaction, request: ApprovalRequest) -> str | None:
    """Make sure that what a request points at is there; the construct that it belongs to.

    Raises:
        BadUserInputError: Something can be no id.
        NotFoundError: Something is not there.
    """
    job = None if request.job_id is None else get_job(tx, request.job_id, field="jobId")
    session = (
        None
        if request.session_id is None
        else get_session(tx, check_id(request.session_id, "sessionId"), field="sessionId")
    )
    construct_id = request.construct_id
    if construct_id is None:
        inherited = [each.construct_id for each in (job, session) if each is not None]
        return next((each for each in inherited if each is not None), None)
    check_id(construct_id, "constructId")
    if tx.row("SELECT 1 FROM constructs WHERE id = :id", {"id": construct_id}) is None:
        raise NotFoundError(
            f"There is no construct with the id {construct_id!r}.",
            details={"field": "constructId", "id": construct_id},
        )
    return construct_id


def _get_unfinished_job(tx: Transaction, job_id: str) -> Job:
    """The job that asks, if a decision can still mean anything to it.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It has finished.
    """
    job = get_job(tx, job_id, field="jobId")
    if job.completed_at is not None:
        raise ConflictError(
            f"The job {job_id!r} is {job.status}: it has finished, and waits for nothing.",
            action="Ask in the name of a job that runs, or of none.",
            details={"field": "jobId", "id": job_id, "status": job.status},
        )
    return job


def _refuse_other(stored: Approval, request: ApprovalRequest, asked: Mapping[str, Any]) -> None:
    """Refuse a request whose id is that of another one.

    Raises:
        ConflictError: It is.
    """
    # What a request leaves to its job or session may have come to belong to another construct since.
    same = {"construct_id"} if request.construct_id is None else set[str]()
    if request.lifetime_ms is None:
        # What was left to the settings may be another time by now.
        same.add("lifetime_ms")
    differs = [FIELDS.get(name, name) for name in asked if name not in same and getattr(stored, name) != asked[name]]
    if differs:
        raise ConflictError(
            f"There is an approval with the id {stored.id!r} that asks for something else.",
            action="Choose another id, or leave it out.",
            details={"field": "id", "id": stored.id, "differs": differs},
        )


def _adopt(tx: Transaction, stored: Approval) -> Approval:
    """Let what is pending be asked for by the present run of its job, which asks for it again."""
    if stored.status != ApprovalStatus.PENDING or stored.job_id is None:
        return stored
    retries = get_job(tx, stored.job_id, field="jobId").retries
    if stored.job_retries == retries:
        return stored
    tx.execute(f"UPDATE {TABLE} SET job_retries = :retries WHERE id = :id", {"id": stored.id, "retries": retries})
    return stored._replace(job_retries=retries)


def _let_wait(tx: Transaction, approval: Approval, lease_token: int) -> None:
    """Let a job wait; where something else that this run has asked for was refused meanwhile, it fails."""
    update_job_status(
        tx, approval.job_id or "", JobStatus.WAITING, lease_token=lease_token, waiting_for=waiting_for(approval.id)
    )
    settle_job(tx, approval.job_id or "")


def _let_wait_again(tx: Transaction, approval: Approval, lease_token: int) -> None:
    """Let a job wait whose worker asks again, unless it has let go of it the first time already."""
    job = find_job(tx, approval.job_id or "")
    if job is not None and job.waiting_for != waiting_for(approval.id):
        _let_wait(tx, approval, lease_token)
