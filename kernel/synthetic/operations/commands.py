"""`StoreOperation`: what an operator's command does to a store, and the record of it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, TypeVarTuple

from synthetic.operations.model import OperationKind
from synthetic.operations.recorder import Recording, Subject

if TYPE_CHECKING:
    from synthetic.database.database import Database
    from synthetic.database.transaction import Transaction
    from synthetic.origin import Origin

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


USER_LENGTH_MAX = 100
"""Of the name of a user, so much is recorded."""


@cache
def user_of_process() -> str:
    """Who runs this program, as the system knows them: their name, or `uid N` where there is none.

    What the environment says (`USER`, `LOGNAME`) does not count: anybody can set it.
    """
    id = os.getuid()
    try:
        return pwd.getpwuid(id).pw_name[:USER_LENGTH_MAX]
    except KeyError:
        return f"uid {id}"


class StoreOperation:
    """One operation, which a program or command does as a whole; `Store.operation` begins it.

    What takes one transaction is done with `write`, and recorded in it. What
    takes many is done in a `with` block, and recorded as BEGUN before it, and
    at its end. Either way it is recorded also when it fails.

    Attributes:
        details: Names, counts and flags for the record; may be added to while it is under way.
    """

    def __init__(
        self, database: Database, origin: Origin, name: str, subject: Subject, details: dict[str, Any]
    ) -> None:
        """Make it; see `Store.operation`."""
        details["user"] = user_of_process()
        self.details = details
        self._database = database
        self._origin = origin
        self._recording = Recording(database.recorder, name, OperationKind.COMMAND, subject, details)
        self._is_wanted = database.recorder.is_wanted

    def about(self, entity_type: str, entity_id: str) -> None:
        """Say what it is done to, where that is known only while it is under way."""
        self._recording.about(entity_type, entity_id)

    def write(self, function: Callable[[Transaction, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(tx, *args)` in a write transaction, and record it there; durable when it returns.

        Raises:
            Exception: What the function raises, or a plugin that keeps the record; nothing is changed then.
        """

        def run(tx: Transaction) -> ResultT:
            result = function(tx, *args)
            self.record_in(tx)
            return result

        try:
            return self._database.write_blocking(run, origin=self._origin)
        except BaseException as error:
            self._failed(error)
            raise

    def record_in(self, tx: Transaction) -> None:
        """Record that it is done by what the transaction has done so far; for who runs the transaction otherwise."""
        if self._is_wanted:
            self._recording.done_in(tx)

    def done(self) -> None:
        """Record that it was done, in a transaction of its own; that this fails is logged, and never raised."""
        if self._is_wanted:
            self._recording.done(self._database, self._origin, has_changes=True)

    def __enter__(self) -> Self:
        if self._is_wanted:
            self._recording.begin(self._database, self._origin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._failed(error)
        else:
            self.done()

    def _failed(self, error: BaseException) -> None:
        if self._is_wanted:
            self._recording.failed(self._database, self._origin, error)
