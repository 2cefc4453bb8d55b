"""Reads in place: on an event loop's own thread, on a connection that waits for nothing.

A change of threads costs more than a short read. A read in place may hold the
loop up instead, so it is bounded: by the steps of SQLite's virtual machine, by
the bytes that Python decodes, by the time it has taken, and by never waiting for
a lock. What is not done within these bounds is cut short with `OverBudget`, and
whoever asked runs the same function again in the pool.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import apsw

from synthetic.clock import Clock
from synthetic.database.failures import DRIVER_ERRORS, translate
from synthetic.database.in_place_connection import (
    Cut,
    InPlaceConnection,
    OverBudget,
)
from synthetic.database.interruption import Interruption
from synthetic.database.preparation import ConnectionPreparation
from synthetic.database.reading_connection import ReadingSnapshot
from synthetic.database.snapshot import NO_PARAMETERS, Parameters, Row
from synthetic.database.surroundings import Surroundings
from synthetic.kernel_settings import DatabaseSettings
from synthetic.logs import logger_for

ROWS_BETWEEN_CHECKS = 8
"""Rows between two looks at the clock.

The driver lets go of Python's lock for each row. While another thread computes,
each row may have to wait for that lock, and few rows make no thousand steps.
"""

NEARLY_LATE_SECONDS = 0.0015
"""When so little time is left, the clock is looked at after each row: eight of long texts may take a millisecond."""

LOCKED = (apsw.BusyError, apsw.LockedError, apsw.ProtocolError)
"""What SQLite raises for a lock that somebody else holds; the last, when it has tried often enough."""

CLOSE_PATIENCE_SECONDS = 5.0

log = logger_for(__name__)


class InPlaceSnapshot(ReadingSnapshot[InPlaceConnection]):
    """A snapshot that ends with `OverBudget` where another would wait or go on."""

    counts_by_rows = True

    def rows(self, sql: str, params: Parameters = NO_PARAMETERS) -> list[Row]:
        """All rows of a query, as tuples; see `Snapshot.rows`."""
        connection = self._ready()
        try:
            reader = self._reader
            if not reader.is_stepwise(sql, params):
                raise self._cut("over_budget")
            cursor = reader.execute(sql, params)
            # Asked for every few rows, so the clock is read here and not some calls further down.
            hold_until, monotonic = reader.budget.hold_until, reader.budget.monotonic
            rows, wanted = list(islice(cursor, ROWS_BETWEEN_CHECKS)), ROWS_BETWEEN_CHECKS
            while len(rows) == wanted:
                left = hold_until - monotonic()
                if left <= 0:
                    raise self._cut("late")
                more = ROWS_BETWEEN_CHECKS if left >= NEARLY_LATE_SECONDS else 1
                wanted += more
                rows += islice(cursor, more)
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error
        return rows

    def iterate(self, sql: str, params: Parameters = NO_PARAMETERS) -> Iterator[Row]:
        """Rows one by one; see `Snapshot.iterate`."""
        connection = self._ready()
        try:
            if not self._reader.is_stepwise(sql, params):
                raise self._cut("over_budget")
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error
        for number, row in enumerate(super().iterate(sql, params), 1):
            yield row
            if number % ROWS_BETWEEN_CHECKS == 0:
                self._ready()
                self._check_time()

    def rows_of_json(self, sql: str, params: Parameters = NO_PARAMETERS) -> list[Row] | None:
        """The rows of a query that makes JSON; see `Snapshot.rows_of_json`."""
        connection, reader = self._ready(), self._reader
        try:
            if not reader.is_stepwise(sql, params):
                raise self._cut("over_budget")
            # The driver is not asked for each row of a page here, so SQLite itself has to look after a few.
            try:
                reader.look_often()
                rows = self._afforded(reader.execute(sql, params))
            finally:
                reader.look_as_ever()
        except apsw.TooBigError:
            return None
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error
        self._check_time()
        return rows

    def _afforded(self, read: Iterable[Row]) -> list[Row]:
        """Rows whose last column is a text, as long as there are bytes for it."""
        affords, rows = self._reader.budget.affords, list[Row]()
        for row in read:
            rows.append(row)
            if not affords(len(row[-1] or "")):
                raise self._cut("over_budget")
        return rows

    def spend(self, size_bytes: int) -> None:
        """Take the work on so many bytes from the budget; see `Snapshot.spend`."""
        super().spend(size_bytes)
        if not self._reader.budget.affords(size_bytes):
            raise self._cut("over_budget")
        self._check_time()

    def _check_time(self) -> None:
        if self._reader.budget.is_late():
            raise self._cut("late")

    def _explain(self, error: Exception, connection: apsw.Connection) -> BaseException:
        cut = self._reader.budget.cut
        if isinstance(error, LOCKED):
            cut = "locked"
        elif isinstance(error, apsw.TooBigError):
            # Too long for this connection; the pool's have another bound.
            cut = "over_budget"
        return super()._explain(error, connection) if cut is None else self._cut(cut)

    def _cut(self, cut: Cut) -> OverBudget:
        """End the use of this snapshot: what still asks it gets the same answer."""
        self._reader.budget.cut = cut
        self._connection = None
        self._lost = over = OverBudget(cut)
        return over


class InPlaceReads:
    """Runs reads in the calling thread, one at a time, on a connection of its own.

    The connection is taken out while a read uses it and is put back when the
    read has ended well. There is no lock that an interrupt from the keyboard
    could leave locked: a connection that was not put back is replaced once
    nobody holds it any more.
    """

    def __init__(self, path: Path, settings: DatabaseSettings, clock: Clock, surroundings: Surroundings) -> None:
        self._path = path
        self._settings = settings
        self._clock = clock
        self._surroundings = surroundings
        self._idle: list[InPlaceConnection] = []
        self._newest: weakref.ref[InPlaceConnection] | None = None
        self._closed = False
        self._ended = threading.Event()

    def run(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        interruption: Interruption,
        steps_max: int,
        bytes_max: float,
        hold_seconds_max: float | None,
    ) -> Any:
        """Run a read and return what it returns; see `Database.read_in_place`."""
        interruption.check()
        reader = self._take()
        snapshot = None
        try:
            reader.make_ready()
            hold_until = None if hold_seconds_max is None else self._clock.monotonic() + hold_seconds_max
            reader.budget.grant(interruption, steps_max, bytes_max, hold_until)
            reader.begin()
            snapshot = InPlaceSnapshot(reader, self._clock.now_ms(), self._surroundings, interruption)
            result = function(snapshot, *args)
        except LOCKED:
            raise OverBudget("locked") from None
        except Exception as error:
            if reader.budget.cut is not None:
                raise OverBudget(reader.budget.cut) from error
            if isinstance(error, apsw.Error):
                raise translate(error, reader.connection.system_errno) from error
            raise
        else:
            # Also when the function has made something of the part that it got.
            if reader.budget.cut is not None:
                raise OverBudget(reader.budget.cut)
            return result
        finally:
            try:
                if snapshot is not None:
                    snapshot.close()
            finally:
                self._give_back(reader)

    def close(self) -> None:
        """Close the connection, after the read that uses it."""
        self._closed = True
        if self._idle:
            self._idle.pop().close()
        elif self._is_used() and not self._ended.wait(CLOSE_PATIENCE_SECONDS):
            log.warning("a read in place has not ended")

    def _is_used(self) -> bool:
        reader = None if self._newest is None else self._newest()
        return reader is not None and not reader.closed

    def _take(self) -> InPlaceConnection:
        try:
            return self._idle.pop()
        except IndexError:
            if self._closed or self._is_used():
                raise OverBudget("in_use") from None
        try:
            reader = InPlaceConnection(
                self._path, self._settings, self._clock, self._surroundings.resource(ConnectionPreparation)
            )
        except LOCKED:
            raise OverBudget("locked") from None
        except apsw.Error as error:
            raise translate(error) from error
        self._newest = weakref.ref(reader)
        return reader

    def _give_back(self, reader: InPlaceConnection) -> None:
        try:
            is_whole = reader.end()
        except apsw.Error:
            # Whatever keeps the transaction from being ended, the next read gets another connection.
            is_whole = False
        if not is_whole or self._closed or self._idle:
            reader.close()
            self._ended.set()
            return
        self._idle.append(reader)
        if self._closed:
            # It was closed after it was asked above, and has found the connection in use.
            self.close()
            self._ended.set()
