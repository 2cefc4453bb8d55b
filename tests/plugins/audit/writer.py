"""A process that writes to a store as it is told, line by line: `python writer.py DIRECTORY`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from synthetic import Operation, OperationKind, Transaction, run_retention_batch
from synthetic.testing import open_test_store
from synthetic_audit.store import insert_entry


class UndoneError(Exception):
    """Ends a transaction of which nothing is to be kept."""


def record(tx: Transaction, order: dict[str, Any]) -> None:
    """Record operations of these names at these instants."""
    for name, at in order["operations"]:
        operation = Operation(
            name=name, kind=OperationKind.MUTATION, actor=order["actor"], correlation_id="c", occurred_at=at
        )
        insert_entry(tx, operation)
    if not order["kept"]:
        raise UndoneError


def say(answer: object) -> None:
    """Answer in a line."""
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


def main() -> None:
    """Obey until there are no more orders."""
    with open_test_store(Path(sys.argv[1])) as store:
        say("ready")
        for line in sys.stdin:
            order = json.loads(line)
            if "operations" in order:
                try:
                    for _ in range(order.get("times", 1)):
                        store.write(record, order)
                    say("done")
                except UndoneError:
                    say("undone")
            else:
                rows, has_more = 0, True
                while has_more:
                    batch = store.write(run_retention_batch, "audit.old")
                    rows, has_more = rows + batch.rows, batch.has_more
                say(rows)


if __name__ == "__main__":
    main()
