"""Which jobs are meant: what a filter says, apart from where it came from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from synthetic_jobs.model import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which jobs are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        user_id: The user is this one.
        project_id: The project is this one.
        construct_id: It works on this construct.
        parent_id: It is a part of this job.
        replay_of: It repeats this job.
        schedule_id: This schedule made it.
        kinds: The kind is one of these.
        keys: The key is one of these.
        statuses: The status is one of these.
        created_from: Stored at or after, Unix milliseconds UTC.
        created_before: Stored before.
        error_contains: Its error message has this text, whatever the case of ASCII letters.
    """

    ids: Sequence[str] | None = None
    user_id: str | None = None
    project_id: str | None = None
    construct_id: str | None = None
    parent_id: str | None = None
    replay_of: str | None = None
    schedule_id: str | None = None
    kinds: Sequence[str] | None = None
    keys: Sequence[str] | None = None
    statuses: Sequence[JobStatus] | None = None
    created_from: int | None = None
    created_before: int | None = None
    error_contains: str | None = None

    def is_empty(self) -> bool:
        """Whether all jobs are meant."""
        return self is ALL_JOBS or self == ALL_JOBS

    def of_construct(self, construct_id: str) -> Criteria:
        """These, and of this construct too: nothing meets them if they name another."""
        if self.construct_id not in (None, construct_id):
            return dataclasses.replace(self, ids=())
        return dataclasses.replace(self, construct_id=construct_id)

    def within(self, statuses: Sequence[JobStatus]) -> Criteria:
        """These, and with one of these statuses too."""
        wanted = statuses if self.statuses is None else [each for each in self.statuses if each in statuses]
        return dataclasses.replace(self, statuses=wanted)


ALL_JOBS = Criteria()
"""Criteria that say nothing."""
