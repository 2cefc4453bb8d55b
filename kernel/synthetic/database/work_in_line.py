"""What waits in the writer's line: writes, and upkeep of the database file between two groups of them.

On another connection upkeep would have to fight for the write lock; here it
waits its turn, and holds the writes behind it up for as long as it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apsw

from synthetic.database.failures import translate
from synthetic.database.interruption import Interruption
from synthetic.database.tickets import Ticket
from synthetic.database.writing_connection import WritingConnection
from synthetic.errors import StorageFailedError
from synthetic.origin import Origin


@dataclass(slots=True)
class Write:
    """One write on its way: what to run, and whom to tell."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    interruption: Interruption
    ticket: Ticket
    enqueued: float
    origin: Origin


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Something that is done to the file itself.

    Attributes:
        work: What to do; it begins and ends outside a transaction, and is short.
        ticket: Whom to tell what it returned.
    """

    work: Callable[[WritingConnection], Any]
    ticket: Ticket

    def run(self, connection: WritingConnection, broken: BaseException | None) -> BaseException | None:
        """Do it, and answer; nothing is raised, since the thread that does it may be another writer's.

        Args:
            connection: The writer's.
            broken: Why that cannot be used any more, if it is so.

        Returns:
            Why the connection cannot be used any more, if it is so by now.
        """
        if broken is not None:
            self.ticket.settle(None, StorageFailedError("This server cannot write any more."))
            return broken
        result: Any = None
        failure: BaseException | None = None
        try:
            result = self.work(connection)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's answer
            failure = translate(error, connection.system_errno)
        try:
            connection.roll_back()
        except apsw.Error as error:
            broken = error
        self.ticket.settle(result, failure)
        return broken
