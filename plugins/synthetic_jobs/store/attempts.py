"""The history of a job: one row for each claim."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, Transaction, to_json
from synthetic_jobs.model import Attempt, AttemptOutcome, Job
from synthetic_jobs.settings import JobSettings

_COLUMNS = ", ".join(Attempt._fields)


def list_attempts(snapshot: Snapshot, job_ids: Sequence[str]) -> list[list[Attempt]]:
    """For each job, its attempts that are kept, the first one first."""
    found = snapshot.records(
        Attempt,
        f"SELECT {_COLUMNS} FROM job_attempts WHERE job_id IN (SELECT value FROM json_each(:ids))"
        " ORDER BY job_id, number",
        {"ids": to_json(list(job_ids))},
    )
    by_job: dict[str, list[Attempt]] = {}
    for attempt in found:
        by_job.setdefault(attempt.job_id, []).append(attempt)
    return [by_job.get(job_id, []) for job_id in job_ids]


def begin_attempt(tx: Transaction, job: Job) -> None:
    """Note that a job was claimed, and forget what is too old of its history."""
    tx.execute(
        "INSERT INTO job_attempts (job_id, number, worker, started_at) VALUES (:job_id, :number, :worker, :started_at)",
        {"job_id": job.id, "number": job.lease_token, "worker": job.lease_owner, "started_at": tx.now},
    )
    oldest = job.lease_token - tx.settings(JobSettings).attempts_kept
    if oldest > 0:
        tx.execute(
            "DELETE FROM job_attempts WHERE job_id = :job_id AND number <= :oldest",
            {"job_id": job.id, "oldest": oldest},
        )


def end_attempt(tx: Transaction, job: Job, outcome: AttemptOutcome, error: str | None = None) -> None:
    """Note how the attempt ended that holds a job, or held it last."""
    tx.execute(
        "UPDATE job_attempts SET ended_at = max(:now, started_at), outcome = :outcome, error = :error"
        " WHERE job_id = :job_id AND number = :number",
        {"now": tx.now, "outcome": str(outcome), "error": error, "job_id": job.id, "number": job.lease_token},
    )


def find_outcome(snapshot: Snapshot, job_id: str, number: int) -> str | None:
    """How an attempt ended; None if it runs, is not kept, or never was."""
    return snapshot.value(
        "SELECT outcome FROM job_attempts WHERE job_id = :job_id AND number = :number",
        {"job_id": job_id, "number": number},
    )
