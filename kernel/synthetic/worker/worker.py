"""The worker: registers handlers, claims jobs for them, runs several at once, and stops gracefully."""

from __future__ import annotations

import inspect
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from synthetic.worker.attempt import Attempt
from synthetic.worker.claiming import Claimed, Claims, Schedule
from synthetic.worker.client import Client
from synthetic.worker.errors import RequestFailedError, StoreError
from synthetic.worker.event_loop import EventLoop
from synthetic.worker.handlers import Handler, HandlerT
from synthetic.worker.heartbeats import Heartbeats
from synthetic.worker.lease import Lease
from synthetic.worker.log_lines import log_line
from synthetic.worker.pauses import pause_seconds
from synthetic.worker.updates import JobUpdates

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
GIVE_BACK_SECONDS = 5.0
HURRIED_SECONDS = 1.0
MISTAKES = frozenset(
    {
        "BAD_REQUEST",
        "BAD_USER_INPUT",
        "FORBIDDEN",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "UNAUTHENTICATED",
    }
)
"""Refusals of a claim that end a worker, since it asks for something wrong; of all others it waits for the end."""


class Worker:
    """Claims jobs from a server, and runs a function for each.

    Attributes:
        name: What the store calls it, for people.
        client: For what else handlers have to ask of the server.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        name: str | None = None,
        concurrency: int = 4,
        poll_ms: int = 5_000,
        stop_ms: int = 30_000,
    ) -> None:
        """Make it; nothing is sent before `run`.

        Args:
            url: Of `/graphql`; None: SYNTHETIC_URL, else the port of this machine that `synthetic serve` takes.
            token: With the scope write; None: SYNTHETIC_TOKEN.
            name: None: host, process id, and something to tell it from others that had them before.
            concurrency: How many jobs it runs at once.
            poll_ms: How often it looks for jobs when nobody tells it of any.
            stop_ms: How long a stop waits for handlers before their jobs are given back.

        Raises:
            ValueError: A number is not positive.
        """
        if concurrency < 1 or poll_ms < 1 or stop_ms < 0:
            raise ValueError("concurrency and poll_ms must be positive, and stop_ms must not be negative")
        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
        # Besides what handlers send: claims, heartbeats, and the stream of updates.
        self.client = Client(url, token=token, connections=concurrency + 3)
        self._concurrency = concurrency
        self._stop_seconds = stop_ms / 1000
        self._handlers: dict[str, Handler] = {}
        self._running: set[Attempt] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._stop_wanted = False
        self._stop_at_once = False
        self._schedule = Schedule(poll_ms / 1000)
        self._heartbeats = Heartbeats(concurrency)
        self._loop = EventLoop(concurrency)

    def handles(self, kind: str, *, lease_ms: int = 60_000) -> Callable[[HandlerT], HandlerT]:
        """Register the function that handles the jobs of a kind.

        A plain function gets a `Job`, a coroutine function an `AsyncJob`. What
        it returns, which must be something that JSON has, completes the job.
        What it raises ends the attempt: see `synthetic.worker.errors`.

        Args:
            kind: Of the jobs.
            lease_ms: How long a claim or a heartbeat holds such a job: what it takes at most, after this worker's
                sudden death, until another may go on. A heartbeat is sent each third of it.

        Raises:
            ValueError: The kind has a handler already.
        """
        if kind in self._handlers:
            raise ValueError(f"jobs of the kind {kind!r} have a handler already")

        def register(function: HandlerT) -> HandlerT:
            self._handlers[kind] = Handler(kind, function, lease_ms, inspect.iscoroutinefunction(function))
            return function

        return register

    def run(self) -> None:
        """Work until `stop`, SIGTERM or Ctrl-C. It can be called once.

        At the first signal it claims no more, and waits for the handlers. What
        still runs after `stop_ms`, or at a second signal, is given back, which
        does not count as an attempt. Handlers cannot be ended from outside:
        their threads end with the process, and what they do counts no more.
        Signals are taken only where this runs in the main thread.

        Raises:
            StoreError: The server refuses claims for a reason that waiting does not mend.
            ValueError: There is no handler.
        """
        if not self._handlers:
            raise ValueError("register a handler first")
        claims = Claims(self.client, self._handlers.values(), self.name)
        updates = JobUpdates(self.client, tuple(self._handlers), self._schedule.add)
        log_line(logging.INFO, "worker started", worker=self.name, url=self.client.url, kinds=list(self._handlers))
        with self._signals():
            self._heartbeats.start()
            updates.start()
            try:
                self._claim_until_stopped(claims)
            finally:
                self._stopping.set()
                updates.close()
                self._wind_down()
                self._heartbeats.close()
                self._loop.close()
                self.client.close()
                log_line(logging.INFO, "worker stopped", worker=self.name)

    def stop(self, *, at_once: bool = False) -> None:
        """End `run`, from any thread, or from a signal handler.

        Args:
            at_once: Whether to give back what runs now, instead of waiting for it.
        """
        self._stop_at_once |= at_once
        self._stop_wanted = True
        self._schedule.add(0.0)

    @contextmanager
    def _signals(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(_number: int, _frame: FrameType | None) -> None:
            self.stop(at_once=self._stop_wanted)

        before = {number: signal.signal(number, ask) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _claim_until_stopped(self, claims: Claims) -> None:
        failures = 0
        while not self._stop_wanted:
            room = self._concurrency - len(self._running)
            if room <= 0 or not self._schedule.is_due():
                self._schedule.wait(for_news_only=room <= 0)
                continue
            try:
                found = 0
                for claimed in claims.claim(room):
                    self._start(claimed)
                    found += 1
            except RequestFailedError as error:
                if isinstance(error, StoreError) and error.code in MISTAKES:
                    raise
                failures += 1
                if failures == 1:
                    log_line(logging.WARNING, "claim failed", reason=str(error))
                self._schedule.failed(pause_seconds(failures, error))
            else:
                if failures:
                    log_line(logging.INFO, "claims go through again", failures=failures)
                failures = 0
                # The server cuts a claim short whose answer would become too large: then it has several jobs.
                self._schedule.looked(may_be_more=found == room or found > 1)

    def _start(self, claimed: Claimed) -> None:
        handler = self._handlers[claimed.job["kind"]]
        lease = Lease(self.client, claimed.job["id"], claimed.job["leaseToken"], handler.lease_ms, claimed.sent_at)
        attempt = Attempt(handler, claimed.job, lease, self._stopping, self._loop)
        with self._lock:
            self._running.add(attempt)
        self._heartbeats.add(lease)
        threading.Thread(target=self._work, args=(attempt,), name=f"synthetic-job-{lease.job_id}", daemon=True).start()

    def _work(self, attempt: Attempt) -> None:
        """The thread of one attempt."""
        try:
            attempt.run()
        finally:
            self._heartbeats.remove(attempt.lease)
            with self._lock:
                self._running.discard(attempt)
            # There is room now, and a limit on jobs of its kind may allow one more.
            self._schedule.add(time.monotonic())

    def _wind_down(self) -> None:
        """Wait for the handlers, and give back what they do not finish."""
        give_up_at = time.monotonic() + self._stop_seconds
        if self._running:
            log_line(logging.INFO, "worker waits for its jobs", running=len(self._running))
        while self._running and not self._stop_at_once and time.monotonic() < give_up_at:
            self._schedule.wait(for_news_only=True, seconds_max=give_up_at - time.monotonic())
        seconds = HURRIED_SECONDS if self._stop_at_once else GIVE_BACK_SECONDS
        until = time.monotonic() + seconds
        with self._lock:
            left = tuple(self._running)
        for attempt in left:
            attempt.give_back(until)
