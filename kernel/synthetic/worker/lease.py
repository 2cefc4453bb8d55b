"""A worker's hold on one job: what is sent under it, when it is renewed, and how it ends.

Used by several threads at once: the handler's, that of the heartbeats, and the
worker's own at a stop. Instants are those of `time.monotonic`, in seconds. A
lease is counted from before the request that began or renewed it was sent, so
it never lasts longer here than in the store.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from synthetic.worker.client import Client
from synthetic.worker.documents import HEARTBEAT
from synthetic.worker.errors import JobCancelled, LeaseLost, RequestFailedError, StoreError
from synthetic.worker.pauses import pause_seconds

REQUEST_SECONDS = 10.0
"""How long one request may take, if the lease lasts so long."""

LOST_CODES = frozenset({"LEASE_LOST", "NOT_FOUND"})
"""What says that the job is another's, finished, or gone."""


class Lease:
    """The hold on one job.

    Attributes:
        job_id: The job.
        token: What the store knows the lease by.
        lease_ms: How long it lasts from each renewal.
        cancelled: Set when somebody wants the job cancelled.
        lost: Set when the worker holds the job no more.
    """

    def __init__(self, client: Client, job_id: str, token: int, lease_ms: int, claimed_at: float) -> None:
        """Take what a claim gave.

        Args:
            client: To send by.
            job_id: The job.
            token: The lease token.
            lease_ms: What the claim asked for.
            claimed_at: When the claim was sent.
        """
        self.job_id = job_id
        self.token = token
        self.lease_ms = lease_ms
        self.cancelled = threading.Event()
        self.lost = threading.Event()
        self._client = client
        self._lock = threading.Lock()
        self._renewed_at = claimed_at
        self._settling = False
        self._interrupt: Callable[[], None] | None = None

    @property
    def beat_at(self) -> float:
        """When the next heartbeat is due, a third of the lease after the last renewal."""
        return self._renewed_at + self.lease_ms / 3000

    @property
    def lapses_at(self) -> float:
        """When it runs out unless it is renewed."""
        return self._renewed_at + self.lease_ms / 1000

    def check(self) -> None:
        """Say whether going on makes sense.

        Raises:
            LeaseLost: The worker does not hold the job any more.
            JobCancelled: Somebody wants the job cancelled.
        """
        if self.lost.is_set() or time.monotonic() >= self.lapses_at:
            self.lose()
            raise LeaseLost(f"the lease of job {self.job_id} is lost")
        if self.cancelled.is_set():
            raise JobCancelled(f"job {self.job_id} is to be cancelled")

    def call(self, document: str, fields: Mapping[str, Any]) -> None:
        """Send what the handler has to say, again and again until the store has answered.

        Args:
            document: A mutation with one input, which takes `leaseToken`.
            fields: The input, but for the token.

        Raises:
            LeaseLost: The worker does not hold the job any more; nothing was changed.
            JobCancelled: Somebody wants the job cancelled; what was sent is stored.
            StoreError: The store has refused it for another reason, which repeating does not mend.
        """
        if self.lost.is_set():
            self.check()
        self._repeat(lambda: self._send(document, fields))
        self.check()

    def read(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Run a query, again and again until the store has answered.

        Raises:
            LeaseLost: No answer came before the lease ran out.
            StoreError: The store has refused it, and repeating does not mend that.
        """
        return self._repeat(lambda: self._client.execute(document, variables, timeout_seconds=self._request_seconds()))

    def beat(self) -> None:
        """Send one heartbeat; what it says shows in `cancelled` and `lost`.

        Raises:
            RequestFailedError: It did not come through; the lease may last long enough for another.
        """
        try:
            self._send(HEARTBEAT, {"id": self.job_id})
        except StoreError as error:
            if error.code not in LOST_CODES:
                raise
            self.lose()

    def begin_settling(self) -> bool:
        """Claim the right to say how the attempt ended; only the first to ask gets it."""
        with self._lock:
            first = not self._settling
            self._settling = True
            self._interrupt = None
            return first

    def settle(self, document: str, fields: Mapping[str, Any], *, until: float | None = None) -> None:
        """Say how the attempt ended, again and again until the store has answered.

        Args:
            document: As for `call`.
            fields: As for `call`.
            until: When to give up, if that is before the lease runs out.

        Raises:
            LeaseLost: The worker did not hold the job any more, or no answer came in time.
            StoreError: The store has refused it for another reason.
        """
        self._repeat(lambda: self._send(document, fields), until=until)

    def lose(self) -> None:
        """Note that the worker does not hold the job any more."""
        with self._lock:
            if self._settling:
                # A heartbeat that was overtaken by the end of the attempt finds no lease: that is as it should be.
                return
        self._set(self.lost)

    def give_up(self) -> None:
        """The job was handed back while its handler still runs: nothing that this does from now on counts."""
        self.lost.set()

    def cancel(self) -> None:
        """Note that somebody wants the job cancelled."""
        self._set(self.cancelled)

    def when_interrupted(self, interrupt: Callable[[], None]) -> None:
        """Call a function as soon as the job is cancelled or lost, from whichever thread notices it."""
        with self._lock:
            self._interrupt = interrupt
            is_late = self.cancelled.is_set() or self.lost.is_set()
        if is_late:
            interrupt()

    def _set(self, flag: threading.Event) -> None:
        with self._lock:
            news = not flag.is_set()
            flag.set()
            interrupt = self._interrupt
        if news and interrupt is not None:
            interrupt()

    def _request_seconds(self) -> float:
        return max(0.05, min(REQUEST_SECONDS, self.lapses_at - time.monotonic()))

    def _send(self, document: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Send a mutation once; an answer renews the lease."""
        sent_at = time.monotonic()
        given = {"input": {**fields, "leaseToken": self.token}}
        data = self._client.execute(document, given, timeout_seconds=self._request_seconds())
        with self._lock:
            self._renewed_at = max(self._renewed_at, sent_at)
        if any(payload.get("cancelRequested") for payload in data.values()):
            self.cancel()
        return data

    def _repeat(self, send: Callable[[], dict[str, Any]], *, until: float | None = None) -> dict[str, Any]:
        failures = 0
        while True:
            try:
                return send()
            except RequestFailedError as error:
                if isinstance(error, StoreError) and error.code in LOST_CODES:
                    self.lose()
                    raise LeaseLost(str(error)) from error
                if not error.recoverable:
                    raise
                failures += 1
                pause = pause_seconds(failures, error)
                ends_at = self.lapses_at if until is None else min(until, self.lapses_at)
                if self.lost.wait(max(0.0, min(pause, ends_at - time.monotonic()))) or time.monotonic() >= ends_at:
                    self.lose()
                    raise LeaseLost(f"job {self.job_id}: no answer came before the lease ran out") from error
