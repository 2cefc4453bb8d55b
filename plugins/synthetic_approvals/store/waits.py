"""Jobs that wait for approvals: what becomes of them when these end.

A job waits for an approval by saying so (`waiting_for` is `approval:ID`), and
for every pending approval that names it as its job. It goes on once all of them
have ended, or are gone. As soon as one is not given, or if one was not before it
began to wait, the job fails, unless that approval says that the job is to go on
all the same. What an earlier run has asked for, before an operator retried the
job, counts no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from synthetic import Row, Snapshot, Transaction
from synthetic_approvals.model import WAITS_FOR, Approval, ApprovalStatus, RefusalPolicy, waiting_for
from synthetic_approvals.store.rows import get_approval
from synthetic_jobs.store import JobStatus, find_job, update_job_status

SETTLED_MAX = 100
"""Jobs of one step: it holds the writer for some 10 ms at most."""

_AFTER = WAITS_FOR[:-1] + chr(ord(WAITS_FOR[-1]) + 1)
"""The first text after all those that begin like this."""

_WAITING = "j.waiting_for > :first AND j.waiting_for < :after"
_NAMED_REFUSED = "a.on_refusal = 'FAIL' AND a.status IN ('REJECTED', 'EXPIRED', 'CANCELLED')"
# What was withdrawn while the job ran is no refusal; while it waits, `settle_jobs_of` hears of it.
_OWN_REFUSED = (
    "SELECT r.id FROM pending_approvals r WHERE r.job_id = j.id AND r.job_retries = j.retries"
    " AND r.status IN ('REJECTED', 'EXPIRED') AND r.on_refusal = 'FAIL' LIMIT 1"
)
_OWN_PENDING = (
    "SELECT 1 FROM pending_approvals b WHERE b.job_id = j.id AND b.status = 'PENDING' AND b.job_retries = j.retries"
)
# What a job has named may be deleted by now, or never have been there.
_OVER = (
    "FROM sync_jobs j LEFT JOIN pending_approvals a ON a.id = substr(j.waiting_for, :skip)"
    f" WHERE {{wanted}} AND ({_NAMED_REFUSED} OR EXISTS ({_OWN_REFUSED})"
    f" OR (coalesce(a.status, '') <> 'PENDING' AND NOT EXISTS ({_OWN_PENDING})))"
)
_READY = f"SELECT j.id, CASE WHEN {_NAMED_REFUSED} THEN a.id ELSE ({_OWN_REFUSED}) END {_OVER} LIMIT :limit"
_RANGE = {"first": WAITS_FOR, "after": _AFTER, "skip": len(WAITS_FOR) + 1}
_IDLE = (
    f"SELECT j.id, j.waiting_for {_OVER} AND j.updated_at < :before AND coalesce(a.ended_at, 0) < :before"
    " AND NOT EXISTS (SELECT 1 FROM pending_approvals o WHERE o.job_id = j.id AND o.ended_at >= :before)"
    " AND NOT EXISTS (SELECT 1 FROM domain_events e WHERE e.entity_type = 'approval'"
    " AND e.entity_id = substr(j.waiting_for, :skip) AND e.ingested_at_utc >= :before)"
)


def is_any_job_ready(snapshot: Snapshot) -> bool:
    """Whether a job waits for nothing any more."""
    return bool(snapshot.rows(_READY.format(wanted=_WAITING), {**_RANGE, "limit": 1}))


def find_idle_waits(snapshot: Snapshot, before: int) -> Iterator[tuple[str, str]]:
    """Jobs that wait for nothing any more, and have done so since before an instant, Unix milliseconds UTC.

    Returns:
        The job's id, and what it says that it waits for.
    """
    rows = snapshot.iterate(_IDLE.format(wanted=_WAITING), {**_RANGE, "before": before})
    return ((job_id, waits_for) for job_id, waits_for in rows)


def settle_jobs(tx: Transaction, limit: int = SETTLED_MAX) -> int:
    """See to jobs that wait for nothing any more: more of them than the end of an approval sees to, or late ones.

    Among them are those that wait for an approval which is not there: it was
    deleted, with its session maybe, or nobody has ever asked for it. They go
    on, and their workers find that nothing allows them what they are about to do.

    Returns:
        How many were changed.
    """
    return _settle(tx, tx.rows(_READY.format(wanted=_WAITING), {**_RANGE, "limit": limit}))


def settle_job(tx: Transaction, job_id: str) -> int:
    """See to a job, if it waits for nothing any more, or for something of which a part was refused; how many: it."""
    wanted = f"j.id = :job_id AND {_WAITING}"
    return _settle(tx, tx.rows(_READY.format(wanted=wanted), {**_RANGE, "job_id": job_id, "limit": 1}))


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
    if _is_refused(approval) and approval.job_retries == job.retries:
        return _fail(tx, job_id, approval)
    return settle_job(tx, job_id)


def _settle(tx: Transaction, ready: Sequence[Row]) -> int:
    """Let jobs go on, or fail by the approval that was refused."""
    refused: dict[str, Approval] = {}
    for job_id, approval_id in ready:
        if approval_id is None:
            update_job_status(tx, job_id, JobStatus.PENDING)
        else:
            _fail(
                tx, job_id, refused.get(approval_id) or refused.setdefault(approval_id, get_approval(tx, approval_id))
            )
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
