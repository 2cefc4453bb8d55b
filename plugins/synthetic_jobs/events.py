"""What this plugin writes to the log, and what its events carry.

Each event of a job carries `kind`, `status`, `userId`, `projectId` and
`parentId` as they are now, so that a follower need not read the job to know
whether it is one of its own.
"""

from __future__ import annotations

from typing import Any

from synthetic import EventType
from synthetic_jobs.model import Job

JOB_SAVED = EventType(
    name="job.saved",
    entity="job",
    purpose="A job was stored (`created`), or its content changed: `changed` names the fields. A new one is PENDING;"
    " `replayOf` and `scheduleId` say where it comes from. With a change of its construct come `constructId` and"
    " `previousConstructId`, either of which may be null.",
)
JOB_STATUS_CHANGED = EventType(
    name="job.status_changed",
    entity="job",
    purpose="A job went from `previousStatus` to `status`: `attempt` is the lease token of the attempt that began or"
    " ended, `worker` whose it is, `outcome` how it ended, `error` the first words of what went wrong, `runAfter` when"
    " it is due again (ISO 8601), `waitingFor` what it waits for.",
)
JOB_PROGRESSED = EventType(
    name="job.progressed",
    entity="job",
    purpose="A running job's `progress` (0 to 100) or `phase` changed.",
)
JOB_CHECKPOINTED = EventType(
    name="job.checkpointed",
    entity="job",
    purpose="A running job saved a checkpoint for `phase`, of `sizeBytes` bytes of JSON.",
)
JOB_CANCEL_REQUESTED = EventType(
    name="job.cancel_requested",
    entity="job",
    purpose="Somebody wants a running job cancelled; its worker hears of it with its next heartbeat.",
)
JOB_DELETED = EventType(
    name="job.deleted",
    entity="job",
    purpose="A job was deleted, after its checkpoints and attempts.",
)
LIMIT_SAVED = EventType(
    name="job_limit.saved",
    entity="job_limit",
    purpose="How many jobs of a kind (the entity's id) may run at once was set: `runningMax` in all, `runningPerKeyMax`"
    " with the same key; both null where the limit was taken away.",
)
SCHEDULE_SAVED = EventType(
    name="job_schedule.saved",
    entity="job_schedule",
    purpose="A schedule of jobs of a `kind` was stored (`created`) or changed, paused or resumed (`isPaused`);"
    " `cron` or `everyMs` says when it makes them. `pauseReason` is what went wrong, where it was paused because of"
    " that.",
)
SCHEDULE_FIRED = EventType(
    name="job_schedule.fired",
    entity="job_schedule",
    purpose="A schedule made the job `jobId` for the instant `at`.",
)
SCHEDULE_SKIPPED = EventType(
    name="job_schedule.skipped",
    entity="job_schedule",
    purpose="A schedule made no job for the instants `from` some instant on, until `nextAt`. The `reason` is MISSED"
    " (they passed while nothing looked), OVERLAP (the job before had not finished; the instants after, up to the next"
    " job, are not told) or NOT_FOUND (the construct of its jobs is not there any more).",
)
SCHEDULE_MOVED = EventType(
    name="job_schedule.moved",
    entity="job_schedule",
    purpose="The clock was set back, so a schedule goes on at `nextAt`, and not as late as `from`.",
)
SCHEDULE_DELETED = EventType(
    name="job_schedule.deleted",
    entity="job_schedule",
    purpose="A schedule was deleted; the jobs that it made stay.",
)
EVENTS = (
    JOB_SAVED,
    JOB_STATUS_CHANGED,
    JOB_PROGRESSED,
    JOB_CHECKPOINTED,
    JOB_CANCEL_REQUESTED,
    JOB_DELETED,
    LIMIT_SAVED,
    SCHEDULE_SAVED,
    SCHEDULE_FIRED,
    SCHEDULE_SKIPPED,
    SCHEDULE_MOVED,
    SCHEDULE_DELETED,
)


def job_payload(job: Job, **more: Any) -> dict[str, Any]:
    """What each event of a job carries, and what this one carries beside it."""
    return {
        "kind": job.kind,
        "status": job.status,
        "userId": job.user_id,
        "projectId": job.project_id,
        "parentId": job.parent_id,
        **more,
    }
