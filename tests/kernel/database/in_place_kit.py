"""What the tests of reads in place share: rows, counted steps, and second processes that hold locks."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from synthetic.clock import SystemClock
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption

ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
COUNT_AT_ONCE = "SELECT count(*) FROM t"
COUNT = f"{COUNT_AT_ONCE} WHERE TRUE"
SCAN = "SELECT count(*) FROM t WHERE label LIKE '%7%'"
PLENTY = 10_000_000
"""Steps that no read of these tests takes, unless it never ends."""


def in_place(database: Database, function: Any, *args: Any, steps_max: int = PLENTY, **options: Any) -> Any:
    """A read in place that nobody interrupts."""
    return database.read_in_place(
        function, *args, interruption=Interruption(SystemClock()), steps_max=steps_max, **options
    )


def fill(tx: Any, rows: int) -> None:
    """So many rows of `t`, numbered from 1."""
    tx.execute(
        "INSERT INTO t (n, label) WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :rows)"
        " SELECT n, 'row ' || n FROM c",
        {"rows": rows},
    )


def steps_of(path: Path, sql: str) -> int:
    """How many steps SQLite's virtual machine takes for a statement, counted one by one."""
    connection, steps = apsw.Connection(str(path)), 0

    def step() -> bool:
        nonlocal steps
        steps += 1
        return False

    connection.set_progress_handler(step, 1)
    connection.execute(sql).fetchall()
    connection.close()
    return steps


def pins_no_snapshot(path: Path) -> bool:
    """Whether no connection keeps the log from being emptied by holding on to an instant in it."""
    connection = apsw.Connection(str(path))
    try:
        connection.execute("INSERT INTO t (label) VALUES ('written later')")
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return False
    finally:
        connection.close()
    return True


@contextlib.contextmanager
def second_process(path: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has run `code` (which sees `apsw` and `path`), and then stays as it is until the block ends."""
    script = f"import sys, apsw\npath = sys.argv[1]\n{code}\nprint('done', flush=True)\nsys.stdin.read()\n"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "done\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
