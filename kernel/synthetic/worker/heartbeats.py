"""What keeps the leases of all running jobs: one thread that sees what is due, and others that send it.

Each lease has at most one heartbeat under way, and a thread for it, so that a
slow answer to one is no other lease's business.
"""

from __future__ import annotations

import logging
import threading
import time

from synthetic.worker.daemon_threads import DaemonThreads
from synthetic.worker.errors import RequestFailedError
from synthetic.worker.lease import Lease
from synthetic.worker.log_lines import log_line
from synthetic.worker.pauses import pause_seconds

CLOSE_SECONDS = 1.0


class Heartbeats:
    """Renews each lease when a third of it has passed, and sooner again when that did not come through.

    Whatever else a handler sends renews its lease too, and puts the next
    heartbeat off. A lease that ran out is lost.
    """

    def __init__(self, leases_max: int) -> None:
        """Make it.

        Args:
            leases_max: How many leases it keeps at once.
        """
        self._changed = threading.Condition()
        self._beats: dict[Lease, _Beat] = {}
        self._is_closed = False
        self._senders = DaemonThreads(leases_max, "synthetic-heartbeat")
        self._thread = threading.Thread(target=self._run, name="synthetic-heartbeats", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End the threads; one that waits for an answer ends after that."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._senders.shutdown()
        self._thread.join(CLOSE_SECONDS)

    def add(self, lease: Lease) -> None:
        """Keep a lease from now on."""
        with self._changed:
            self._beats[lease] = _Beat(lease)
            self._changed.notify()

    def remove(self, lease: Lease) -> None:
        """Keep it no more."""
        with self._changed:
            self._beats.pop(lease, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._is_closed:
                    return
                beat = min(self._beats.values(), key=lambda beat: beat.due_at(), default=None)
                wait = None if beat is None else beat.due_at() - time.monotonic()
                if beat is None or (wait is not None and wait > 0):
                    self._changed.wait(wait)
                    continue
                if not beat.has_lapsed():
                    # One that is under way may have renewed the lease just now.
                    if not beat.is_under_way:
                        beat.is_under_way = True
                        self._senders.submit(self._send, beat)
                    continue
                del self._beats[beat.lease]
            beat.give_up()

    def _send(self, beat: _Beat) -> None:
        try:
            beat.send()
        finally:
            with self._changed:
                beat.is_under_way = False
                if beat.lease.lost.is_set():
                    self._beats.pop(beat.lease, None)
                self._changed.notify()


class _Beat:
    """The heartbeats of one lease.

    Attributes:
        lease: The lease.
        is_under_way: Whether one was sent that has no answer yet.
    """

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.is_under_way = False
        self._failures = 0
        self._again_at = 0.0

    def due_at(self) -> float:
        """When the next one is to be sent, or the lease to be given up."""
        if self.is_under_way:
            return self.lease.lapses_at
        return min(max(self.lease.beat_at, self._again_at), self.lease.lapses_at)

    def has_lapsed(self) -> bool:
        """Whether the lease ran out."""
        return time.monotonic() >= self.lease.lapses_at

    def give_up(self) -> None:
        """Note that the lease ran out."""
        log_line(logging.WARNING, "lease ran out", job=self.lease.job_id, attempt=self.lease.token)
        self.lease.lose()

    def send(self) -> None:
        """Send one; the lease knows what came of it."""
        try:
            self.lease.beat()
        except RequestFailedError as error:
            self._put_off(error)
            log_line(logging.WARNING, "heartbeat failed", job=self.lease.job_id, reason=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the next one may do better
            self._put_off(None)
            log_line(logging.ERROR, "heartbeat failed", error=error, job=self.lease.job_id)
        else:
            self._failures = 0

    def _put_off(self, error: RequestFailedError | None) -> None:
        self._failures += 1
        self._again_at = time.monotonic() + pause_seconds(self._failures, error)
