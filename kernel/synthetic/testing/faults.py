"""Fault points: each statement that a store writes with can fail, one after the other.

SQLite's own tests let the first opportunity to fail do so, then the second, and
so on until a run meets none; what must hold is looked at after each. `each_fault`
does that with the statements of a store's writing connection, those that begin
and commit included. What fails goes the way that a real failure goes: through
the driver's exception, the kernel's roll-back and its answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from typing import Literal

import apsw

from synthetic.database.writing_connection import WritingConnection
from synthetic.errors import SyntheticError
from synthetic.store import Store

FaultKind = Literal["full", "io"]
"""The disk is full; or it fails."""

_ERRORS: dict[FaultKind, type[apsw.Error]] = {"full": apsw.FullError, "io": apsw.IOError}

RUNS_MAX = 10_000


class FaultPoint:
    """One statement that fails.

    Attributes:
        number: Which: the first is 1.
        sql: Its text, once it was reached; None before.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.sql: str | None = None
        self._seen = 0

    def take(self, sql: str) -> bool:
        """Whether the statement that is about to run is the one."""
        self._seen += 1
        if self.sql is not None or self._seen != self.number:
            return False
        self.sql = sql
        return True


@contextlib.contextmanager
def fault_at(store: Store, number: int, kind: FaultKind = "full") -> Generator[FaultPoint]:
    """Let one statement of the writing connection fail while the `with` lasts.

    Args:
        store: Open; nothing else writes to it meanwhile.
        number: Which statement, counted from 1.
        kind: How it fails.

    Yields:
        Whether, and where, it has struck.
    """
    point = FaultPoint(number)

    def trace(_cursor: object, sql: str, _bindings: object) -> bool:
        if point.take(sql):
            raise _ERRORS[kind](f"fault point {number}")
        return True

    def put(connection: WritingConnection) -> None:
        connection.raw.exec_trace = trace

    def remove(connection: WritingConnection) -> None:
        connection.raw.exec_trace = None

    database = store.kernel.database
    database.keep_up(put)
    try:
        yield point
    finally:
        database.keep_up(remove)


def each_fault(store: Store, work: Callable[[], object], kind: FaultKind = "full") -> Iterator[FaultPoint]:
    """Run some work again and again, with a fault at its first statement, at its second, until it meets none.

    Errors of the contract that it raises under a fault are what a caller would
    get, and are passed over. The last run is the one without a fault, and is
    not yielded.

    Args:
        store: Open; nothing else writes to it meanwhile.
        work: Writes to it; must be able to run again.
        kind: How statements fail.

    Yields:
        After each run that met its fault, where that was: look then whether all holds that must.

    Raises:
        AssertionError: It still meets a new statement after ten thousand runs.
    """
    for number in range(1, RUNS_MAX + 1):
        with fault_at(store, number, kind) as point, contextlib.suppress(SyntheticError):
            work()
        if point.sql is None:
            return
        yield point
    raise AssertionError(f"the work meets more than {RUNS_MAX} statements")
