"""Jobs that wait for approvals: what becomes of them when these end.

A job waits for an approval by saying so (`waiting_for` is `approval:ID`), and
for every pending approval that names it as its job. It goes on once all of them
have ended. As soon as one is not given, the job fails, unless that approval
says that the job is to go on all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Row, Snapshot, Transaction
from synthetic_approvals.model import WAITS_FOR, Approval, ApprovalStatus, RefusalPolicy, waiting_for
from synthetic_approvals.store.rows import find_approval, get_approval
from synthetic_jobs.store import JobStatus, find_job, update_job_status

SETTLED_MAX = 100
"""Jobs of one step: it holds the writer for some 10 ms at most."""

_AFTER = WAITS_FOR[:-1] + chr(ord(WAITS_FOR[-1]) + 1)
"""The first text after all those that begin like this."""

_WAITING = "j.waiting_for > :first AND j.waiting_for < :after"
_READY = (
    "SELECT j.id, a.id FROM sync_jobs j JOIN pending_approvals a ON a.id = substr(j.waiting_for, :skip)"
    " WHERE {wanted} AND a.status <> 'PENDING' AND ((a.status <> 'APPROVED' AND a.on_refusal = 'FAIL') OR NOT EXISTS"
    " (SELECT 1 FROM pending_approvals b WHERE b.job_id = j.id AND b.status = 'PENDING')) LIMIT :limit"
)
_RANGE = {"first": WAITS_FOR, "after": _AFTER, "skip": len(WAITS_FOR) + 1}


def is_any_job_ready(snapshot: Snapshot) -> bool:
    """Whether a job waits for nothing any more."""
    return bool(snapshot.rows(_READY.format(wanted=_WAITING), {**_RANGE, "limit": 1}))


def settle_jobs(tx: Transaction, limit: int = SETTLED_MAX) -> int:
    """See to jobs that wait for nothing any more: more of them than the end of an approval sees to, or late ones.

    Returns:
        How many were changed.
    """
    return _settle(tx, tx.rows(_READY.format(wanted=_WAITING), {**_RANGE, "limit": limit}))


def settle_jobs_of(tx: Transaction, approval: Approval, limit: int = SETTLED_MAX) -> int:
    """See to the jobs that wait for an approval which has ended, and to the job that asked for it.

    Returns:
        How many were changed; with as many as the limit, there may be more.
    """
    settled = 0 if approval.job_id is None else _settle_asking(tx, approval.job_id, approval)
    named = tx.rows(
        _READY.format(wanted="j.waiting_for = :waiting_for"),
        {"skip": _RANGE["skip"], "waiting_for": waiting_for(approval.id), "limit": limit},
    )
    return settled + _settle(tx, named)


def _settle_asking(tx: Transaction, job_id: str, approval: Approval) -> int:
    """See to the job that asked for an approval, which may wait for another one; how many were changed."""
    job = find_job(tx, job_id)
    if job is None or not (job.waiting_for or "").startswith(WAITS_FOR):
        return 0
    if _is_refused(approval):
        return _fail(tx, job_id, approval)
    # What it waits for may be deleted by now, where another approval of it was pending for long.
    awaited = find_approval(tx, (job.waiting_for or "").removeprefix(WAITS_FOR))
    if awaited is not None and _is_refused(awaited):
        return _fail(tx, job_id, awaited)
    if (awaited is not None and awaited.status == ApprovalStatus.PENDING) or tx.row(
        "SELECT 1 FROM pending_approvals WHERE job_id = :job_id AND status = 'PENDING'", {"job_id": job_id}
    ):
        return 0
    update_job_status(tx, job_id, JobStatus.PENDING)
    return 1


def _settle(tx: Transaction, ready: Sequence[Row]) -> int:
    """Let jobs go on or fail, by the approval that each of them has named."""
    ended: dict[str, Approval] = {}
    for job_id, approval_id in ready:
        approval = ended.get(approval_id) or ended.setdefault(approval_id, get_approval(tx, approval_id))
        if _is_refused(approval):
            _fail(tx, job_id, approval)
        else:
            update_job_status(tx, job_id, JobStatus.PENDING)
    return len(ready)


def _is_refused(approval: Approval) -> bool:
    """Whether it is not given, and jobs that wait for it are to fail."""
    is_ended_without = approval.status not in (ApprovalStatus.PENDING, ApprovalStatus.APPROVED)
    return is_ended_without and approval.on_refusal == RefusalPolicy.FAIL


def _fail(tx: Transaction, job_id: str, approval: Approval) -> int:
    """Fail a job that waits, since an approval is not given; how many were failed: it."""
    update_job_status(tx, job_id, JobStatus.FAILED, message=_reason(approval))
    return 1


def _reason(approval: Approval) -> str:
    """Why a job has failed, in words."""
    match approval.status:
        case ApprovalStatus.REJECTED:
            ending = f"was rejected by {approval.decider or approval.decided_by}"
        case ApprovalStatus.EXPIRED:
            ending = "was not given in time"
        case _:
            ending = "was cancelled"
    words = f"The approval {approval.id} of {approval.tool} {ending}."
    return words if approval.comment is None else f"{words[:-1]}: {approval.comment}"
