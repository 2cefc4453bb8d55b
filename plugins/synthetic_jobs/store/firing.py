"""Making the jobs of schedules when their time has come.

A job is made in the transaction that moves the schedule on, so each instant
makes one job or none, whatever process looks and whenever one dies. Each
schedule has transactions of its own, so that one with which something is wrong
keeps no other from its turn.
"""

from __future__ import annotations

from typing import Any

from synthetic import NotFoundError, Snapshot, Transaction, from_json, iso_from_ms, to_json
from synthetic_jobs.events import SCHEDULE_FIRED, SCHEDULE_SKIPPED
from synthetic_jobs.model import Job, is_finished
from synthetic_jobs.schedule_model import (
    MissedPolicy,
    OverlapPolicy,
    Schedule,
    first_made_up_for,
    moved_on,
    next_instant,
)
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.jobs import find_job, insert_job
from synthetic_jobs.store.schedules import GRACE_MS, find_schedule, get_schedule, set_right, write_schedule

JOBS_MAX = 50
"""Jobs that one transaction makes: the writer is not held for long."""


def list_due_schedules(snapshot: Snapshot, limit: int) -> list[str]:
    """Ids of schedules whose time has come, the longest due first, and of those that a clock placed which was ahead."""
    rows = snapshot.rows(
        "SELECT id FROM job_schedules WHERE paused_at IS NULL AND next_at <= :now ORDER BY next_at LIMIT :limit",
        {"now": snapshot.now, "limit": limit},
    )
    ahead = snapshot.rows(
        "SELECT id FROM job_schedules WHERE paused_at IS NULL AND updated_at > :by ORDER BY updated_at LIMIT :limit",
        {"by": snapshot.now + GRACE_MS, "limit": limit},
    )
    return list(dict.fromkeys(schedule_id for (schedule_id,) in (*rows, *ahead)))


def fire_schedule(tx: Transaction, schedule_id: str) -> Schedule | None:
    """Do what a schedule's policies say of the instants that have come, as far as one transaction goes.

    Returns:
        The schedule as it is now; None where it is gone or paused.

    Raises:
        BadUserInputError: Nobody here knows its time zone, or it names no instant any more.
        ValueError: It would not go on.
    """
    stored = find_schedule(tx, schedule_id)
    if stored is None or stored.paused_at is not None:
        return None
    schedule = _without_the_oldest(tx, set_right(tx, stored))
    for _ in range(JOBS_MAX):
        if schedule.next_at > tx.now:
            break
        schedule = _see_to(tx, schedule)
    if schedule == stored and stored.updated_at <= tx.now:
        return stored
    schedule = schedule._replace(updated_at=tx.now)
    write_schedule(tx, schedule)
    return schedule


def run_schedule(tx: Transaction, schedule_id: str) -> Job:
    """Make a job of a schedule now, paused or not; its own instants stay as they are.

    Raises:
        NotFoundError: There is no such schedule, or its construct is gone.
    """
    schedule = set_right(tx, get_schedule(tx, schedule_id))
    job = _make(tx, schedule, tx.now)
    write_schedule(tx, schedule._replace(last_at=tx.now, last_job_id=job.id, updated_at=tx.now))
    return job


def _see_to(tx: Transaction, schedule: Schedule) -> Schedule:
    """Do what is to be done of the first instant, and maybe of some after it."""
    at = schedule.next_at
    if at <= tx.now - GRACE_MS and schedule.missed == MissedPolicy.ONCE:
        return _fire(tx, schedule, next_instant(schedule, tx.now))
    if at <= tx.now - GRACE_MS and schedule.missed == MissedPolicy.SKIP:
        return _skip(tx, schedule, "MISSED", next_instant(schedule, tx.now - GRACE_MS))
    return _fire(tx, schedule, next_instant(schedule, at))


def _without_the_oldest(tx: Transaction, schedule: Schedule) -> Schedule:
    """Skip what one that makes up for all need not make up for any more."""
    if schedule.missed != MissedPolicy.ALL or schedule.next_at > tx.now - GRACE_MS:
        return schedule
    begin = first_made_up_for(schedule, tx.now, tx.settings(JobSettings).schedule_makeup)
    return schedule if begin <= schedule.next_at else _skip(tx, schedule, "MISSED", begin)


def _fire(tx: Transaction, schedule: Schedule, next_at: int) -> Schedule:
    """Make the job of the first instant, unless the one before is not finished and that matters."""
    at = schedule.next_at
    if schedule.overlap == OverlapPolicy.SKIP and schedule.last_job_id is not None:
        last = find_job(tx, schedule.last_job_id)
        if last is not None and not is_finished(last):
            # It does not finish within this transaction, so that is true of all that have come.
            return _overlap(tx, schedule, next_instant(schedule, tx.now))
    try:
        job = _make(tx, schedule, at)
    except NotFoundError as error:
        # The construct was deleted: whoever did that need not know the schedules of its jobs.
        return _skip(tx, schedule, error.code, next_at)
    return moved_on(schedule, next_at)._replace(last_at=at, last_job_id=job.id, overlapped_from=None)


def _make(tx: Transaction, schedule: Schedule, at: int) -> Job:
    columns: dict[str, Any] = from_json(schedule.job)
    metadata: dict[str, Any] = {**from_json(columns.get("metadata", "{}")), "scheduledFor": iso_from_ms(at)}
    columns["metadata"] = to_json(dict(sorted(metadata.items())))
    job = insert_job(tx, None, columns, parent_must_exist=False, schedule_id=schedule.id)
    tx.emit(SCHEDULE_FIRED, schedule.id, payload={"kind": job.kind, "jobId": job.id, "at": iso_from_ms(at)})
    return job


def _overlap(tx: Transaction, schedule: Schedule, next_at: int) -> Schedule:
    """Skip instants because a job has not finished: told once for all of them in a row."""
    if schedule.overlapped_from is not None:
        return moved_on(schedule, next_at)
    return _skip(tx, schedule, "OVERLAP", next_at)._replace(overlapped_from=schedule.next_at)


def _skip(tx: Transaction, schedule: Schedule, reason: str, next_at: int) -> Schedule:
    moved = moved_on(schedule, next_at)
    payload = {
        "kind": from_json(schedule.job)["kind"],
        "reason": reason,
        "from": iso_from_ms(schedule.next_at),
        "nextAt": iso_from_ms(next_at),
    }
    tx.emit(SCHEDULE_SKIPPED, schedule.id, payload=payload)
    return moved._replace(overlapped_from=None)
