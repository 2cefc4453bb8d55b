"""The hook that jobs offer to other plugins.

It is called like the kernel's own (see `synthetic.hookspecs`): once, when the
kernel is made, without arguments, and without doing any I/O.
"""

from __future__ import annotations

from synthetic import hookspec
from synthetic_jobs.reactions import JobReaction


@hookspec
def register_job_reactions() -> tuple[JobReaction, ...]:  # pyright: ignore[reportReturnType]
    """Contribute what must be done in the transaction in which a job comes to a status.

    Returns:
        `JobReaction` records. Their functions are called after the event of
        the change was written, in the order of the plugins, in each
        transaction that takes a job to one of their statuses, whoever does it:
        a worker, an operator, or the clock. What one of them raises is raised
        to that caller, and the job stays as it was.

    Example::

        def note_failure(tx: Transaction, before: Job, job: Job) -> None:
            tx.execute(
                "INSERT INTO failures (job_id, failed_at) VALUES (:id, :now)"
                " ON CONFLICT (job_id) DO UPDATE SET failed_at = excluded.failed_at",
                {"id": job.id, "now": tx.now},
            )

        @hookimpl
        def register_job_reactions():
            return (
                JobReaction(
                    purpose="Keeps which jobs have failed, and when.",
                    statuses=frozenset({JobStatus.FAILED}),
                    react=note_failure,
                ),
            )
    """
