"""Where a plan runs best: on the event loop, if it is known to be short, or in the pool.

A plan begins in the pool, where its runs are timed. Once two were short, those
of about the same cost run in place. A plan that uses up its steps or bytes there
goes back to the pool, and is tried again after a long pause that doubles each
time, since it may be short again by then.

A run may also be late in other ways. Where it computed for too long or read from
the disk, that counts when it happens again before many runs were in time, and the
pause is short: garbage may have been collected, and on a machine that others
share, time that they took counts as computed. It counts less where it was cut
short before it held the loop for longer than it may. Where the machine had no processor
for the loop, or another thread that computes did not let go of Python's lock, the
loop would have been held up all the same, so it has to happen far more often.
Which it was is looked at after a first late run.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SHORT_SECONDS = 0.002
"""A run in place that took at most so long was short; that includes what Python did with the rows."""

SHORT_IN_POOL_SECONDS = 0.005
"""A run in the pool that computed for at most so long was short: changing threads is in its time, at each row, and what
the processor's caches lose by that. In place it takes about two thirds of it."""

READING_SECONDS_MAX = 0.006
"""A run in the pool that read from the disk and took longer shows nothing: it may be in the cache the next time."""

SHORT_RUNS = 2
"""So many short runs let a plan run in place."""

COST_GROWTH = 4
"""A plan may run in place at so many times the cost at which it was seen to be short, if that is little."""

COST_MAX = 2_500
"""Little are so many fields of the answer, by the document's own estimate: a page of 200 nodes with ten fields. Above
that the estimate, which takes every page for full, says next to nothing of what the next run will cost."""

COMPUTED_SECONDS_MAX = 0.003
"""A run that was late after computing for so long was late by its own fault, or the machine is slow."""

LATE_RUNS_MAX = 3
"""So many late runs that computed or waited for the disk, shortly after each other, send a plan to the pool."""

RUNS_FOR_A_LATE_ONE = 32
"""So many runs in time make up for one that was late."""

RUNS_FOR_A_CUT_ONE = 8
"""So many runs in time make up for one that was cut short in time: to run in the pool each time would cost more than
to begin again there so seldom, and the loop was held for no longer than it may."""

RUNS_FOR_A_STARVED_ONE = 4
"""So many runs in time make up for one that was late, and had neither computed nor waited for the disk."""


class Pauses(NamedTuple):
    """For how long a plan stays in the pool, in seconds.

    Attributes:
        first: After the first time.
        longest: It doubles each time, up to this. A plan that goes so long without a pause starts with the shortest.
    """

    first: float
    longest: float


OVERRUN_PAUSES = Pauses(600.0, 21_600.0)
"""For a plan that took more than it may in place: it would hold the loop each time that it is tried."""

LATE_PAUSES = Pauses(10.0, 1_800.0)
"""For a plan that was late again and again."""


class Placement:
    """What is known of where one plan runs best; kept with the plan, used by one event loop."""

    __slots__ = (
        "_is_allowed",
        "_lateness",
        "_pause_seconds",
        "_paused_at",
        "_proven_cost",
        "_resume_at",
        "_short_runs",
    )

    def __init__(self, *, is_allowed: bool = True) -> None:
        """Begin in the pool.

        Args:
            is_allowed: False for a plan that must never run on the event loop,
                because its resolvers may wait.
        """
        self._is_allowed = is_allowed
        self._short_runs = 0
        self._proven_cost = 0
        self._lateness = 0
        self._pause_seconds = 0.0
        self._paused_at = -math.inf
        self._resume_at = 0.0

    def is_in_place(self, cost: int, now: float) -> bool:
        """Whether a request should run in place.

        Args:
            cost: Of this request, with its variables.
            now: Monotonic, in seconds.
        """
        return self._short_runs >= SHORT_RUNS and self._is_proven(cost) and now >= self._resume_at

    def _is_proven(self, cost: int) -> bool:
        """Whether the plan was seen to be short at about this cost."""
        return cost <= max(self._proven_cost, min(self._proven_cost * COST_GROWTH, COST_MAX))

    @property
    def is_suspect(self) -> bool:
        """Whether it was late a short while ago, so that the next run has to be looked at more closely."""
        return self._lateness > 0

    def ran_in_pool(self, cost: int, processor_seconds: float, reading_seconds: float = 0.0) -> None:
        """Learn from a run in the pool.

        Args:
            cost: Of that request, with its variables.
            processor_seconds: For how long the thread was computing.
            reading_seconds: How long it took, if it read from the disk. What it waited for others in the pool, whose
                turn it was, shows nothing of the plan.
        """
        if not self._is_allowed:
            return
        if processor_seconds > SHORT_IN_POOL_SECONDS:
            if self._is_proven(cost):
                self._forget()
        elif reading_seconds <= READING_SECONDS_MAX:
            self._short_runs += 1
            self._proven_cost = max(self._proven_cost, cost)

    def ran_in_place(self, cost: int, seconds: float) -> None:
        """Learn from a run in place that was answered in time."""
        if self._lateness:
            self._lateness -= 1
        if seconds <= SHORT_SECONDS:
            self._proven_cost = max(self._proven_cost, cost)

    def was_late(self, processor_seconds: float, now: float, *, waited_for_disk: bool, was_cut: bool) -> None:
        """Learn from a run in place that held the event loop for too long, or was cut short before that.

        Args:
            processor_seconds: How much of its time the thread was computing.
            now: Monotonic, in seconds.
            waited_for_disk: Whether it read from there, or may have.
            was_cut: Whether it ended without an answer, and had held the loop for no longer than it may.
        """
        is_its_own = waited_for_disk or processor_seconds > COMPUTED_SECONDS_MAX
        own = RUNS_FOR_A_CUT_ONE if was_cut else RUNS_FOR_A_LATE_ONE
        self._lateness += own if is_its_own else RUNS_FOR_A_STARVED_ONE
        if self._lateness > (LATE_RUNS_MAX - 1) * RUNS_FOR_A_LATE_ONE:
            self._pause(LATE_PAUSES, now)

    def overran(self, now: float) -> None:
        """Stay in the pool for long, because the plan takes more than it may in place."""
        self._pause(OVERRUN_PAUSES, now)

    def _pause(self, pauses: Pauses, now: float) -> None:
        if now < self._resume_at and self._pause_seconds >= pauses.first:
            return
        is_first = now - self._paused_at > pauses.longest + self._pause_seconds
        seconds = pauses.first if is_first else max(2 * self._pause_seconds, pauses.first)
        self._pause_seconds = min(seconds, pauses.longest)
        self._paused_at = now
        self._resume_at = now + self._pause_seconds
        self._lateness = 0
        self._forget()

    def _forget(self) -> None:
        self._short_runs = self._proven_cost = 0
