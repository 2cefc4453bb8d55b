"""A backup under 500 writes a second: how long writers wait, how long it takes, and how large it is.

The writers are this process, at a steady rate, each write durable before it is
answered (`synchronous=FULL`); the backup is `synthetic backup`, a process of
its own beside them, and then one that the server takes itself, as it does by
its schedule. What a write waits is measured from when it was due, so
that one that holds up those behind it counts with all of them. The store holds
1 GB, with `--full` 5 GB, of text as agents write it; SYNTHETIC_BACKUP_BYTES
sets another size, for machines that have no room or no time.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synthetic import Store, Transaction
from synthetic.backups.notes import BACKUP, find_request, save_request
from synthetic.log.sync.store import find_state
from synthetic.testing import FAST_SETTINGS, open_test_store, wait_until
from synthetic.testing_commands import run_command

from .conftest import DURABLE
from .promises import Promise, at_rate, in_bytes, in_time

WRITES_PER_SECOND = 500
WAIT_SECONDS_MAX = 0.05
NORMAL_BYTES = 1_000_000_000
FULL_BYTES = 5_000_000_000
ROW_BYTES = 4_000
WRITE_BYTES = 2_000
ROWS = 2_000
QUIET_SECONDS = 5.0
SERVER_SECONDS_MAX = 3_600.0
WORDS = [f"{first}{second}" for first in ("plan", "test", "read", "call", "diff", "note") for second in range(400)]


def wanted_bytes(*, is_full: bool) -> int:
    """How large the store is to be."""
    named = os.environ.get("SYNTHETIC_BACKUP_BYTES")
    return int(named) if named else FULL_BYTES if is_full else NORMAL_BYTES


def fill(store: Store, size_bytes: int) -> None:
    """Make the database so large."""
    chosen = random.Random(1)

    def insert(tx: Transaction) -> None:
        tx.execute_many(
            "INSERT INTO meta (key, value) VALUES (:key, :value)",
            ({"key": f"filler-{chosen.getrandbits(80):020x}", "value": text(chosen)} for _ in range(ROWS)),
        )

    while store.kernel.directory.database.stat().st_size < size_bytes:
        store.write(insert)


def text(chosen: random.Random) -> str:
    """Words as they come, about so many bytes of them."""
    return " ".join(chosen.choices(WORDS, k=ROW_BYTES // 8))


@contextmanager
def written_to(store: Store, waits: list[float]) -> Generator[None]:
    """Save constructs at a steady rate while the block runs, and note how long each took from when it was due."""
    stop = threading.Event()
    numbers = iter(range(10**9))
    lock = threading.Lock()
    began = time.perf_counter()

    def work() -> None:
        while not stop.is_set():
            with lock:
                number = next(numbers)
            due = began + number / WRITES_PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            store.write(save, f"{id(waits)}-{number}")
            waits.append(time.perf_counter() - due)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def save(tx: Transaction, key: str) -> None:
    """One write of the size of a message: the log grows as it does under agents."""
    tx.execute("INSERT INTO meta (key, value) VALUES (:key, :value)", {"key": key, "value": "x" * WRITE_BYTES})


def p99(waits: list[float]) -> float:
    """Of 100 waits, the second longest."""
    return statistics.quantiles(waits, n=100)[98]


def back_up(data_dir: Path) -> tuple[float, dict[str, Any]]:
    """Take a backup as an operator does; how many seconds that took, and what was taken."""
    began = time.perf_counter()
    done = run_command(["backup", "--data", str(data_dir), "--json"])
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - began, json.loads(done.stdout)


def back_up_by_itself(store: Store) -> float:
    """Let the background work take a backup, as it does by its schedule; how many seconds that took."""
    began = time.perf_counter()
    store.write(save_request, "asked")
    wait_until(lambda: store.read(find_request) is None, "the backup that was asked for", seconds=SERVER_SECONDS_MAX)
    state = store.read(find_state, BACKUP)
    assert state is not None
    assert state.error is None, state.error
    return time.perf_counter() - began


def test_a_backup_keeps_writers_waiting_for_no_longer_than_promised(
    tmp_path: Path, promise: Callable[[Promise], None], *, is_full: bool
) -> None:
    data_dir = tmp_path / "store"
    with open_test_store(data_dir, settings=FAST_SETTINGS) as store:
        fill(store, wanted_bytes(is_full=is_full))
    os.sync()  # what was filled goes to the disk now: else its way there is measured as a wait of writes
    with open_test_store(data_dir, settings=DURABLE) as store:
        runner = store.kernel.services()
        runner.start()
        try:
            quiet: list[float] = []
            with written_to(store, quiet):
                time.sleep(QUIET_SECONDS)
            waits: list[float] = []
            with written_to(store, waits):
                seconds, first = back_up(data_dir)
                again_seconds, again = back_up(data_dir)
            by_itself: list[float] = []
            with written_to(store, by_itself):
                own_seconds = back_up_by_itself(store)
        finally:
            runner.stop()
    size = first["bytes"]
    rate = len(waits) / (seconds + again_seconds)
    promise(
        Promise(
            f"p99 of {rate:.0f} writes/s over a backup of {in_bytes(size)}",
            in_time(p99(waits)),
            in_time(WAIT_SECONDS_MAX),
            p99(waits) / WAIT_SECONDS_MAX,
            at_most=1,
        )
    )
    promise(
        Promise(
            f"the same while the server takes one itself, in {in_time(own_seconds)}",
            in_time(p99(by_itself)),
            in_time(WAIT_SECONDS_MAX),
            p99(by_itself) / WAIT_SECONDS_MAX,
            at_most=1,
        )
    )
    promise(Promise("the same without one", in_time(p99(quiet)), in_time(p99(waits)), p99(quiet) / p99(waits)))
    promise(Promise("taken and proven", in_time(seconds), at_rate(size / 1e6, "MB")(seconds), 1))
    promise(Promise("the next one", in_time(again_seconds), in_time(seconds), again_seconds / seconds))
    promise(Promise("stored", in_bytes(first["addedBytes"]), in_bytes(size), first["addedBytes"] / size))
    promise(Promise("stored by the next", in_bytes(again["addedBytes"]), in_bytes(size), again["addedBytes"] / size))
