"""What must hold between a job and the rows that belong to it.

While a job is being deleted, which takes the rows that belong to it first, or
when that was cut short, its history seems to be missing.
"""

from __future__ import annotations

from synthetic import Check

_ACTION = (
    "If its construct is being deleted, look again later; if that was cut short, delete it again. Else cancel the job"
    " and replay it."
)

# A job that runs always has the row of its claim: of older ones, not even one that is kept has to be there.
_RUNNING = """
SELECT j.id, 'The job ' || j.id || ' is RUNNING with lease ' || j.lease_token || ', of which there is no open attempt.'
FROM sync_jobs AS j
WHERE j.status = 'RUNNING' AND NOT EXISTS (
    SELECT 1 FROM job_attempts AS a
    WHERE a.job_id = j.id AND a.number = j.lease_token AND a.ended_at IS NULL
)
"""

_ATTEMPTS = """
SELECT j.id, CASE
    WHEN a.number > j.lease_token
        THEN 'The job ' || j.id || ' has an attempt ' || a.number || ', and was claimed ' || j.lease_token || ' times.'
    ELSE 'The attempt ' || a.number || ' of the job ' || j.id || ' has not ended, and the job is ' || j.status || '.'
    END
FROM job_attempts AS a CROSS JOIN sync_jobs AS j ON j.id = a.job_id
WHERE a.number > j.lease_token
    OR (a.ended_at IS NULL AND (j.status <> 'RUNNING' OR a.number <> j.lease_token))
"""

# Attempts that ended in waiting, or were given back, do not count. Where older ones were forgotten, at least as many
# count as are still there.
_COUNTS = """
SELECT id, 'The job ' || id || ' counts ' || attempts || ' attempts; ' || counted || ' of the ' || kept
    || ' that are on record count, and it was claimed ' || lease_token || ' times.'
FROM (
    SELECT j.id, j.attempts, j.lease_token, count(a.number) AS kept,
        count(a.number) FILTER (WHERE a.outcome IS NULL OR a.outcome NOT IN ('WAITING', 'RELEASED')) AS counted
    FROM sync_jobs AS j LEFT JOIN job_attempts AS a ON a.job_id = j.id
    WHERE j.lease_token > 0
    GROUP BY j.id
)
WHERE kept = 0 OR counted > attempts OR (kept = lease_token AND counted <> attempts) OR attempts > lease_token
"""

_COMPLETED = """
SELECT j.id, 'The job ' || j.id || ' is COMPLETED, and its last attempt ended as ' || coalesce(a.outcome, 'nothing')
    || '.'
FROM sync_jobs AS j JOIN job_attempts AS a ON a.job_id = j.id AND a.number = j.lease_token
WHERE j.status = 'COMPLETED' AND a.outcome IS NOT 'COMPLETED'
"""

_CHECKPOINTS = """
SELECT job_id, 'Checkpoints of the job ' || job_id || ' have the same number, ' || seq || '.'
FROM job_checkpoints GROUP BY job_id, seq HAVING count(*) > 1
"""

CHECKS = (
    Check(
        name="running",
        purpose="Every job that runs has an attempt that runs.",
        sql=_RUNNING,
        entity="job",
        action=_ACTION,
        effort="light",
    ),
    Check(
        name="attempts",
        purpose="No attempt runs but those of jobs that run, and none is newer than the last claim.",
        sql=_ATTEMPTS,
        entity="job",
        action=_ACTION,
    ),
    Check(
        name="attempt_counts",
        purpose="The attempts that a job counts are those that are on record.",
        sql=_COUNTS,
        entity="job",
        action=_ACTION,
    ),
    Check(
        name="completed",
        purpose="The last attempt of a completed job has completed it.",
        sql=_COMPLETED,
        entity="job",
        action=_ACTION,
    ),
    Check(
        name="checkpoints",
        purpose="The checkpoints of a job follow one another.",
        sql=_CHECKPOINTS,
        entity="job",
        action="Replay the job from a phase that you name.",
    ),
)
