"""A run of `synthetic ingest` as a job: whoever looks at the store sees how far it has come, and can cancel it.

The process that runs it claims its own job. Nobody takes it up when the
process dies: its lease runs out, and the job has failed. What was read is kept
by the rows of the files, so the next run goes on from there.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthetic import Store, SyntheticError, Transaction, logger_for
from synthetic_ingest.errors import IngestCancelledError
from synthetic_ingest.plans import IngestOptions
from synthetic_ingest.report import Phase, Report
from synthetic_ingest.walk import absolute_of, find_files, path_text
from synthetic_jobs.errors import LeaseLostError
from synthetic_jobs.store import (
    Job,
    JobContent,
    JobStatus,
    LapsePolicy,
    claim_job,
    complete_job,
    fail_job,
    heartbeat_job,
    save_checkpoint,
    save_job,
    update_job_progress,
    update_job_status,
)

KIND = "ingest"
REPORT_SECONDS = 0.5
"""Progress is told no more often than this."""

NAMED_CHARACTERS = 2_000
"""Of the paths together, what the job names; the others are only counted."""

LAST_WORD_SECONDS = 30.0
LAST_WORD_PAUSE_SECONDS = 0.25
"""How long, and how often, the end of a run is told to a store that is busy."""

log = logger_for(__name__)


class IngestJob:
    """The job of one run: made and claimed at once, kept alive by a thread, told how far the run has come.

    Attributes:
        id: Of the job.
    """

    def __init__(self, store: Store, paths: Sequence[Path], options: IngestOptions, stop: threading.Event) -> None:
        """Make and claim it.

        Args:
            store: Where the run writes.
            paths: What it reads.
            options: How.
            stop: Set by this when somebody cancels the job, or it is lost.

        Raises:
            SyntheticError: The store cannot be written, or there is no such construct.
        """
        self._store = store
        self._clock = store.kernel.clock
        self._paths = paths
        self._stop = stop
        self._why: SyntheticError | None = None
        self._phase = Phase.SCAN
        self._entered: set[Phase] = set()
        self._done_bytes = self._total_bytes = 0
        self._told_at = float("-inf")
        self._ended = threading.Event()
        self._pause = threading.Event()
        job = store.write(_begin, paths, options)
        self.id = job.id
        self._token = job.lease_token
        self._beat_seconds = (job.lease_ms or 0) / 3000
        self._heart = threading.Thread(target=self._beat, name="ingest-heartbeat", daemon=True)
        self._heart.start()

    def scan(self) -> int:
        """Look at what there is to read; how many bytes."""
        self.enter(Phase.SCAN)
        files = 0
        for found in find_files(self._paths):
            if self._stop.is_set():
                break
            if found.status is not None:
                files += 1
                self._total_bytes += found.status.size_bytes
        self._tell(save_checkpoint, Phase.SCAN, {"files": files, "bytes": self._total_bytes})
        return self._total_bytes

    def enter(self, phase: Phase) -> None:
        """Say what comes now."""
        is_new, self._phase = phase not in self._entered, phase
        self._entered.add(phase)
        if is_new or self._clock.monotonic() - self._told_at >= REPORT_SECONDS:
            self._tell_progress()

    def advance(self, size_bytes: int) -> None:
        """Say that more bytes on disk are done with."""
        self._done_bytes += size_bytes

    def end(self, report: Report) -> None:
        """Bring the job to its end, by what the run came to.

        Raises:
            IngestCancelledError: Somebody cancelled it.
            LeaseLostError: It was taken away.
            KeyboardInterrupt: It was stopped by a signal.
        """
        self._still()
        if isinstance(self._why, LeaseLostError):
            raise self._why
        if self._stop.is_set():
            message = "It was cancelled." if self._why is not None else "It was stopped by a signal."
            self._tell_end(_cancel, message)
            raise KeyboardInterrupt if self._why is None else self._why
        failed = len(report.failures)
        if failed:
            first = report.failures[0]
            reason = f"{failed:,} files could not be read, or not whole; the first: {first['path']}: {first['reason']}"
            self._tell_end(_fail, reason)
        else:
            self._tell_progress()
            counts = {name: value for name, value in report.summary().items() if not isinstance(value, list)}
            self._tell_end(complete_job, counts)
        if isinstance(self._why, LeaseLostError):
            raise self._why

    def abandon(self, error: BaseException) -> None:
        """Bring the job to its end after something went wrong, if the store can take that still."""
        self._still()
        message = error.message if isinstance(error, SyntheticError) else f"It broke off ({type(error).__name__})."
        self._tell_end(_fail, message)

    def heartbeat(self) -> None:
        """Say that the run goes on, and hear whether it should."""
        self._tell(heartbeat_job)

    def _still(self) -> None:
        self._ended.set()
        self._heart.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._beat_seconds):
            self.heartbeat()

    def _tell_progress(self) -> None:
        self._told_at = self._clock.monotonic()
        percent = 100 if not self._total_bytes else min(100, 100 * self._done_bytes // self._total_bytes)
        self._tell(_progress, percent, str(self._phase))

    def _tell_end(self, function: Any, *args: Any) -> None:
        """Write how the job ended, and wait for a store that is busy: there is no next time."""
        give_up_at = self._clock.monotonic() + LAST_WORD_SECONDS
        while not self._tell(function, *args) and self._clock.monotonic() < give_up_at:
            self._pause.wait(LAST_WORD_PAUSE_SECONDS)

    def _tell(self, function: Any, *args: Any) -> bool:
        """Write of the job what there is to say; whether that is settled, or may go better the next time."""
        try:
            answer = self._store.write(function, self.id, self._token, *args)
        except LeaseLostError as error:
            self._why = error
            self._stop.set()
        except SyntheticError as error:
            log.warning("job not told", job=self.id, code=error.code)
            return not error.recoverable
        else:
            if isinstance(answer, Job) and answer.cancel_requested_at is not None and self._why is None:
                self._why = IngestCancelledError(f"Job {self.id} was cancelled.", details={"id": self.id})
                self._stop.set()
        return True


def _begin(tx: Transaction, paths: Sequence[Path], options: IngestOptions) -> Job:
    """Store the job of a run and claim it, in one transaction: nobody else can."""
    named: list[str] = []
    for path in paths:
        named.append(path_text(absolute_of(path)))
        if sum(map(len, named)) > NAMED_CHARACTERS:
            named.pop()
            break
    content: JobContent = {
        "kind": KIND,
        "params": {
            "paths": named,
            "pathCount": len(paths),
            "format": None if options.importer is None else options.importer.name,
        },
        "construct_id": options.construct_id,
        "caller": tx.origin.actor,
        "max_attempts": 1,
        "on_lapse": LapsePolicy.FAIL,
    }
    job = save_job(tx, content).job
    return claim_job(tx, job.id, f"{socket.gethostname()}:{os.getpid()}"[:200])


def _progress(tx: Transaction, job_id: str, token: int, percent: int, phase: str) -> Job:
    return update_job_progress(tx, job_id, token, progress=percent, phase=phase)


def _fail(tx: Transaction, job_id: str, token: int, message: str) -> Job:
    return fail_job(tx, job_id, token, message, retryable=False)


def _cancel(tx: Transaction, job_id: str, token: int, message: str) -> Job:
    return update_job_status(tx, job_id, JobStatus.CANCELLED, lease_token=token, message=message)
