"""Cancelling and trying again all jobs that a filter finds, some in each transaction.

Each transaction goes on behind the last job of the one before, the first
stored first, so that what is done is not walked over again. Jobs are looked
for without holding the writer, and looked at once more by their ids in the
transaction that changes them.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from synthetic import BlockingStore, Snapshot, Transaction, bad_input
from synthetic_jobs.content import check_error
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.model import Job, JobStatus
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.filters import select_jobs
from synthetic_jobs.store.operating import cancel_job, retry_job

BATCH_JOBS = 200
"""Most jobs of one transaction."""

CALL_JOBS = 10_000
"""Most jobs of one call."""

_CANCELLABLE = (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.WAITING)
_RETRYABLE = (JobStatus.FAILED, JobStatus.CANCELLED)


class BulkChange(NamedTuple):
    """What became of the jobs that a filter finds.

    Attributes:
        matched: How many there were to change, at most `CALL_JOBS`.
        changed: How many were changed.
        complete: Whether there are no more.
    """

    matched: int
    changed: int
    complete: bool


class _Place(NamedTuple):
    """Where a list goes on: behind this job."""

    created_at: int
    id: str


_START = _Place(-(2**63), "")


class _Wanted(NamedTuple):
    """Which jobs are to be changed.

    Attributes:
        criteria: What the filter says, within the statuses that can be changed.
        where: What must hold beside it.
    """

    criteria: Criteria
    where: Sequence[str] = ()

    def list_after(self, snapshot: Snapshot, place: _Place, limit: int) -> list[_Place]:
        """The next jobs behind a place."""
        selection = select_jobs(self.criteria)
        where = ["(created_at, id) > (:created_at, :id)", *selection.where, *self.where]
        behind = dataclasses.replace(selection, where=where)
        return snapshot.records(
            _Place,
            f"{behind.sql('created_at, id')} ORDER BY created_at, id LIMIT :limit",
            {**selection.params, **place._asdict(), "limit": limit},
        )

    def still(self, snapshot: Snapshot, found: Sequence[_Place]) -> list[_Place]:
        """Those that were found and are meant still."""
        ids = [place.id for place in found]
        criteria = dataclasses.replace(self.criteria, ids=ids)
        return _Wanted(criteria, self.where).list_after(snapshot, _START, len(ids))


def cancel_jobs(
    store: BlockingStore, criteria: Criteria, *, force: bool = False, reason: str | None = None, dry_run: bool = False
) -> BulkChange:
    """Cancel the jobs that a filter finds and that have not finished.

    Those that are about to be cancelled already are passed over, unless by force.

    Args:
        store: To read and write through.
        criteria: Which jobs.
        force: Do not wait for the workers of those that run.
        reason: Why, for whoever looks at them.
        dry_run: Only count them.

    Raises:
        BadUserInputError: The criteria say nothing, or a value is not acceptable.
    """
    if reason is not None:
        store.read(lambda snapshot: check_error(reason, "reason", snapshot.settings(JobSettings)))
    where = () if force else ("cancel_requested_at IS NULL",)
    wanted = _Wanted(_narrowed(criteria, _CANCELLABLE), where)
    return _change(store, wanted, functools.partial(cancel_job, force=force, reason=reason), dry_run=dry_run)


def retry_jobs(store: BlockingStore, criteria: Criteria, *, dry_run: bool = False) -> BulkChange:
    """Give the jobs that a filter finds, and that failed or were cancelled, another attempt.

    Args:
        store: To read and write through.
        criteria: Which jobs.
        dry_run: Only count them.

    Raises:
        BadUserInputError: The criteria say nothing, or a value is not acceptable.
    """
    return _change(store, _Wanted(_narrowed(criteria, _RETRYABLE)), retry_job, dry_run=dry_run)


def _narrowed(criteria: Criteria, statuses: Sequence[JobStatus]) -> Criteria:
    if criteria.is_empty():
        raise bad_input("filter", "must say which jobs are meant", action="Name at least one condition.")
    return criteria.within(statuses)


def _change(
    store: BlockingStore, wanted: _Wanted, change: Callable[[Transaction, str], Job], *, dry_run: bool
) -> BulkChange:
    if dry_run:
        found = len(store.read(wanted.list_after, _START, CALL_JOBS + 1))
        return BulkChange(matched=min(found, CALL_JOBS), changed=0, complete=found <= CALL_JOBS)

    def change_some(tx: Transaction, found: Sequence[_Place]) -> int:
        still = wanted.still(tx, found)
        for job in still:
            change(tx, job.id)
        return len(still)

    place, changed, complete = _START, 0, False
    while not complete and changed < CALL_JOBS:
        limit = min(BATCH_JOBS, CALL_JOBS - changed)
        found = store.read(wanted.list_after, place, limit)
        changed += store.write(change_some, found) if found else 0
        complete = len(found) < limit
        place = found[-1] if found else place
    if not complete:
        complete = not store.read(wanted.list_after, place, 1)
    return BulkChange(matched=changed, changed=changed, complete=complete)
