"""The plugin's store as its tests use it: a function, a transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from plugins.logged import logged
from synthetic import Origin, Snapshot, Store, SyntheticError, Transaction
from synthetic.testing import ManualClock
from synthetic_approvals import store as approval_store
from synthetic_approvals.model import Approval, ApprovalRequest, Decision, waiting_for
from synthetic_approvals.services import watch
from synthetic_jobs.model import Job
from synthetic_jobs.store import claim_job, get_job, save_job, update_job_status

HOUR_MS = 3_600_000
ARGUMENTS: dict[str, Any] = {"command": "git push", "force": False}


def forget(tx: Transaction) -> None:
    """Empty a store of all that these tests put into it."""
    for table in (
        "pending_approvals", "job_attempts", "sync_jobs", "sessions", "constructs", "domain_events",
    ):  # fmt: skip
        tx.execute(f"DELETE FROM {table}")
    tx.execute("DELETE FROM meta WHERE key = 'retention_clock'")


class Approvals:
    """Every function of `synthetic_approvals.store` by its name, without its transaction.

    Attributes:
        store: What they write to.
        clock: The store's.
    """

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(approval_store, name)
        return lambda *args, **named: self.store.write(lambda tx: function(tx, *args, **named))

    def ask(
        self, id: str = "a", tool: str = "shell", arguments: Any = ARGUMENTS, token: int | None = None, **more: Any
    ) -> Approval:
        """Ask for an approval."""
        request = ApprovalRequest(tool=tool, arguments=arguments, **more)
        return self.request_approval(request, approval_id=id, lease_token=token).approval

    def get(self, id: str = "a") -> Approval:
        """An approval as it is stored."""
        return self.get_approval(id)

    def decide(self, id: str = "a", decision: str = "APPROVED", actor: str = "lead", **more: Any) -> Approval:
        """Decide one as it is stored, in somebody's name."""
        sha256 = more.pop("sha256", None) or self.get(id).arguments_sha256
        return self.store.kernel.database.write_blocking(
            lambda tx: approval_store.decide_approval(tx, id, Decision(decision), sha256, **more), origin=Origin(actor)
        )

    def check(self, id: str = "a", tool: str = "shell", arguments: Any = ARGUMENTS) -> Approval:
        """What a worker asks before it runs something."""
        return self.store.read(approval_store.check_approval, id, tool, arguments)

    def delete(self, id: str = "a") -> Approval:
        """Delete one."""
        return approval_store.delete_approval(self.store, id)

    def run(self, id: str = "j", **content: Any) -> int:
        """Store a job and give it to a worker; its lease token."""
        self.store.write(lambda tx: save_job(tx, {"kind": "deploy", **content}, job_id=id))
        return self.claim(id)

    def claim(self, id: str = "j") -> int:
        """Give a job to a worker for a day; its lease token."""
        return self.store.write(lambda tx: claim_job(tx, id, "worker-1", lease_ms=HOUR_MS)).lease_token

    def wait(self, id: str = "j", approval: str = "a") -> Job:
        """Store a job whose worker lets go of it, to wait for an approval that others have asked for."""
        token = self.run(id)
        return self.store.write(
            lambda tx: update_job_status(tx, id, "WAITING", lease_token=token, waiting_for=waiting_for(approval))
        )

    def job(self, id: str = "j") -> Job:
        """A job as it is stored."""
        return self.store.read(get_job, id)

    def watch(self) -> int:
        """The background work, until there is none left; how much there was."""
        done = 0
        while step := watch(self.store):
            done += step
        return done

    def told(self) -> list[tuple[str, str]]:
        """The events of approvals: what happened, to which."""
        return [(event.type, event.entity_id) for event in logged(self.store) if event.entity_type == "approval"]

    def rows(self) -> list[tuple[Any, ...]]:
        """All that is stored of approvals, and of jobs."""

        def read(snapshot: Snapshot) -> list[tuple[Any, ...]]:
            tables = ("pending_approvals", "sync_jobs")
            return [row for table in tables for row in snapshot.rows(f"SELECT * FROM {table} ORDER BY id")]

        return self.store.read(read)

    @contextlib.contextmanager
    def refused(self, code: str, field: str | None = None) -> Iterator[pytest.ExceptionInfo[SyntheticError]]:
        """What is asked for within is refused with a code, maybe for a field, and changes nothing."""
        before = self.rows(), len(logged(self.store))
        with pytest.raises(SyntheticError) as failure:
            yield failure
        assert failure.value.code == code, failure.value
        assert (self.rows(), len(logged(self.store))) == before
        if field is not None:
            assert failure.value.details["field"] == field
