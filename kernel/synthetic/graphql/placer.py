"""Running queries where they belong: on the event loop within bounds, or in the pool; `placement` says which.

The numbers belong together. So many steps take some 1.5 ms of processor, and
seldom 3; the clock is looked at every thousand steps and every few rows, and
what remains to be done at `CUT_SECONDS` seldom takes a millisecond.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from synthetic.clock import Clock
from synthetic.database.database import Database
from synthetic.database.in_place_connection import Cut, OverBudget
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.graphql.disk_reads import count_disk_reads
from synthetic.graphql.placement import Placement
from synthetic.metrics import Metrics

STEPS_MAX = 50_000
"""Steps of SQLite's virtual machine that a query in place may take."""

BYTES_MAX = 262_144
"""Bytes that a query in place may decode or parse: a millisecond in Python, seldom two."""

CUT_SECONDS = 0.0035
"""What is still running after this time is cut short, at the next look at the clock; a millisecond sooner where SQLite
makes one text of many rows."""

HELD_SECONDS_MAX = 0.005
"""A query that held the event loop for longer has overrun, though it was answered."""

LOCKED_SECONDS = 0.25
"""After a lock was found, all queries go to the pool for so long: each attempt costs half a millisecond."""

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


class Elsewhere:
    """The type of `ELSEWHERE`."""


ELSEWHERE = Elsewhere()
"""In place of a result: a query has to run in the pool."""


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
                placement.was_late(
                    self._processor_seconds() - computed,
                    ended,
                    waited_for_disk=waited_for_disk,
                    was_cut=not is_answered and held <= HELD_SECONDS_MAX,
                )
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
