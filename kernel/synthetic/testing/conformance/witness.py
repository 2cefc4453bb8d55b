"""Who writes what: SQLite's authorizer, asked while each statement is prepared, and the code that runs it.

A plugin's functions run in the same transactions as the kernel's and as those
of other plugins, which write to their own tables rightly. So what counts is
which code has handed the statement to the transaction: the innermost frame
that is not the transaction itself.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Generator
from types import FrameType
from typing import TypeAlias

import apsw

from synthetic.database import transaction
from synthetic.database.confinement import SCHEMA_TABLES, WRITES, Territory
from synthetic.database.writing_connection import WritingConnection
from synthetic.store import Store

Authorizer: TypeAlias = Callable[..., int]
OWN_MODULES = (__name__, transaction.__name__)


class WriteWitness:
    """Notes what the code of one package writes outside of its plugin's tables.

    Attributes:
        trespasses: What it did, as sentences, each once.
    """

    def __init__(self, package: str) -> None:
        """Make it.

        Args:
            package: Import name of the package whose code is watched.
        """
        self._package = package
        self.trespasses: dict[str, None] = {}

    @contextlib.contextmanager
    def watching(self, store: Store, territory: Territory) -> Generator[None]:
        """Watch the writes of a store for the length of a `with`.

        Args:
            store: Open; its writes are watched, nothing else.
            territory: What the plugin may write to.
        """
        before: list[Authorizer | None] = []

        def authorize(operation: int, first: str | None, second: str | None, *where: str | None) -> int:
            if operation in WRITES and first is not None and first not in SCHEMA_TABLES and not territory.owns(first):
                self._note(WRITES[operation], first)
            previous = before[0]
            return apsw.SQLITE_OK if previous is None else previous(operation, first, second, *where)

        def put(connection: WritingConnection) -> None:
            before.append(connection.raw.authorizer)
            connection.raw.authorizer = authorize

        def remove(connection: WritingConnection) -> None:
            connection.raw.authorizer = before.pop()

        database = store.kernel.database
        database.keep_up(put)
        try:
            yield
        finally:
            database.keep_up(remove)

    def _note(self, verb: str, table: str) -> None:
        frame = _issuer(inspect.currentframe())
        if frame is None:
            return
        module: str = frame.f_globals.get("__name__", "")
        if f"{module}.".startswith(f"{self._package}."):
            where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            self.trespasses[f"{module} {verb} the table {table}, which is not the plugin's ({where})."] = None


def _issuer(frame: FrameType | None) -> FrameType | None:
    """The innermost frame that is not of the transaction: whoever handed the statement to it.

    None where that is the transaction itself, which writes the events that it was given.
    """
    while frame is not None and frame.f_globals.get("__name__") in OWN_MODULES:
        if frame.f_code is transaction.Transaction.flush_events.__code__:
            return None
        frame = frame.f_back
    return frame
