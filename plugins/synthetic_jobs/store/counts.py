"""How many jobs there are, for those who watch a store: each counted from an index alone."""

from __future__ import annotations

from synthetic import Snapshot
from synthetic_jobs.model import JobStatus


def count_all_by_status(snapshot: Snapshot) -> dict[JobStatus, int]:
    """How many jobs have each status; none are left out."""
    counted: dict[str, int] = dict(snapshot.rows("SELECT status, count(*) FROM sync_jobs GROUP BY status"))
    return {status: counted.get(status, 0) for status in JobStatus}


def count_claimable(snapshot: Snapshot) -> int:
    """How many jobs are PENDING and due, whatever their limits say."""
    return snapshot.value(
        "SELECT count(*) FROM sync_jobs WHERE status = 'PENDING' AND run_after <= :now", {"now": snapshot.now}
    )


def count_stuck(snapshot: Snapshot) -> int:
    """How many jobs are RUNNING though their lease ran out, or WAITING though their wait is over: to be reaped."""
    return snapshot.value(
        "SELECT (SELECT count(*) FROM sync_jobs WHERE status = 'RUNNING' AND lease_expires_at <= :now)"
        " + (SELECT count(*) FROM sync_jobs WHERE status = 'WAITING' AND run_after <= :now)",
        {"now": snapshot.now},
    )
