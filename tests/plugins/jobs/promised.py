"""What must hold of jobs after every step, whatever led there: judged by the tables and the log alone."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from plugins.jobs.driving import TABLES
from synthetic import Snapshot, from_json
from synthetic_jobs.model import FINISHED, TRANSITIONS, Attempt, Job, JobLimit, JobStatus
from synthetic_jobs.store import list_limits


class Seen(NamedTuple):
    """All that there is after a step.

    Attributes:
        jobs: By their ids.
        attempts: By job and number.
        limits: Of all kinds.
        told: Type, job and payload of the events that tell a status.
        unsound: What a constraint should have refused, or an index says otherwise than its table.
    """

    jobs: dict[str, Job]
    attempts: list[Attempt]
    limits: list[JobLimit]
    told: list[tuple[str, str, str]]
    unsound: list[Any]


def read_jobs(snapshot: Snapshot) -> dict[str, Job]:
    jobs = snapshot.records(Job, f"SELECT {', '.join(Job._fields)} FROM sync_jobs")
    return {job.id: job for job in jobs}


def look(snapshot: Snapshot, log_from: int) -> Seen:
    found = [row for table in TABLES for row in snapshot.rows(f"PRAGMA integrity_check({table})") if row != ("ok",)]
    return Seen(
        read_jobs(snapshot),
        snapshot.records(Attempt, f"SELECT {', '.join(Attempt._fields)} FROM job_attempts ORDER BY job_id, number"),
        list_limits(snapshot),
        snapshot.rows(
            "SELECT type, entity_id, payload FROM domain_events WHERE position > :after"
            " AND type IN ('job.saved', 'job.status_changed') ORDER BY position",
            {"after": log_from},
        ),
        found + [row for table in TABLES for row in snapshot.rows(f"PRAGMA foreign_key_check({table})")],
    )


def check_statuses(seen: Seen, before_all: Mapping[str, Job], retried: AbstractSet[str]) -> None:
    """Each has followed the one before as it may, and a finished one has not changed by itself."""
    for id, before in before_all.items():
        after = seen.jobs[id]
        assert after.lease_token >= before.lease_token
        if before.status in FINISHED and id not in retried:
            assert (after.status, after.result, after.completed_at) == (
                before.status, before.result, before.completed_at,
            )  # fmt: skip
        if after.lease_token == before.lease_token and after.status != before.status:
            assert after.status in TRANSITIONS[JobStatus(before.status)]


def check_attempts(seen: Seen) -> None:
    """They are bounded, and exactly one of a running job is open: its holder's."""
    for job in seen.jobs.values():
        assert 0 <= job.attempts <= job.max_attempts
        own = [attempt for attempt in seen.attempts if attempt.job_id == job.id]
        assert [attempt.number for attempt in own] == list(range(1, job.lease_token + 1))
        opened = [(attempt.number, attempt.worker) for attempt in own if attempt.ended_at is None]
        assert opened == ([(job.lease_token, job.lease_owner)] if job.status == "RUNNING" else [])
        assert job.attempts == sum(attempt.outcome not in ("WAITING", "RELEASED") for attempt in own)


def check_limits(seen: Seen, claimed_by_id: AbstractSet[tuple[str, int]]) -> None:
    """They hold, but for jobs that were claimed by their id, which limits do not concern."""
    running = [job for job in seen.jobs.values() if job.status == "RUNNING"]
    within = [job for job in running if (job.id, job.lease_token) not in claimed_by_id]
    for limit in seen.limits:
        of_kind = [job for job in within if job.kind == limit.kind]
        assert limit.running_max is None or len(of_kind) <= limit.running_max
        keys = [job.key for job in of_kind if job.key is not None]
        per_key = limit.running_per_key_max
        assert per_key is None or all(keys.count(key) <= per_key for key in keys)


def check_log(seen: Seen) -> None:
    """It tells each job's status, and left no change out."""
    told: dict[str, str] = {}
    for type, id, payload in seen.told:
        data = from_json(payload)
        if type == "job.status_changed":
            assert data["previousStatus"] == told[id], "a change of status that was not told"
        told[id] = data["status"]
    assert told == {id: job.status for id, job in seen.jobs.items()}
