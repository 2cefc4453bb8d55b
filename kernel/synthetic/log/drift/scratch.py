"""A place beside the store in which a fold is made once more, and that is gone when it was looked at.

It is a database of its own in a temporary file that SQLite makes and removes:
nothing of the store is written, so a fold can be compared on a connection that
only reads, and whatever becomes of the process leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from synthetic.clock import SystemClock
from synthetic.database.connections import open_scratch
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import Surroundings
from synthetic.database.transaction import Transaction
from synthetic.log.consumers.fold_state import FoldTable
from synthetic.log.consumers.shadows import definition_of
from synthetic.origin import Origin


def read_definitions(snapshot: Snapshot, tables: Sequence[FoldTable]) -> dict[str, str]:
    """How the tables of a fold are made: from the name of each to what follows it in SQL."""
    return {table.name: definition_of(snapshot, table.name).body for table in tables}


@contextmanager
def scratch_tables(definitions: dict[str, str]) -> Generator[Transaction]:
    """Empty tables of these definitions, in a transaction that is never committed.

    Args:
        definitions: As `read_definitions` gives them.
    """
    connection, clock = open_scratch(), SystemClock()
    try:
        for name, body in definitions.items():
            connection.execute(f'CREATE TABLE "{name}" {body}')
        connection.execute("BEGIN")
        tx = Transaction(connection, clock.now_ms(), Surroundings(_no_settings), Interruption(clock), Origin("drift"))
        yield tx
        tx.close()
    finally:
        connection.close()


def _no_settings(settings_class: type[Any], /) -> Any:
    raise LookupError(f"a fold is made without settings: its inputs bring what it needs of {settings_class.__name__}")
