"""One attempt at a job: the handler's run, and what its end means for the job."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import CancelledError
from datetime import UTC
from typing import Any, NamedTuple, cast

from synthetic.worker import documents
from synthetic.worker.client import as_json
from synthetic.worker.errors import (
    AttemptEnded,
    JobCancelled,
    LeaseLost,
    PermanentFailure,
    Released,
    RetryLater,
    Waiting,
)
from synthetic.worker.event_loop import EventLoop
from synthetic.worker.handlers import Handler
from synthetic.worker.job import AsyncJob, Job
from synthetic.worker.lease import Lease
from synthetic.worker.log_lines import log_line

ERROR_CHARACTERS = 10_000
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""What no store keeps in a text: NUL, and half a surrogate pair."""


class Ending(NamedTuple):
    """How an attempt ended, as the store is told.

    Attributes:
        words: For the log.
        document: The mutation.
        fields: Its input, but for id and token.
    """

    words: str
    document: str
    fields: Mapping[str, Any]


class Attempt:
    """A claimed job with its handler."""

    def __init__(
        self, handler: Handler, claimed: Mapping[str, Any], lease: Lease, stopping: threading.Event, loop: EventLoop
    ) -> None:
        """Take what a claim gave.

        Args:
            handler: Of the job's kind.
            claimed: The job.
            lease: The hold on it.
            stopping: Set when the worker is being stopped.
            loop: For coroutine functions.
        """
        self.lease = lease
        self._handler = handler
        self._claimed = claimed
        self._stopping = stopping
        self._loop = loop
        self._began_at = time.monotonic()

    def run(self) -> None:
        """Run the handler and tell the store how that ended. Raises nothing: a log line says what went wrong."""
        self._log(logging.INFO, "job claimed", attempts=self._claimed["attempts"])
        ending = self._ending()
        if ending is None:
            return
        if self.lease.begin_settling():
            self._settle(ending)
        else:
            self._log(logging.WARNING, "handler ended after its job was given back")

    def give_back(self, until: float) -> None:
        """Let any worker claim the job while the handler still runs; what that comes to is thrown away.

        Args:
            until: When to stop trying to say so; the lease runs out then by itself.
        """
        if self.lease.begin_settling():
            self._settle(_released("The worker was stopped."), until=until)
            self.lease.give_up()

    def _ending(self) -> Ending | None:
        """Run the handler; None: nothing can be said about the job any more."""
        try:
            return self._completion(self._handle())
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises says how its job ends
            try:
                return self._ending_for(error)
            except Exception as flaw:  # noqa: BLE001 - what a handler raises may be its own, and not whole
                self._log(logging.ERROR, "handler raised what cannot be told", error=flaw)
                return _failed(_words(error))

    def _handle(self) -> object:
        if not self._handler.is_async:
            return self._handler.function(cast("Any", Job(self._claimed, self.lease, self._stopping)))
        job = AsyncJob(self._claimed, self.lease, self._stopping, self._loop.calls)
        work = cast("Coroutine[Any, Any, object]", self._handler.function(cast("Any", job)))
        return self._loop.run(work, self.lease.when_interrupted)

    def _completion(self, result: object) -> Ending | None:
        if self.lease.lost.is_set():
            self._log(logging.WARNING, "lease lost, result thrown away")
            return None
        try:
            as_json(result)
        except (TypeError, ValueError, RecursionError) as error:
            return _failed(f"The handler's result is no JSON: {error}", retryable=False)
        return Ending("job completed", documents.COMPLETE, {"result": result})

    def _ending_for(self, error: BaseException) -> Ending | None:
        """What an exception of the handler means for the job; None: nothing can be said about it any more."""
        error = self._reason_of(error)
        match error:
            case LeaseLost():
                self._log(logging.WARNING, "lease lost, attempt abandoned")
                return None
            case JobCancelled():
                return Ending("job cancelled", documents.STATUS, {"status": "CANCELLED"})
            case Released():
                return _released("The handler gave it back.")
            case Waiting():
                fields: dict[str, Any] = {"status": "WAITING", "waitingFor": error.waiting_for}
                if error.until is not None:
                    fields["runAfter"] = error.until.astimezone(UTC).isoformat()
                return Ending("job waits", documents.STATUS, fields)
            case PermanentFailure():
                return _failed(_words(error), retryable=False)
            case RetryLater():
                return _failed(_words(error), retryAfterMs=round(error.seconds * 1000))
            case _:
                log_line(logging.ERROR, "handler failed", error=error, job=self._claimed["id"], kind=self._handler.kind)
                return _failed(_words(error))

    def _reason_of(self, error: BaseException) -> BaseException:
        """What really ended the handler: asyncio says that a task was cancelled, and wraps what its groups raise."""
        if isinstance(error, CancelledError):
            if self.lease.lost.is_set():
                return LeaseLost()
            return JobCancelled() if self.lease.cancelled.is_set() else error
        if isinstance(error, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", error)
            ended = group.subgroup(AttemptEnded)
            return group if ended is None else _first_of(ended)
        return error

    def _settle(self, ending: Ending, *, until: float | None = None) -> None:
        """Tell the store; what it refuses of an ending must not leave the job to run out of its lease."""
        error = self._refusal(ending, until)
        if error is None:
            return
        self._log(logging.ERROR, f"{ending.words}, but that was refused", reason=str(error))
        if ending.document == documents.COMPLETE:
            # Another attempt would come to the same.
            instead = _failed(f"The result was refused: {error}", retryable=False)
        else:
            retryable = ending.fields.get("retryable", True)
            instead = _failed(f"How the attempt ended was refused: {error}", retryable=retryable)
        error = self._refusal(instead, until)
        if error is not None:
            self._log(logging.ERROR, "the failure was refused too; the lease runs out", reason=str(error))

    def _refusal(self, ending: Ending, until: float | None) -> Exception | None:
        """Tell the store, and return why it takes no note; None: it did, or the job is not this worker's any more."""
        try:
            self.lease.settle(ending.document, {"id": self.lease.job_id, **ending.fields}, until=until)
        except LeaseLost as error:
            self._log(logging.WARNING, f"{ending.words}, but the lease is lost", reason=str(error))
        except Exception as error:  # noqa: BLE001 - refused by the store, or changed since and nothing to send any more
            return error
        else:
            took_ms = round((time.monotonic() - self._began_at) * 1000)
            self._log(logging.INFO, ending.words, took_ms=took_ms, **_told(ending))
        return None

    def _log(self, level: int, words: str, *, error: BaseException | None = None, **fields: Any) -> None:
        log_line(
            level,
            words,
            error=error,
            job=self.lease.job_id,
            kind=self._handler.kind,
            attempt=self.lease.token,
            **fields,
        )


def _first_of(group: BaseExceptionGroup[AttemptEnded]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


def _failed(message: str, **fields: Any) -> Ending:
    stored = UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", message[:ERROR_CHARACTERS])
    return Ending("job failed", documents.FAIL, {"errorMessage": stored, **fields})


def _released(message: str) -> Ending:
    return Ending("job given back", documents.STATUS, {"status": "PENDING", "message": message})


def _told(ending: Ending) -> dict[str, Any]:
    """The fields that a log line repeats."""
    names = {"errorMessage": "reason", "waitingFor": "waiting_for", "message": "reason"}
    return {name: ending.fields[field] for field, name in names.items() if field in ending.fields}


def _words(error: BaseException) -> str:
    """Type and text of an exception; its traceback is in the worker's log, not in the store."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception of a handler's own that cannot say what it is
        return name
    return f"{name}: {text}" if text else name
