"""Jobs: durable work that goes on where it stood, whatever happens to those who do it.

A job is stored by whoever wants something done, and claimed by a worker, which
holds it by a lease for as long as it is heard of. The lease is fenced by a
token that grows with each claim: who was thought dead and comes back changes
nothing. A worker saves checkpoints as it goes, and whoever claims the job next
goes on from the latest.

Tables: `sync_jobs`, `job_checkpoints` (one for each phase), `job_attempts` (one
for each claim), `job_limits` (how many jobs of a kind may run at once),
`job_schedules` (what makes jobs by the clock).

States: PENDING, RUNNING, WAITING, and the finished ones COMPLETED, FAILED and
CANCELLED. A claim makes a PENDING job RUNNING. From there it ends, waits for
something, or is PENDING again: given back, to be tried again after a failure,
or because its lease ran out. What a WAITING job waits for makes it PENDING.
A FAILED or CANCELLED job becomes PENDING when somebody grants it another
attempt; a COMPLETED one can only be replayed, which makes a new job. Whatever
else is asked for is ILLEGAL_TRANSITION. Progress, phases and checkpoints are
no change of a job's content: its version stays.

Events: `job.saved`, `job.status_changed`, `job.progressed`, `job.checkpointed`,
`job.cancel_requested`, `job.deleted`; `job_limit.saved`; `job_schedule.saved`,
`job_schedule.fired`, `job_schedule.skipped`, `job_schedule.moved`,
`job_schedule.deleted`. Heartbeats are none.

Error codes: LEASE_LOST, ILLEGAL_TRANSITION, JOBS_NOT_COMPLETED (of the command
line), JOB_FAILED (of dead letters), and the kernel's BAD_USER_INPUT, NOT_FOUND and CONFLICT.

What must be done in the transaction in which a job comes to a status, another
plugin says with the hook `register_job_reactions` (`hookspecs.py`).

Other plugins may import `store`, `types`, `events` and `errors`.
"""
