"""The plugin's store as its tests use it: a function, a transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from plugins.logged import logged
from synthetic import Snapshot, Store, SyntheticError
from synthetic.testing import ManualClock
from synthetic_constructs.store import save_construct
from synthetic_jobs import store as job_store
from synthetic_jobs.model import Attempt, Checkpoint, Job

TABLES = ("sync_jobs", "job_checkpoints", "job_attempts", "job_limits", "job_schedules")
LEASE_MS = 60_000
"""As the settings have it where nobody says otherwise."""


class Jobs:
    """Every function of `synthetic_jobs.store` by its name, without its transaction: `jobs.claim_jobs(["build"], "w")`.

    Attributes:
        store: What they write to.
        clock: The store's.
    """

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(job_store, name)
        return lambda *args, **named: self.store.write(lambda tx: function(tx, *args, **named))

    def add(self, id: str = "a", kind: str = "build", **content: Any) -> Job:
        """Store a job."""
        return self.save_job({"kind": kind, **content}, job_id=id).job

    def run(self, id: str = "a", worker: str = "builder-1", **content: Any) -> Job:
        """Store a job and give it to a worker."""
        self.add(id, **content)
        return self.claim_job(id, worker)

    def finish(self, id: str = "a", status: str = "COMPLETED", **content: Any) -> Job:
        """Store a job, and bring it to an end."""
        token = self.run(id, **content).lease_token
        if status == "COMPLETED":
            return self.complete_job(id, token)
        if status == "FAILED":
            return self.fail_job(id, token, "It broke.", retryable=False)
        return self.cancel_job(id, force=True)

    def wait(self, id: str = "a", waiting_for: str | None = "review:1", run_after: int | None = None) -> Job:
        """Store a job whose worker has let go of it."""
        token = self.run(id).lease_token
        return self.update_job_status(id, "WAITING", lease_token=token, waiting_for=waiting_for, run_after=run_after)

    def construct(self, id: str = "c") -> str:
        """Make a construct; its id."""
        self.store.write(lambda tx: save_construct(tx, {"type": "task", "title": "A task"}, id=id))
        return id

    def get(self, id: str = "a") -> Job:
        """A job as it is stored."""
        return self.get_job(id)

    def attempts(self, id: str = "a") -> list[Attempt]:
        """Its history."""
        return self.list_attempts([id])[0]

    def checkpoints(self, id: str = "a") -> list[Checkpoint]:
        """Its checkpoints."""
        return self.list_checkpoints([id])[0]

    def history(self, id: str = "a") -> list[tuple[str, int, str | None]]:
        """Worker, number and outcome of each attempt."""
        return [(attempt.worker, attempt.number, attempt.outcome) for attempt in self.attempts(id)]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that the plugin has stored."""

        def read(snapshot: Snapshot) -> dict[str, list[tuple[Any, ...]]]:
            return {table: snapshot.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}

        return self.store.read(read)

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing is written within, not even an event."""
        before = self.rows(), len(logged(self.store))
        yield
        assert (self.rows(), len(logged(self.store))) == before

    @contextlib.contextmanager
    def refused(self, code: str, field: str | None = None) -> Iterator[None]:
        """What is asked for within is refused with a code, maybe for a field, and changes nothing."""
        with self.unchanged(), pytest.raises(SyntheticError) as failure:
            yield
        assert failure.value.code == code, failure.value
        if field is not None:
            assert failure.value.details["field"] == field
