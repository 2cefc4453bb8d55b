"""The connection that reads in place are run on, and the budget of the present one.

What one step of SQLite's virtual machine may do has no bound: it copies a value
of any length, or counts a whole table. So this connection refuses long values,
and knows the statements that count so.
"""

from __future__ import annotations

import contextlib
import math
import weakref
from pathlib import Path
from typing import Literal

import apsw

from synthetic.clock import Clock
from synthetic.database.connections import STATEMENTS_CACHED, open_reader
from synthetic.database.interruption import Interruption
from synthetic.database.preparation import ConnectionPreparation
from synthetic.database.reading_connection import ReadingConnection
from synthetic.database.snapshot import Parameters
from synthetic.database.unwaiting_files import UnwaitingFiles
from synthetic.kernel_settings import DatabaseSettings

STEPS_BETWEEN_CHECKS = 1_000
"""SQLite's steps between two looks at budget, clock and interruption: some 30 microseconds."""

STEPS_BETWEEN_WRITTEN_ROWS = 200
"""The same in a statement that makes one text of many rows: some ten to thirty rows, which may all be long."""

LONG_ROWS_SECONDS = 0.001
"""So long these take then; such a statement is cut short so much sooner."""

VALUE_BYTES_MAX = 65_536
"""The longest text or blob that a read in place may touch: some 25 microseconds for SQLite and the driver."""

COUNT_TABLE = "Count"
"""The step of SQLite's virtual machine that counts all rows of a table."""

STATEMENTS_KNOWN_MAX = 4 * STATEMENTS_CACHED
"""Texts of statements that a connection remembers to have looked at."""

Cut = Literal["over_budget", "late", "locked", "in_use"]


class OverBudget(BaseException):
    """A read in place was cut short; nothing of it counts, and the pool may be asked for the same.

    No `Exception`, so that what handles the failures of single fields or rows
    does not take it for one.

    Attributes:
        cut: `over_budget` when its steps or bytes are used up, `late` when its time is,
            `locked` when it would have had to wait for a lock, `in_use` when
            the connection serves another read, or is closed.
    """

    def __init__(self, cut: Cut) -> None:
        self.cut: Cut = cut
        super().__init__(cut)


class Budget:
    """What the present read may still use.

    SQLite asks it every few steps, so that is one short function; and it knows nothing of its connection, which would
    hold on to itself by it, and never be collected.

    Attributes:
        cut: Why the read was cut short; None while it was not.
        hold_until: How long it may hold its thread; infinite if any time.
        monotonic: The clock that this is measured by.
        steps_between: SQLite's steps between two times that it is asked.
    """

    __slots__ = ("_bytes_left", "_interruption", "_steps_left", "cut", "hold_until", "monotonic", "steps_between")

    def __init__(self, clock: Clock) -> None:
        self.cut: Cut | None = None
        self.hold_until = math.inf
        self.monotonic = clock.monotonic
        self.steps_between = STEPS_BETWEEN_CHECKS
        self._steps_left = 0
        self._bytes_left: float = 0
        self._interruption: Interruption | None = None

    def grant(self, interruption: Interruption, steps_max: int, bytes_max: float, hold_until: float | None) -> None:
        """Begin the next read's; times are on the clock's monotonic scale."""
        self.cut = None
        # SQLite counts the steps of a statement on from its last run, so the first look may come early.
        self._steps_left = steps_max + STEPS_BETWEEN_CHECKS
        self._bytes_left = bytes_max
        self.hold_until = math.inf if hold_until is None else hold_until
        self._interruption = interruption

    def affords(self, size_bytes: int) -> bool:
        """Take so many bytes from it; False if it has not as many left."""
        self._bytes_left -= size_bytes
        return self._bytes_left >= 0

    def should_stop(self) -> bool:
        """Whether the read has to stop; called by SQLite after so many steps."""
        self._steps_left -= self.steps_between
        now = self.monotonic()
        if self._steps_left <= 0:
            self.cut = "over_budget"
        elif now >= self.hold_until:
            self.cut = "late"
        if self.cut is not None:
            return True
        # `Interruption.reason` would say no more, and this is asked every few microseconds.
        watch = self._interruption
        return watch is not None and (watch.cancelled or (watch.deadline is not None and now >= watch.deadline))

    def is_late(self) -> bool:
        """Whether the read has held its thread for as long as it may."""
        return self.monotonic() >= self.hold_until


class InPlaceConnection(ReadingConnection):
    """The connection of reads in place.

    Attributes:
        budget: Of the present one.
        closed: Whether it is of no more use.
    """

    def __init__(
        self, path: Path, settings: DatabaseSettings, clock: Clock, preparation: ConnectionPreparation
    ) -> None:
        # Kept, because the layer of files goes when nobody holds on to it.
        self._files = UnwaitingFiles()
        connection = open_reader(path, settings, self._files.name)
        connection.set_busy_timeout(0)
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)
        preparation.prepare(connection, "in_place")
        super().__init__(connection)
        self.budget = Budget(clock)
        self.closed = False
        self._stepwise: set[str] = set()
        connection.set_progress_handler(self.budget.should_stop, STEPS_BETWEEN_CHECKS)
        # Also for a connection that nobody gave back, and at the exit of a program that closes nothing.
        self._finalizer = weakref.finalize(self, _close, connection)

    def is_stepwise(self, sql: str, params: Parameters) -> bool:
        """Whether the steps of a statement grow with the rows that it goes through.

        Raises:
            apsw.Error: It cannot be prepared.
        """
        if sql in self._stepwise or sql.startswith("EXPLAIN"):
            return True
        if "count" in sql.lower() and any(step[1] == COUNT_TABLE for step in self.execute(f"EXPLAIN {sql}", params)):
            return False
        if len(self._stepwise) >= STATEMENTS_KNOWN_MAX:
            self._stepwise.clear()
        self._stepwise.add(sql)
        return True

    def look_often(self) -> None:
        """Have SQLite ask the budget for a statement that makes one text of many rows."""
        # Whatever strikes in between, `make_ready` knows of it by the number.
        self.budget.steps_between = STEPS_BETWEEN_WRITTEN_ROWS
        self.connection.set_progress_handler(self.budget.should_stop, STEPS_BETWEEN_WRITTEN_ROWS)
        self.budget.hold_until -= LONG_ROWS_SECONDS

    def look_as_ever(self) -> None:
        """After `look_often`, have it ask as it does in other statements."""
        self.connection.set_progress_handler(self.budget.should_stop, STEPS_BETWEEN_CHECKS)
        self.budget.steps_between = STEPS_BETWEEN_CHECKS
        self.budget.hold_until += LONG_ROWS_SECONDS

    def make_ready(self) -> None:
        """Before a read: an interrupt from the keyboard may have struck where the last one was put in order."""
        if self.budget.steps_between != STEPS_BETWEEN_CHECKS:
            self.look_as_ever()

    def close(self) -> None:
        """Close the connection, and whatever is still open on it."""
        self.closed = True
        self._finalizer()


def _close(connection: apsw.Connection) -> None:
    # The last connection on a store empties the log, which one that only reads may not; nothing is lost by that.
    with contextlib.suppress(apsw.IOError):
        connection.close()
