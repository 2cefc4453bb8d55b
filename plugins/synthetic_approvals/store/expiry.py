"""Approvals that nobody decides any more: their time is up, or their job has finished, be it retried since."""

from __future__ import annotations

from synthetic import Row, Snapshot, Transaction, is_clock_believed, running_time
from synthetic_approvals.events import APPROVAL_CANCELLED, APPROVAL_EXPIRED, approval_payload, cancellation_payload
from synthetic_approvals.model import Approval, ApprovalStatus, remaining_ms, running_ms
from synthetic_approvals.store.endings import end_approval
from synthetic_approvals.store.rows import COLUMNS, TABLE, get_approval

ENDED_MAX = 100
"""Approvals of one step: with the jobs that wait for them, it holds the writer for some 20 ms."""

_LAPSED = f"FROM {TABLE} WHERE status = 'PENDING' AND expires_run = :run AND expires_running_ms <= :running_ms"
_OTHER_RUNS = f"FROM {TABLE} WHERE status = 'PENDING' AND (expires_run < :run OR expires_run > :run)"
_MOOT = (
    f"FROM {TABLE} a JOIN sync_jobs j ON j.id = a.job_id"
    " WHERE a.status = 'PENDING' AND a.job_id IS NOT NULL"
    " AND (j.completed_at IS NOT NULL OR j.retries > a.job_retries)"
)
_MOOT_COMMENT = "The job that asked for it has finished."


def is_any_approval_over(snapshot: Snapshot) -> bool:
    """Whether there is anything for `expire_approvals` or `cancel_moot_approvals` to do."""
    running = running_time(snapshot)
    return bool(
        snapshot.value(
            f"SELECT EXISTS (SELECT 1 {_LAPSED}) OR EXISTS (SELECT 1 {_OTHER_RUNS}) OR EXISTS (SELECT 1 {_MOOT})",
            {"run": running.run, "running_ms": running_ms(running)},
        )
    )


def expire_approvals(tx: Transaction, limit: int = ENDED_MAX) -> int:
    """End approvals that were not decided in time, those that lapsed first coming first.

    Of those that were asked for before the machine was started, it reckons when
    they lapse in the present run.

    Returns:
        How many were changed.
    """
    running = running_time(tx)
    params = {"run": running.run, "running_ms": running_ms(running), "limit": limit}
    reckoned = _reckon_anew(tx, tx.records(Approval, f"SELECT {COLUMNS} {_OTHER_RUNS} LIMIT :limit", params))
    lapsed = tx.records(Approval, f"SELECT {COLUMNS} {_LAPSED} ORDER BY expires_running_ms LIMIT :limit", params)
    for approval in lapsed:
        end_approval(tx, approval, APPROVAL_EXPIRED, approval_payload, status=str(ApprovalStatus.EXPIRED))
    return reckoned + len(lapsed)


def cancel_moot_approvals(tx: Transaction, limit: int = ENDED_MAX) -> int:
    """Cancel approvals whose job has finished without them.

    Returns:
        How many were cancelled.
    """
    moot: list[Row] = tx.rows(f"SELECT a.id {_MOOT} LIMIT :limit", {"limit": limit})
    for (approval_id,) in moot:
        end_approval(
            tx,
            get_approval(tx, approval_id),
            APPROVAL_CANCELLED,
            cancellation_payload,
            status=str(ApprovalStatus.CANCELLED),
            comment=_MOOT_COMMENT,
        )
    return len(moot)


def _reckon_anew(tx: Transaction, approvals: list[Approval]) -> int:
    running, believed = running_time(tx), is_clock_believed(tx)
    for approval in approvals:
        left_ms = remaining_ms(approval, running, tx.now, is_clock_believed=believed)
        tx.execute(
            f"UPDATE {TABLE} SET expires_run = :run, expires_running_ms = :running_ms, expires_at = :expires_at"
            " WHERE id = :id",
            {
                "run": running.run,
                "running_ms": running_ms(running) + left_ms,
                "expires_at": tx.now + left_ms,
                "id": approval.id,
            },
        )
    return len(approvals)
