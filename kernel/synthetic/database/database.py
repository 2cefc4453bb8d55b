"""`Database`: reading and writing a store, from event loops and from threads."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import apsw

from synthetic.clock import Clock
from synthetic.database.coalescing import CoalescedWrites
from synthetic.database.in_place import InPlaceReads
from synthetic.database.interruption import Interruption
from synthetic.database.readers import Read, ReaderPool
from synthetic.database.refusing_writer import RefusingWriter
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import Surroundings
from synthetic.database.tickets import BlockingTicket, LoopTicket, Ticket
from synthetic.database.transaction import Transaction
from synthetic.database.work_in_line import Upkeep, Write
from synthetic.database.writer import Writer
from synthetic.database.writing_connection import WritingConnection
from synthetic.kernel_settings import DatabaseSettings
from synthetic.log.watch import LogWatch
from synthetic.metrics import Metrics
from synthetic.operations.recorder import OperationRecorder
from synthetic.origin import PROGRAM, Origin

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


class Database:
    """The one way to a store's data.

    What is handed to `read` and `write` is a plain function that takes a
    `Snapshot` or a `Transaction` first. A write may be run more than once, and
    has no effect outside its transaction; when the call returns, it is durable.

    Every call may raise, beside what its function raises: `OverloadedError`,
    `DatabaseBusyError`, `StorageFullError`, `StorageFailedError`,
    `StoreDamagedError`, `DeadlineExceededError`, `CancelledError`.

    Attributes:
        watch: Tells how far the log has come.
        recorder: Told of what people and programs do.
    """

    def __init__(
        self,
        path: Path,
        connection: apsw.Connection | None,
        settings: DatabaseSettings,
        clock: Clock,
        surroundings: Surroundings,
        metrics: Metrics,
        guard: Callable[[apsw.Connection], None],
    ) -> None:
        """Take over the writing connection and start the threads; arguments as for `Writer`.

        Without a connection the store is only read: each write is answered with STORE_READ_ONLY.
        """
        self._clock = clock
        self.watch = LogWatch(path, settings)
        self.recorder = surroundings.resource(OperationRecorder)
        self._writer = (
            RefusingWriter()
            if connection is None
            else Writer(connection, settings, clock, surroundings, metrics, guard, self.watch.announce)
        )
        self._readers = ReaderPool(path, settings, clock, surroundings, metrics)
        self._in_place = InPlaceReads(path, settings, clock, surroundings)
        self.coalesced = CoalescedWrites(self._write_values, settings, clock, metrics.registry)
        self._writer.start()
        self._readers.start()

    async def read(
        self,
        function: Callable[[Snapshot, *Ts], ResultT],
        *args: *Ts,
        interruption: Interruption | None = None,
    ) -> ResultT:
        """Run a read in the pool; cancelling the await interrupts its SQL."""
        watch = interruption or Interruption(self._clock)
        ticket = LoopTicket(asyncio.get_running_loop())
        self._readers.submit(Read(function, args, watch, ticket))
        return await _settled(ticket, watch)

    async def write(
        self,
        function: Callable[[Transaction, *Ts], ResultT],
        *args: *Ts,
        interruption: Interruption | None = None,
        origin: Origin | None = None,
    ) -> ResultT:
        """Run a write; cancelling the await drops it if it has not ended yet."""
        watch = interruption or Interruption(self._clock)
        ticket = LoopTicket(asyncio.get_running_loop())
        self._writer.submit(self._write(function, args, watch, ticket, origin))
        return await _settled(ticket, watch)

    def read_blocking(
        self,
        function: Callable[[Snapshot, *Ts], ResultT],
        *args: *Ts,
        interruption: Interruption | None = None,
    ) -> ResultT:
        """Run a read in the calling thread."""
        return self._readers.run(function, args, interruption or Interruption(self._clock))

    def read_in_place(
        self,
        function: Callable[[Snapshot, *Ts], ResultT],
        *args: *Ts,
        interruption: Interruption,
        steps_max: int,
        bytes_max: float = math.inf,
        hold_seconds_max: float | None = None,
    ) -> ResultT:
        """Run a short read in the calling thread, which may be an event loop's: it never waits.

        Args:
            function: May be cut short at any of its statements, so it has no effects.
            args: What it takes beside the snapshot.
            interruption: Whether the read should stop for another reason.
            steps_max: How many steps of SQLite's virtual machine its
                statements may take in all, to about a thousand.
            bytes_max: How many bytes it may `spend` on what it decodes.
            hold_seconds_max: How long it may take, looked at between steps and between rows; None: any time.

        Raises:
            OverBudget: It took too much, would have had to wait for a lock,
                or another read runs in place; or it met what SQLite does in a
                single step: a value of more than 64 KiB, the count of a whole
                table. Ask the pool.
        """
        return self._in_place.run(function, args, interruption, steps_max, bytes_max, hold_seconds_max)

    def write_blocking(
        self,
        function: Callable[[Transaction, *Ts], ResultT],
        *args: *Ts,
        interruption: Interruption | None = None,
        origin: Origin | None = None,
    ) -> ResultT:
        """Run a write and wait for it; must not be called from within a write."""
        ticket = BlockingTicket()
        watch = interruption or Interruption(self._clock)
        self._writer.run(self._write(function, args, watch, ticket, origin))
        return ticket.wait()

    def keep_up(self, work: Callable[[WritingConnection], ResultT]) -> ResultT:
        """Do something short to the file itself, between two groups of writes, and wait for it.

        Raises:
            SyntheticError: As SQLite found the store, or the store is being closed.
        """
        ticket = BlockingTicket()
        self._writer.submit(Upkeep(work, ticket))
        return ticket.wait()

    def _write_values(
        self,
        function: Callable[[Transaction, Mapping[str, Any]], object],
        values: Mapping[str, Any],
        interruption: Interruption,
    ) -> object:
        return self.write_blocking(function, values, interruption=interruption)

    def _write(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        interruption: Interruption,
        ticket: Ticket,
        origin: Origin | None,
    ) -> Write:
        return Write(function, args, interruption, ticket, self._clock.monotonic(), origin or Origin(PROGRAM))

    @contextlib.contextmanager
    def snapshot(self, interruption: Interruption) -> Generator[Snapshot]:
        """A read transaction that the calling thread keeps open for several steps."""
        with self._readers.snapshot(interruption) as snapshot:
            yield snapshot

    def hurry(self, seconds: float) -> None:
        """The store is about to be closed: all writes together wait so long for a lock that another process holds."""
        self._writer.hurry(seconds)

    def close(self) -> None:
        """Finish the writes in line, those that wait and the reads that run, then close every connection."""
        self.watch.close()
        self.coalesced.close()
        self._writer.stop()
        self._in_place.close()
        self._readers.close()
        self._writer.close()


async def _settled(ticket: LoopTicket, interruption: Interruption) -> Any:
    try:
        return await ticket.future
    except asyncio.CancelledError:
        interruption.cancel()
        raise
