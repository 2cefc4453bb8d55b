"""The reader pool: a bounded number of read-only connections, and threads that use them.

A read runs either in the calling thread, which borrows a connection (scripts,
the command line, the nested selections of a mutation), or in one of the pool's
threads (event loops must not wait for a disk). A progress handler asks every
few thousand steps of SQLite's virtual machine whether the read should stop.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from synthetic.clock import Clock
from synthetic.database.connections import open_reader
from synthetic.database.failures import translate
from synthetic.database.interruption import Interruption
from synthetic.database.preparation import ConnectionPreparation
from synthetic.database.reading_connection import ReadingConnection, ReadingSnapshot
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import Surroundings
from synthetic.database.tickets import Ticket, settle_all
from synthetic.database.turns import Turns
from synthetic.errors import OverloadedError
from synthetic.kernel_settings import DatabaseSettings
from synthetic.logs import logger_for
from synthetic.metrics import Metrics

STEPS_BETWEEN_CHECKS = 5_000
OVERLOAD_RETRY_MS = 250
CLOSE_PATIENCE_SECONDS = 5.0
"""How long closing waits for reads in threads of others; Ctrl-C in the main thread may leave one that never ends."""

log = logger_for(__name__)


@dataclass(slots=True)
class Read:
    """One read on its way: what to run, and whom to tell."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    interruption: Interruption
    ticket: Ticket


class Reader(ReadingConnection):
    """A read-only connection of the pool, that can be told to stop."""

    def __init__(self, path: Path, settings: DatabaseSettings, preparation: ConnectionPreparation) -> None:
        super().__init__(open_reader(path, settings))
        preparation.prepare(self.connection, "reader")
        self.interruption: Interruption | None = None
        self.turns: Turns | None = None
        self.connection.set_progress_handler(self._should_stop, STEPS_BETWEEN_CHECKS)

    def _should_stop(self) -> bool:
        if self.turns is not None:
            self.turns.offer()
        return self.interruption is not None and self.interruption.reason() is not None


class Over:
    """In the place of a connection: there are none any more."""


class ReaderPool:
    """Read-only connections and the threads that serve event loops."""

    def __init__(
        self, path: Path, settings: DatabaseSettings, clock: Clock, surroundings: Surroundings, metrics: Metrics
    ) -> None:
        self._path = path
        self._settings = settings
        self._clock = clock
        self._surroundings = surroundings
        self._metrics = metrics
        self._idle: queue.LifoQueue[Reader | Over | None] = queue.LifoQueue()
        for _ in range(settings.readers):
            self._idle.put(None)
        self._queue: queue.Queue[Read | None] = queue.Queue(settings.reader_queue)
        self._turns = Turns()
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"synthetic-reader-{number}", daemon=True)
            for number in range(settings.readers)
        ]

    def start(self) -> None:
        """Begin to take reads."""
        for thread in self._threads:
            thread.start()

    def submit(self, read: Read) -> None:
        """Put a read in line for the pool's threads.

        Raises:
            OverloadedError: The queue is full, or the store is being closed.
        """
        if self._closed.is_set():
            raise OverloadedError("The store is being closed.", retry_after_ms=OVERLOAD_RETRY_MS)
        try:
            self._queue.put_nowait(read)
        except queue.Full:
            self._metrics.overloads.labels("readers").inc()
            raise OverloadedError(retry_after_ms=OVERLOAD_RETRY_MS) from None

    @contextlib.contextmanager
    def snapshot(self, interruption: Interruption, turns: Turns | None = None) -> Generator[Snapshot]:
        """A read transaction in the calling thread, on a connection borrowed from the pool.

        Args:
            interruption: Whether what is read should stop.
            turns: What the thread has its turn of; None where it takes part in none.

        Raises:
            SyntheticError: The store cannot be read.
        """
        reader = self._idle.get()
        if isinstance(reader, Over):
            # There is one for all that come.
            self._idle.put(reader)
            raise OverloadedError("The store is being closed.", retry_after_ms=OVERLOAD_RETRY_MS)
        snapshot = None
        try:
            if reader is None:
                reader = Reader(self._path, self._settings, self._surroundings.resource(ConnectionPreparation))
            reader.interruption, reader.turns = interruption, turns
            reader.begin()
            snapshot = ReadingSnapshot(reader, self._clock.now_ms(), self._surroundings, interruption)
            yield snapshot
        except apsw.Error as error:
            raise translate(error, reader.connection.system_errno if reader else 0) from error
        finally:
            try:
                if snapshot is not None:
                    snapshot.close()
            finally:
                self._idle.put(_ended(reader))

    def run(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        interruption: Interruption,
        turns: Turns | None = None,
    ) -> Any:
        """Run a read in the calling thread and return what it returns; the arguments are as for `snapshot`."""
        interruption.check()
        started = self._clock.monotonic()
        try:
            with self.snapshot(interruption, turns) as snapshot:
                return function(snapshot, *args)
        finally:
            self._metrics.reads.inc()
            self._metrics.read_seconds.observe(self._clock.monotonic() - started)

    def close(self) -> None:
        """Let running reads end, then close the connections; what asks for one later is refused."""
        if self._closed.is_set():
            return
        self._closed.set()
        # They are counted before the first is told: any of them may take what is put for another, and end.
        running = [thread for thread in self._threads if thread.is_alive()]
        for _ in running:
            self._queue.put(None)
        for thread in running:
            thread.join()
        deadline = time.monotonic() + CLOSE_PATIENCE_SECONDS
        try:
            for _ in range(self._settings.readers):
                reader = self._idle.get(timeout=max(0.0, deadline - time.monotonic()))
                if isinstance(reader, Reader):
                    reader.connection.close()
        except queue.Empty:
            log.warning("a read has not given its connection back")
        finally:
            self._idle.put(Over())

    def _run(self) -> None:
        while (read := self._queue.get()) is not None:
            result, error = None, None
            self._turns.take()
            try:
                result = self.run(read.function, read.args, read.interruption, self._turns)
            except BaseException as raised:  # noqa: BLE001 - whatever it is, it is the caller's answer
                error = raised
            finally:
                self._turns.end()
            settle_all([(read.ticket, result, error)])
            # Nothing of a finished read may keep its objects alive while the thread waits.
            del read, result, error


def _ended(reader: Reader | None) -> Reader | None:
    """The connection after its read; None when it must be opened anew."""
    if reader is None:
        return None
    reader.interruption = reader.turns = None
    try:
        if reader.end():
            return reader
    except apsw.Error:
        log.warning("a connection could not end its read and is replaced", exc_info=True)
    reader.connection.close()
    return None
