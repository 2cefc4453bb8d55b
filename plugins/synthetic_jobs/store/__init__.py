"""All the SQL of jobs, and what other plugins may use of this one.

One file a concern: `jobs` (the rows), `claims` (who gets which job), `leases`
(what the holder of a job may do with it), `endings` (how an attempt ends, and
what becomes of the job then), `reaping` (jobs that nobody holds any more),
`operating` (cancelling, trying again, replaying), `bulk` (the same for all
that a filter finds), `expiry` (deleting by age), `checkpoints`, `attempts`,
`limits`, `schedules` and `firing` (jobs made by the clock), `filters` (what a
filter means), and `counts` (for metrics). Functions take the transaction first.
"""

from __future__ import annotations

from synthetic_jobs.criteria import Criteria
from synthetic_jobs.model import Attempt, Checkpoint, Job, JobContent, JobLimit, JobStatus, LapsePolicy, SavedJob
from synthetic_jobs.reactions import JobReaction
from synthetic_jobs.store.attempts import list_attempts
from synthetic_jobs.store.bulk import BulkChange, cancel_jobs, retry_jobs
from synthetic_jobs.store.checkpoints import (
    list_checkpoint_sizes,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
    select_checkpoints,
)
from synthetic_jobs.store.claims import claim_job, claim_jobs, is_anything_claimable
from synthetic_jobs.store.counts import count_all_by_status, count_claimable, count_stuck
from synthetic_jobs.store.endings import complete_job, fail_job
from synthetic_jobs.store.expiry import delete_expired_jobs
from synthetic_jobs.store.filters import check_values, count_by_status, query_jobs, select_jobs
from synthetic_jobs.store.firing import fire_schedule, list_due_schedules, run_schedule
from synthetic_jobs.store.jobs import COLUMNS, count_jobs, find_job, get_job, list_jobs_by_id, save_job
from synthetic_jobs.store.leases import heartbeat_job, update_job_progress
from synthetic_jobs.store.limits import list_limits, save_limit
from synthetic_jobs.store.operating import cancel_job, replay_job, retry_job
from synthetic_jobs.store.reaping import fail_stuck_jobs, is_anything_stuck, reap_jobs, requeue_pending_jobs
from synthetic_jobs.store.schedules import (
    delete_schedule,
    find_schedule,
    get_schedule,
    list_schedules,
    list_schedules_by_id,
    pause_schedule,
    resume_schedule,
    save_schedule,
)
from synthetic_jobs.store.statuses import resume_waiting_jobs, update_job_status

__all__ = [
    "COLUMNS",
    "Attempt",
    "BulkChange",
    "Checkpoint",
    "Criteria",
    "Job",
    "JobContent",
    "JobLimit",
    "JobReaction",
    "JobStatus",
    "LapsePolicy",
    "SavedJob",
    "cancel_job",
    "cancel_jobs",
    "check_values",
    "claim_job",
    "claim_jobs",
    "complete_job",
    "count_all_by_status",
    "count_by_status",
    "count_claimable",
    "count_jobs",
    "count_stuck",
    "delete_expired_jobs",
    "delete_schedule",
    "fail_job",
    "fail_stuck_jobs",
    "find_job",
    "find_schedule",
    "fire_schedule",
    "get_job",
    "get_schedule",
    "heartbeat_job",
    "is_anything_claimable",
    "is_anything_stuck",
    "list_attempts",
    "list_checkpoint_sizes",
    "list_checkpoints",
    "list_due_schedules",
    "list_jobs_by_id",
    "list_limits",
    "list_schedules",
    "list_schedules_by_id",
    "load_checkpoint",
    "pause_schedule",
    "query_jobs",
    "reap_jobs",
    "replay_job",
    "requeue_pending_jobs",
    "resume_schedule",
    "resume_waiting_jobs",
    "retry_job",
    "retry_jobs",
    "run_schedule",
    "save_checkpoint",
    "save_job",
    "save_limit",
    "save_schedule",
    "select_checkpoints",
    "select_jobs",
    "update_job_progress",
    "update_job_status",
]
