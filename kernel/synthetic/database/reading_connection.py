"""What reads have in common, wherever they run: a connection that is read from again and again, and its snapshots.

A read is a few microseconds of SQL, so what surrounds it counts: one cursor is
kept for all statements, and the position of the log, which every answer
carries, is asked for only after a commit.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import apsw

from synthetic.database.failures import DRIVER_ERRORS
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import NO_PARAMETERS, Parameters, Row, Snapshot
from synthetic.database.surroundings import Surroundings
from synthetic.log.positions import Position, read_position


class ReadingConnection:
    """A read-only connection, and what is kept from one of its reads to the next.

    Attributes:
        connection: The driver's.
        execute: Runs a statement on the one cursor that is kept; it ends the statement before.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.execute = connection.cursor().execute
        self._version: int | None = None
        self._position: Position | None = None

    def begin(self) -> None:
        """Begin a read transaction; its instant is that of the first statement.

        Raises:
            apsw.Error: The store cannot be read.
        """
        self.execute("BEGIN")

    def end(self) -> bool:
        """End the read transaction.

        Returns:
            False when something that was begun in it still holds on to its
            instant, such as a half-read iterator that was kept. The connection
            must be closed then: it would show that instant to the next read.
        """
        if self.connection.in_transaction:
            self.execute("ROLLBACK")
        return self.connection.txn_state() == apsw.SQLITE_TXN_NONE

    def position(self, snapshot: Snapshot) -> Position:
        """The head of the log in a snapshot of this connection.

        SQLite counts the changes of the store that a connection has come to
        see. That number is up to date once a statement of the transaction has
        run, and costs a tenth of the statement that asks the log.
        """
        begun = self.connection.txn_state() != apsw.SQLITE_TXN_NONE
        if begun and self._position is not None and self.connection.data_version() == self._version:
            return self._position
        position = read_position(snapshot)
        self._version, self._position = self.connection.data_version(), position
        return position


ReaderT = TypeVar("ReaderT", bound=ReadingConnection)


class ReadingSnapshot(Snapshot, Generic[ReaderT]):
    """A snapshot on a connection that is read from again and again."""

    def __init__(self, reader: ReaderT, now: int, surroundings: Surroundings, interruption: Interruption) -> None:
        super().__init__(reader.connection, now, surroundings, interruption)
        self._reader = reader

    def rows(self, sql: str, params: Parameters = NO_PARAMETERS) -> list[Row]:
        """All rows of a query, as tuples; see `Snapshot.rows`."""
        connection = self._ready()
        try:
            return self._reader.execute(sql, params).fetchall()
        except DRIVER_ERRORS as error:
            raise self._explain(error, connection) from error

    def position(self) -> Position:
        """How far the log goes in this transaction; cheapest when something else was read before."""
        self._ready()
        return self._reader.position(self)
