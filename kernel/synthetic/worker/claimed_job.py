"""What a handler knows of its job without asking the server."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from synthetic.worker.errors import Released, Waiting
from synthetic.worker.lease import Lease


class Checkpoint(NamedTuple):
    """What an attempt left for the next one.

    Attributes:
        phase: What had been done.
        data: What was saved with it, as JSON has it.
        created_at: When.
    """

    phase: str
    data: Any
    created_at: datetime


class ClaimedJob:
    """A job as it was claimed, and whether to go on with it.

    Attributes:
        id: The job's.
        kind: What sort of work.
        key: What it works on, for limits by key.
        command: What to do, for a person or a shell.
        params: What to do it with: a JSON object.
        metadata: What else was kept with it: a JSON object.
        caller: Who asked for it.
        response_channel: Where the caller wants to hear of it.
        user_id: Whom it works for.
        project_id: What it belongs to.
        construct_id: The construct that it works on.
        parent_id: The job that it is a part of.
        schedule_id: The schedule that made it.
        idempotency_key: What made it one of its kind.
        priority: 0 to 9.
        attempts: Which attempt this is of those that count, from 1.
        retries: How often an operator has given it another attempt after it had finished.
        max_attempts: After so many it has failed for good.
        lease_token: Grows with each claim of the job: whatever the handler writes elsewhere can be fenced with it.
        created_at: When the job was stored.
    """

    def __init__(self, claimed: Mapping[str, Any], lease: Lease, stopping: threading.Event) -> None:
        """Take what a claim gave; workers do this."""
        self.id: str = claimed["id"]
        self.kind: str = claimed["kind"]
        self.key: str | None = claimed["key"]
        self.command: str | None = claimed["command"]
        self.params: dict[str, Any] = claimed["params"]
        self.metadata: dict[str, Any] = claimed["metadata"]
        self.caller: str | None = claimed["caller"]
        self.response_channel: str | None = claimed["responseChannel"]
        self.user_id: str | None = claimed["userId"]
        self.project_id: str | None = claimed["projectId"]
        self.construct_id: str | None = claimed["constructId"]
        self.parent_id: str | None = claimed["parentId"]
        self.schedule_id: str | None = claimed["scheduleId"]
        self.idempotency_key: str | None = claimed["idempotencyKey"]
        self.priority: int = claimed["priority"]
        self.attempts: int = claimed["attempts"]
        self.retries: int = claimed["retries"]
        self.max_attempts: int = claimed["maxAttempts"]
        self.lease_token: int = claimed["leaseToken"]
        self.created_at: datetime = datetime.fromisoformat(claimed["createdAt"])
        self._lease = lease
        self._stopping = stopping

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody wants it cancelled."""
        return self._lease.cancelled.is_set()

    @property
    def is_lost(self) -> bool:
        """Whether this worker holds it no more."""
        return self._lease.lost.is_set()

    @property
    def is_stopping(self) -> bool:
        """Whether the worker is being stopped: a handler that would take long may save a checkpoint and `release`."""
        return self._stopping.is_set()

    def raise_if_cancelled(self) -> None:
        """Leave the handler if going on makes no sense.

        Raises:
            JobCancelled: Somebody wants the job cancelled.
            LeaseLost: This worker holds it no more.
        """
        self._lease.check()

    def wait_for(self, what: str, *, until: datetime | None = None) -> NoReturn:
        """Let the job go until something has happened; it is claimed again then, with its checkpoints.

        Args:
            what: What it waits for, in words that those who bring it about know ("approval:ID"): at most 200 printable
                characters.
            until: When it waits no longer; must have an offset. None: without an end.

        Raises:
            Waiting: Always, to leave the handler.
            ValueError: The store would not take `what`, or `until`, or that has no offset.
        """
        raise Waiting(what, until)

    def release(self) -> NoReturn:
        """Give the job back, for any worker to claim; this attempt does not count.

        Raises:
            Released: Always, to leave the handler.
        """
        raise Released
