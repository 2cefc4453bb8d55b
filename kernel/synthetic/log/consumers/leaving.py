"""Rows of folds that are each about one event, and that go once this event has left the log."""

from __future__ import annotations

from synthetic.database.transaction import Transaction
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.positions import read_ends

DELETE_ROWS = 1_000
"""So many rows of a table are deleted in one transaction."""


def delete_left(tx: Transaction) -> int:
    """Delete some rows whose events have left the log for the archive.

    Returns:
        How many; 0: there are none left.
    """
    horizon = read_ends(tx).horizon
    if horizon == 0:
        return 0
    gone = 0
    for fold in tx.resource(LoadedFolds).folds.values():
        for table in fold.tables:
            if table.position is None:
                continue
            keys = ", ".join(table.key)
            gone += tx.execute(
                f'DELETE FROM "{table.name}" WHERE ({keys}) IN'
                f' (SELECT {keys} FROM "{table.name}" WHERE {table.position} <= :horizon LIMIT :rows)',
                {"horizon": horizon, "rows": DELETE_ROWS},
            )
    return gone
