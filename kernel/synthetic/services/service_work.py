"""A service of a plugin, as a piece of background work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar, TypeVarTuple

from synthetic.clock import Clock
from synthetic.contributions import Service, Stamped
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.metrics import Metrics
from synthetic.origin import Origin
from synthetic.services.lease import Hold
from synthetic.services.pace import Pace
from synthetic.services.workers import Stopping

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


class FencedStore:
    """The reads and writes of one piece of work; a write is refused once another process has the lease."""

    def __init__(self, database: Database, hold: Hold, interruption: Interruption, origin: Origin) -> None:
        self._database = database
        self._hold = hold
        self._interruption = interruption
        self._origin = origin

    def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(snapshot, *args)` in a read transaction."""
        return self._database.read_blocking(function, *args, interruption=self._interruption)

    def write(self, function: Callable[[Transaction, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(tx, *args)` in a write transaction; durable when it returns.

        Raises:
            LeaseLostError: Another process does the background work now.
        """
        return self._hold.write(self._origin, self._interruption, function, *args)


class ServiceWork:
    """Gives a service its turns.

    Attributes:
        name: As `plugin.name`.
    """

    def __init__(
        self, service: Stamped[Service], database: Database, hold: Hold, clock: Clock, metrics: Metrics, pace: Pace
    ) -> None:
        self.name = f"{service.plugin}.{service.record.name}"
        self._service = service.record
        self._database = database
        self._hold = hold
        self._clock = clock
        self._metrics = metrics
        self._pace = pace
        self._work = service.record.work
        self._kept = ExitStack()

    def turn(self, stopping: Stopping) -> float:
        """One step or piece of work; the next follows at once if it found something to do."""
        started = self._clock.monotonic()
        store = FencedStore(
            self._database, self._hold, stopping.interruption, Origin(f"service:{self.name}", is_upkeep=True)
        )
        if self._work is None and self._service.opens is not None:
            self._work = self._kept.enter_context(self._service.opens())
        step, work = self._service.step, self._work
        done = store.write(step) if step is not None else work(store) if work is not None else 0
        self._metrics.service_step(self.name, done, self._clock.monotonic() - started)
        return 0.0 if done else self._pace.pause_seconds(self._service.every_ms)

    def end(self) -> None:
        """Nothing is left to be written after a turn."""

    def close(self) -> None:
        """Let go of what it keeps open between two turns."""
        self._kept.close()

    def count_failures(self, in_a_row: int) -> None:
        """Note a turn that failed."""
        self._metrics.service_failing(self.name, in_a_row)
