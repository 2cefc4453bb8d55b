"""What a reaction to a job's status is: the contract between jobs and the plugins that react. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthetic_jobs.model import Job, JobStatus

if TYPE_CHECKING:
    from synthetic import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReaction:
    """Something that must be true in the very commit in which a job comes to a status (`register_job_reactions`).

    What may come a moment later follows the log instead (`job.status_changed`).

    Attributes:
        purpose: One sentence.
        statuses: Those that it reacts to.
        react: Is given the transaction, the job as it was, and as it is now.
            It does little and reads no file and no network, since the writer
            waits for it; what it raises undoes the change of the job too.
    """

    purpose: str
    statuses: frozenset[JobStatus]
    react: Callable[[Transaction, Job, Job], None]

    def __post_init__(self) -> None:
        if not self.purpose.strip():
            raise ValueError("a reaction to jobs must say in words what it is for")
        if not self.statuses:
            raise ValueError("a reaction to jobs must name the statuses that it reacts to")


def react_to(tx: Transaction, before: Job, job: Job) -> None:
    """Let everything react that is to react to a job's new status, in the order of the plugins."""
    for reaction in tx.contributed(JobReaction):
        if job.status in reaction.statuses:
            reaction.react(tx, before, job)
