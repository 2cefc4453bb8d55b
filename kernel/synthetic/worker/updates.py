"""One thread that hears from the server when there may be something to claim.

It is a shortcut and no more: the worker looks by itself from time to time, and
whenever the stream is opened anew, so nothing depends on what the stream says.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from synthetic.worker.client import Client, Subscription
from synthetic.worker.documents import UPDATES
from synthetic.worker.errors import RequestFailedError, StoreError
from synthetic.worker.log_lines import log_line
from synthetic.worker.pauses import CEILING_SECONDS, pause_seconds

CLOSE_SECONDS = 1.0
RESYNC_REQUIRED = "RESYNC_REQUIRED"


class JobUpdates:
    """Follows the jobs of some kinds that become PENDING."""

    def __init__(self, client: Client, kinds: Sequence[str], wake: Callable[[float], None]) -> None:
        """Make it.

        Args:
            client: To subscribe by.
            kinds: Of which jobs.
            wake: Told the instant, on the scale of `time.monotonic`, from which a job can be claimed.
        """
        self._client = client
        self._kinds = list(kinds)
        self._wake = wake
        self._position: str | None = None
        self._failures = 0
        self._opened_at = time.monotonic()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open: Subscription | None = None
        self._thread = threading.Thread(target=self._run, name="synthetic-updates", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End the stream and the thread."""
        self._closed.set()
        with self._lock:
            if self._open is not None:
                self._open.cut()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._follow()
            except RequestFailedError as error:
                if self._closed.is_set():
                    return
                self._closed.wait(self._pause_after(error))

    def _pause_after(self, error: RequestFailedError) -> float:
        """Take note of an interruption, and return for how many seconds to leave it at that."""
        if time.monotonic() - self._opened_at > CEILING_SECONDS:
            self._failures = 0
        self._failures += 1
        if self._failures == 1:
            log_line(logging.WARNING, "stream of updates interrupted", reason=str(error))
        if isinstance(error, StoreError) and error.code == RESYNC_REQUIRED:
            # The store was restored, or the log has been cut: begin with what happens from now on.
            self._position = None
        elif not error.recoverable:
            return CEILING_SECONDS
        return pause_seconds(self._failures, error)

    def _follow(self) -> None:
        variables = {"after": self._position, "kinds": self._kinds}
        with self._client.subscribe(UPDATES, variables) as subscription:
            with self._lock:
                self._open = subscription
            try:
                if self._closed.is_set():
                    return
                self._opened_at = time.monotonic()
                # What became pending before is found by looking.
                self._wake(time.monotonic())
                for data in subscription:
                    self._failures = 0
                    self._hear(data["jobUpdates"])
            finally:
                with self._lock:
                    self._open = None

    def _hear(self, update: dict[str, Any]) -> None:
        self._position = update["position"]
        job = update["job"]
        if job is not None and job["status"] == "PENDING":
            self._wake(time.monotonic() + _seconds_until(job["runAfter"]))


def _seconds_until(run_after: str | None) -> float:
    """How long a job is not due yet, by the clock of this machine."""
    return 0.0 if run_after is None else max(0.0, datetime.fromisoformat(run_after).timestamp() - time.time())
