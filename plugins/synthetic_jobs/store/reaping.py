"""Jobs that nobody holds any more, and waits that are over: found by the clock, in small steps.

The background service does it all the time, and each claim does a little, so
that a store without background work moves on as well.
"""

from __future__ import annotations

from synthetic import Snapshot, Transaction
from synthetic_jobs.model import AttemptOutcome, Job, JobStatus, LapsePolicy
from synthetic_jobs.store.endings import end_run
from synthetic_jobs.store.jobs import COLUMNS, tell_status, write_job

REAPED_MAX = 100
"""Jobs of one step: it holds the writer for some 10 ms at most."""

_ON_THE_WAY_MAX = 20
_LAPSED = f"SELECT {COLUMNS} FROM sync_jobs WHERE status = 'RUNNING' AND lease_expires_at <= :now"
_IS_LAST = "(cancel_requested_at IS NOT NULL OR on_lapse = 'FAIL' OR attempts >= max_attempts)"
_CHANGED_IN_FUTURE = (
    "FROM sync_jobs INDEXED BY sync_jobs_by_change"
    " WHERE status = 'PENDING' AND (run_after <= updated_at OR attempts > 0) AND updated_at > :now"
)
"""Jobs whose time nobody has named: due since they were changed, or after a pause since then."""

_MESSAGE = "The worker was not heard of in time: its lease ran out."


def is_anything_stuck(snapshot: Snapshot) -> bool:
    """Whether there is anything to reap; four looks into indexes."""
    return bool(
        snapshot.value(
            "SELECT EXISTS (SELECT 1 FROM sync_jobs WHERE status = 'RUNNING' AND lease_expires_at <= :now)"
            " OR EXISTS (SELECT 1 FROM sync_jobs WHERE status = 'WAITING' AND run_after <= :now)"
            " OR EXISTS (SELECT 1 FROM sync_jobs WHERE status = 'RUNNING' AND lease_expires_at - lease_ms > :now)"
            f" OR EXISTS (SELECT 1 {_CHANGED_IN_FUTURE})",
            {"now": snapshot.now},
        )
    )


def reap_a_little(tx: Transaction) -> None:
    """Put some of it in order on the way of something else."""
    if is_anything_stuck(tx):
        reap_jobs(tx, _ON_THE_WAY_MAX)


def reap_jobs(tx: Transaction, limit: int = REAPED_MAX) -> int:
    """Both of what follows, the lease that ran out first coming first.

    Returns:
        How many jobs were changed, at most three times the limit.
    """
    mended = _mend_instants_from_the_future(tx, limit)
    lapsed = tx.records(Job, f"{_LAPSED} ORDER BY lease_expires_at LIMIT :limit", {"now": tx.now, "limit": limit})
    for job in lapsed:
        _end_lapsed(tx, job)
    return mended + len(lapsed) + _end_waits(tx, limit)


def fail_stuck_jobs(tx: Transaction, limit: int = REAPED_MAX) -> int:
    """End jobs whose lease ran out and that are not to be run again: FAILED, or CANCELLED if that was asked for.

    Returns:
        How many.
    """
    jobs = tx.records(
        Job, f"{_LAPSED} AND {_IS_LAST} ORDER BY lease_expires_at LIMIT :limit", {"now": tx.now, "limit": limit}
    )
    for job in jobs:
        _end_lapsed(tx, job)
    return len(jobs)


def requeue_pending_jobs(tx: Transaction, limit: int = REAPED_MAX) -> int:
    """Return to PENDING what can go on: jobs whose lease ran out, with attempts left, and waits that are over.

    Returns:
        How many of both.
    """
    _mend_instants_from_the_future(tx, limit)
    lapsed = tx.records(
        Job, f"{_LAPSED} AND NOT {_IS_LAST} ORDER BY lease_expires_at LIMIT :limit", {"now": tx.now, "limit": limit}
    )
    for job in lapsed:
        _end_lapsed(tx, job)
    return len(lapsed) + _end_waits(tx, limit)


def _end_lapsed(tx: Transaction, job: Job) -> None:
    """What becomes of a job whose lease ran out; `_IS_LAST` says the same in SQL."""
    is_last = (
        job.cancel_requested_at is not None or job.on_lapse == LapsePolicy.FAIL or job.attempts >= job.max_attempts
    )
    status = JobStatus.FAILED if is_last else JobStatus.PENDING
    due = {} if is_last else {"run_after": tx.now}
    end_run(tx, job, status, AttemptOutcome.LAPSED, error=_MESSAGE, error_message=_MESSAGE, **due)


def _end_waits(tx: Transaction, limit: int) -> int:
    """Return jobs to PENDING that wait no longer; how many."""
    waited = tx.records(
        Job,
        f"SELECT {COLUMNS} FROM sync_jobs WHERE status = 'WAITING' AND run_after <= :now ORDER BY run_after"
        " LIMIT :limit",
        {"now": tx.now, "limit": limit},
    )
    for job in waited:
        after = write_job(tx, job, status=str(JobStatus.PENDING), waiting_for=None)
        tell_status(tx, job, after)
    return len(waited)


def _mend_instants_from_the_future(tx: Transaction, limit: int) -> int:
    """After the clock was set back, nothing must stand still until it has come as far again; how many jobs were mended.

    A lease must not outlast the worker's silence by as much; and what was due
    when it was last changed, or after a pause since then, is due so from now.
    """
    leases = tx.execute(
        "UPDATE sync_jobs SET lease_expires_at = :now + lease_ms WHERE id IN (SELECT id FROM sync_jobs"
        " WHERE status = 'RUNNING' AND lease_expires_at - lease_ms > :now LIMIT :limit)",
        {"now": tx.now, "limit": limit},
    )
    waiting = tx.execute(
        "UPDATE sync_jobs SET run_after = :now + max(0, run_after - updated_at), updated_at = :now WHERE id IN"
        f" (SELECT id {_CHANGED_IN_FUTURE} LIMIT :limit)",
        {"now": tx.now, "limit": limit},
    )
    return leases + waiting
