"""What a handler is given: a job, and the words to speak about it to the server."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime
from typing import Any, Literal, TypeVar

from synthetic.worker import documents
from synthetic.worker.approvals import Approval, require_approval
from synthetic.worker.claimed_job import Checkpoint, ClaimedJob
from synthetic.worker.lease import Lease

ResultT = TypeVar("ResultT")


class Job(ClaimedJob):
    """A job that a plain function handles.

    What it sends renews the lease, is sent again until the store has answered,
    and raises `JobCancelled` or `LeaseLost` where the handler had better stop.

    Attributes:
        cancelled: Set as soon as it is known that somebody wants the job cancelled; to wait on.
    """

    def __init__(self, claimed: Mapping[str, Any], lease: Lease, stopping: threading.Event) -> None:
        """Take what a claim gave; workers do this."""
        super().__init__(claimed, lease, stopping)
        self.cancelled = lease.cancelled
        self._sent: tuple[int, str | None] = (claimed["progress"], claimed["phase"])

    def progress(self, percent: int | None = None, *, phase: str | None = None) -> None:
        """Say how far the work has come. What the last call has said already is not sent.

        Args:
            percent: 0 to 100; None: as it was.
            phase: What is being done now; None: as it was.

        Raises:
            JobCancelled: Somebody wants the job cancelled; the progress is stored.
            LeaseLost: This worker holds it no more.
            StoreError: A value is not acceptable.
        """
        news = (self._sent[0] if percent is None else percent, self._sent[1] if phase is None else phase)
        if news == self._sent:
            self._lease.check()
            return
        fields: dict[str, Any] = {"id": self.id}
        if percent is not None:
            fields["progress"] = percent
        if phase is not None:
            fields["phase"] = phase
        self._lease.call(documents.PROGRESS, fields)
        self._sent = news

    def checkpoint(self, phase: str, data: Any) -> None:
        """Save what the next attempt needs to go on from here; it takes the place of an earlier one of that phase.

        Args:
            phase: What has been done.
            data: Whatever JSON has.

        Raises:
            JobCancelled: Somebody wants the job cancelled; the checkpoint is stored.
            LeaseLost: This worker holds it no more; nothing was stored.
            StoreError: The data are too large, or something else is not acceptable.
            TypeError, ValueError: JSON has no such data.
        """
        self._lease.call(documents.CHECKPOINT, {"jobId": self.id, "phase": phase, "data": data})

    def load_checkpoint(self, phase: str | None = None) -> Checkpoint | None:
        """What an earlier attempt saved, or this one.

        Args:
            phase: Which; None: the one that was saved last.

        Raises:
            LeaseLost: No answer came before the lease ran out.
            StoreError: The store has refused it for another reason.
        """
        found = self._lease.read(documents.LOAD_CHECKPOINT, {"id": self.id, "phase": phase})["job"]
        stored = found["checkpoint"] if found else None
        if stored is None:
            return None
        return Checkpoint(stored["phase"], stored["data"], datetime.fromisoformat(stored["createdAt"]))

    def require_approval(
        self,
        name: str,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        reason: str | None = None,
        on_refusal: Literal["FAIL", "RESUME"] = "FAIL",
        lifetime_ms: int | None = None,
    ) -> Approval:
        """Go on only if a person agrees that a tool is run with these arguments.

        The first time, it asks, and lets the job go: it is claimed again when
        the decision is there, and the handler comes here with its next attempt.

        Args:
            name: What the handler calls it: the same name in the same job is the same approval,
                until an operator retries the job: then a person is asked anew.
            tool: What is to be run: 1 to 200 printable characters.
            arguments: With exactly what.
            reason: What for, for whoever decides; the first one that was given counts.
            on_refusal: What becomes of the job where it is not given: it fails at once, or goes on, and this raises.
            lifetime_ms: For how long the decision is awaited; None: as the store has it, an hour.

        Raises:
            Waiting: Nobody has decided yet; to leave the handler.
            ApprovalRefused: It was rejected or cancelled, or not given in time.
            LeaseLost: No answer came before the lease ran out.
            StoreError: The arguments are not those that were asked for by this name, or not acceptable.
        """
        given: dict[str, Any] = {"tool": tool, "arguments": dict(arguments), "onRefusal": on_refusal}
        if reason is not None:
            given["reason"] = reason
        if lifetime_ms is not None:
            given["lifetimeMs"] = lifetime_ms
        return require_approval(self._lease, self.retries, name, given)


class AsyncJob(ClaimedJob):
    """A job that a coroutine function handles.

    When somebody wants it cancelled, or the worker holds it no more, the
    handler's task is cancelled, as asyncio does it. What is sent raises the
    same as with `Job`.
    """

    def __init__(self, claimed: Mapping[str, Any], lease: Lease, stopping: threading.Event, calls: Executor) -> None:
        """Take what a claim gave, and the threads in which to wait for the server; workers do this."""
        super().__init__(claimed, lease, stopping)
        self._job = Job(claimed, lease, stopping)
        self._calls = calls

    async def progress(self, percent: int | None = None, *, phase: str | None = None) -> None:
        """See `Job.progress`."""
        await self._in_thread(functools.partial(self._job.progress, percent, phase=phase))

    async def checkpoint(self, phase: str, data: Any) -> None:
        """See `Job.checkpoint`."""
        await self._in_thread(functools.partial(self._job.checkpoint, phase, data))

    async def load_checkpoint(self, phase: str | None = None) -> Checkpoint | None:
        """See `Job.load_checkpoint`."""
        return await self._in_thread(functools.partial(self._job.load_checkpoint, phase))

    async def require_approval(
        self,
        name: str,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        reason: str | None = None,
        on_refusal: Literal["FAIL", "RESUME"] = "FAIL",
        lifetime_ms: int | None = None,
    ) -> Approval:
        """See `Job.require_approval`."""
        return await self._in_thread(
            functools.partial(
                self._job.require_approval,
                name,
                tool,
                arguments,
                reason=reason,
                on_refusal=on_refusal,
                lifetime_ms=lifetime_ms,
            )
        )

    async def _in_thread(self, call: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._calls, call)
