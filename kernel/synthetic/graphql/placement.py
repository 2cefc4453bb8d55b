"""Where a query runs: on the event loop, if its plan is known to be short, or in the pool.

A plan begins in the pool, where its runs are timed. Once two were short, those
of about the same cost run in place. A plan that uses up its steps or bytes there,
or the processor for too long, goes back to the pool. It is tried again after a
long pause that doubles each time, since it may be short again by then.

A query may also be late without computing. Where it read from the disk, that
counts when it happens again before many runs were in time, and the pause is short.
Where the machine had no processor for the loop, or another thread that computes
did not let go of Python's lock, the loop would have been held up all the same, so
it has to happen far more often. Which it was is looked at after a first late run.

The numbers belong together. So many steps take some 1.5 ms of processor, and
seldom 3; the clock is looked at every thousand steps and every few rows, and
what remains to be done at `CUT_SECONDS` takes less than a millisecond.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar, TypeVarTuple

from synthetic.clock import Clock
from synthetic.database.database import Database
from synthetic.database.in_place_connection import Cut, OverBudget
from synthetic.database.interruption import Interruption
from synthetic.database.transaction import Snapshot
from synthetic.graphql.disk_reads import count_disk_reads
from synthetic.metrics import Metrics

SHORT_SECONDS = 0.002
"""A run in place that took at most so long was short; that includes what Python did with the rows."""

SHORT_IN_POOL_SECONDS = 0.003
"""A run in the pool that computed for at most so long was short: at each row, changing threads is in its time."""

READING_SECONDS_MAX = 0.004
"""A run in the pool that read from the disk and took longer shows nothing: it may be in the cache the next time."""

SHORT_RUNS = 2
"""So many short runs let a plan run in place."""

COST_MAX = 2_500
"""Fields of the answer, by the document's own estimate: a page of 200 nodes with ten fields."""

COST_GROWTH = 4
"""A plan may run in place at so many times the cost at which it was seen to be short."""

STEPS_MAX = 50_000
"""Steps of SQLite's virtual machine that a query in place may take."""

BYTES_MAX = 262_144
"""Bytes that a query in place may decode or parse: a millisecond in Python, seldom two."""

CUT_SECONDS = 0.0035
"""What is still running after this time is cut short, at the next look at the clock."""

COMPUTED_SECONDS_MAX = 0.003
"""A run that was late after computing for so long was late by its own fault."""

HELD_SECONDS_MAX = 0.005
"""A query that held the event loop for longer has overrun, though it was answered."""

LATE_RUNS_MAX = 3
"""So many runs that waited for the disk and were late, shortly after each other, send a plan to the pool."""

RUNS_FOR_A_LATE_ONE = 32
"""So many runs in time make up for one that was late."""

RUNS_FOR_A_STARVED_ONE = 4
"""So many runs in time make up for one that was late, and had not waited for the disk."""


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

WAITING_PAUSES = Pauses(10.0, 1_800.0)
"""For a plan that was only kept waiting."""

LOCKED_SECONDS = 0.25
"""After a lock was found, all queries go to the pool for so long: each attempt costs half a millisecond."""

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


class Elsewhere:
    """The type of `ELSEWHERE`."""


ELSEWHERE = Elsewhere()
"""In place of a result: a query has to run in the pool."""


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
        return (
            self._short_runs >= SHORT_RUNS
            and cost <= COST_MAX
            and cost <= self._proven_cost * COST_GROWTH
            and now >= self._resume_at
        )

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
        if not self._is_allowed or cost > COST_MAX:
            return
        if processor_seconds > SHORT_IN_POOL_SECONDS:
            if cost <= self._proven_cost * COST_GROWTH:
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

    def was_late(self, processor_seconds: float, now: float, *, waited_for_disk: bool) -> None:
        """Learn from a run in place that held the event loop for too long, answered or not.

        Args:
            processor_seconds: How much of its time the thread was computing.
            now: Monotonic, in seconds.
            waited_for_disk: Whether it read from there, or may have.
        """
        self._lateness += RUNS_FOR_A_LATE_ONE if waited_for_disk else RUNS_FOR_A_STARVED_ONE
        if processor_seconds > COMPUTED_SECONDS_MAX:
            self.overran(now)
        elif self._lateness > (LATE_RUNS_MAX - 1) * RUNS_FOR_A_LATE_ONE:
            self._pause(WAITING_PAUSES, now)

    def overran(self, now: float) -> None:
        """Stay in the pool for long, because the plan takes more than it may in place."""
        self._pause(OVERRUN_PAUSES, now)

    def _pause(self, pauses: Pauses, now: float) -> None:
        if now < self._resume_at:
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


class Placer:
    """Runs queries where their plans' placements say, and tells the placements how it went.

    It belongs to one event loop.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        metrics: Metrics,
        processor_seconds: Callable[[], float] = time.thread_time,
        disk_reads: Callable[[], int] = count_disk_reads,
    ) -> None:
        """Make it.

        Args:
            database: What the queries read.
            clock: For how long queries take.
            metrics: Counts where they run.
            processor_seconds: For how long the calling thread has computed so far.
            disk_reads: How often it has read from the disk so far.
        """
        self._database = database
        self._clock = clock
        self._places = metrics.places
        self._processor_seconds = processor_seconds
        self._disk_reads = disk_reads
        self._unlocked_at = 0.0

    async def read(
        self,
        placement: Placement,
        cost: int,
        function: Callable[[Snapshot, *Ts], ResultT],
        *args: *Ts,
        interruption: Interruption,
    ) -> ResultT:
        """Run a query and return what it returns.

        Args:
            placement: Of its plan.
            cost: Of this request, with its variables.
            function: Executes it; may be cut short and run again, so it has no effects.
            args: What the function takes beside the snapshot.
            interruption: Whether it should stop.

        Raises:
            SyntheticError: As `Database.read`; and what the function raises.
        """
        result = self.read_in_place(placement, cost, function, *args, interruption=interruption)
        if not isinstance(result, Elsewhere):
            return result
        self._places.pool += 1
        result, computed, reading = await self._database.read(self._timed, function, args, interruption=interruption)
        placement.ran_in_pool(cost, computed, reading)
        return result

    def read_in_place(
        self,
        placement: Placement,
        cost: int,
        function: Callable[[Snapshot, *Ts], ResultT],
        *args: *Ts,
        interruption: Interruption,
    ) -> ResultT | Elsewhere:
        """Run a query in place, if it belongs there; for the arguments see `read`.

        Returns:
            `ELSEWHERE` where it belongs in the pool, or was cut short and has to begin again there.
        """
        started = self._clock.monotonic()
        if placement.is_in_place(cost, started) and started >= self._unlocked_at:
            try:
                return self._run_in_place(placement, cost, started, function, args, interruption)
            except OverBudget as over:
                self._restart(placement, over.cut)
        return ELSEWHERE

    def _run_in_place(
        self,
        placement: Placement,
        cost: int,
        started: float,
        function: Callable[[Snapshot, *Ts], ResultT],
        args: tuple[*Ts],
        interruption: Interruption,
    ) -> ResultT:
        computed, is_answered = self._processor_seconds(), False
        # Asking takes some microseconds, so that is done only after a late run.
        reads = self._disk_reads() if placement.is_suspect else None
        try:
            result = self._database.read_in_place(
                function,
                *args,
                interruption=interruption,
                steps_max=STEPS_MAX,
                bytes_max=BYTES_MAX,
                hold_seconds_max=CUT_SECONDS,
            )
            is_answered = True
        finally:
            ended = self._clock.monotonic()
            held = ended - started
            self._places.held(held)
            if held > (HELD_SECONDS_MAX if is_answered else CUT_SECONDS):
                waited_for_disk = reads is None or self._disk_reads() > reads
                placement.was_late(self._processor_seconds() - computed, ended, waited_for_disk=waited_for_disk)
            elif is_answered:
                placement.ran_in_place(cost, held)
        self._places.in_place += 1
        return result

    def _timed(
        self, snapshot: Snapshot, function: Callable[[Snapshot, *Ts], ResultT], args: tuple[*Ts]
    ) -> tuple[ResultT, float, float]:
        """Run a function in a thread of the pool, and tell what `Placement.ran_in_pool` asks."""
        started, computed, reads = self._clock.monotonic(), self._processor_seconds(), self._disk_reads()
        result = function(snapshot, *args)
        has_read = self._disk_reads() > reads
        return (
            result,
            self._processor_seconds() - computed,
            self._clock.monotonic() - started if has_read else 0.0,
        )

    def _restart(self, placement: Placement, cut: Cut) -> None:
        """Make a note of why a query begins again in the pool; that it was late is known already."""
        self._places.restarts[cut] += 1
        if cut == "over_budget":
            placement.overran(self._clock.monotonic())
        elif cut == "locked":
            self._unlocked_at = self._clock.monotonic() + LOCKED_SECONDS
