"""When a worker looks for jobs, and what it asks for."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from synthetic.worker.client import Client
from synthetic.worker.documents import CLAIM
from synthetic.worker.handlers import Handler
from synthetic.worker.pauses import with_jitter

CLAIM_MAX = 100
"""Most jobs of one claim, as the server has it unless an operator allows fewer."""

CLAIM_SECONDS = 10.0
"""How long a claim may take; a stop waits for it."""

ROUNDED_SECONDS = 0.05
"""Jobs that become due within so little are looked for at once."""

INSTANTS_MAX = 1_000
"""How many instants of a polling period are told apart; a longer period makes them coarser."""


class Claimed(NamedTuple):
    """A job that a claim gave.

    Attributes:
        job: As the server describes it.
        sent_at: When the claim was sent, on the scale of `time.monotonic`.
    """

    job: dict[str, Any]
    sent_at: float


class Claims:
    """Asks for jobs of all kinds that a worker has handlers for: in one call, where their leases are equally long."""

    def __init__(self, client: Client, handlers: Iterable[Handler], worker: str) -> None:
        """Make it; `worker` is its name, for people."""
        self._client = client
        self._worker = worker
        kinds: dict[int, list[str]] = {}
        for handler in handlers:
            kinds.setdefault(handler.lease_ms, []).append(handler.kind)
        self._groups = list(kinds.items())

    def claim(self, room: int) -> Iterator[Claimed]:
        """Up to so many jobs, each as soon as it is claimed.

        Raises:
            RequestFailedError: The server has refused it, or there was no answer.
        """
        for lease_ms, kinds in tuple(self._groups):
            sent_at = time.monotonic()
            limit = min(room, CLAIM_MAX)
            given = {"kinds": kinds, "worker": self._worker, "limit": limit, "leaseMs": lease_ms}
            jobs: list[dict[str, Any]] = self._client.execute(CLAIM, {"input": given}, timeout_seconds=CLAIM_SECONDS)[
                "claimJob"
            ]["jobs"]
            for job in jobs:
                yield Claimed(job, sent_at)
            room -= len(jobs)
            if room <= 0:
                break
        # The next call begins with another group, so that none waits for ever behind a busy one.
        self._groups.append(self._groups.pop(0))


class Schedule:
    """The instants at which to look for jobs; other threads, and signal handlers, may add to them.

    Only instants within the polling period are kept, each rounded up, and those
    that have come are one; so there are at most `INSTANTS_MAX` and a few,
    however many jobs there are, and however long nobody has looked.
    """

    def __init__(self, poll_seconds: float) -> None:
        """Make it; the first look is at once."""
        self._poll_seconds = poll_seconds
        # Unlike a condition or an event it can be used by a signal handler that interrupts its own reader.
        self._news: SimpleQueue[float] = SimpleQueue()
        self._rounded_seconds = max(ROUNDED_SECONDS, poll_seconds / INSTANTS_MAX)
        # In multiples of that: those still to come, as a heap and to find one, and whether another has come.
        self._instants: list[int] = []
        self._kept: set[int] = set()
        self._has_come = False
        self._next_poll = time.monotonic()
        self._not_before = 0.0

    def add(self, instant: float) -> None:
        """Look at an instant, and wake up whoever waits now."""
        self._news.put(instant)

    def looked(self, *, may_be_more: bool) -> None:
        """A look is over: the next one is at once where there may be more to find, or else at the next instant."""
        self._next_poll = time.monotonic() + (0.0 if may_be_more else with_jitter(self._poll_seconds))

    def failed(self, pause_seconds: float) -> None:
        """A look has failed: there is no other before a pause is over."""
        self._next_poll = self._not_before = time.monotonic() + pause_seconds

    def is_due(self) -> bool:
        """Whether to look now; takes note of all that was added."""
        now = time.monotonic()
        self._take_news(now)
        if now < self._not_before:
            return False
        due = self._has_come or self._next_poll <= now
        self._has_come = False
        return due

    def wait(self, *, for_news_only: bool = False, seconds_max: float | None = None) -> None:
        """Wait until it is time to look, or something was added.

        Args:
            for_news_only: Whether looking is of no use before something is added.
            seconds_max: How long at most.
        """
        seconds = seconds_max
        if not for_news_only:
            until = max(0.0, max(self._next_instant(), self._not_before) - time.monotonic())
            seconds = until if seconds_max is None else min(until, seconds_max)
        try:
            instant = self._news.get(timeout=seconds)
        except Empty:
            return
        self._keep(instant, time.monotonic())

    def _next_instant(self) -> float:
        if self._has_come:
            return 0.0
        return min(self._next_poll, self._instants[0] * self._rounded_seconds) if self._instants else self._next_poll

    def _take_news(self, now: float) -> None:
        while not self._news.empty():
            self._keep(self._news.get(), now)
        self._pass(now)

    def _keep(self, instant: float, now: float) -> None:
        if instant <= now:
            self._has_come = True
        elif instant <= now + self._poll_seconds:
            rounded = math.ceil(instant / self._rounded_seconds)
            if rounded not in self._kept:
                self._kept.add(rounded)
                heapq.heappush(self._instants, rounded)
        self._pass(now)

    def _pass(self, now: float) -> None:
        """Make one of those that have come."""
        while self._instants and self._instants[0] * self._rounded_seconds <= now:
            self._kept.discard(heapq.heappop(self._instants))
            self._has_come = True
