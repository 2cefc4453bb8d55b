"""1,000 finished jobs go within a second, each with a checkpoint and an attempt, and hold no other write up for long.

They go from among 20,000 that are kept. What is held against the second is a
whole run, commits included (`synchronous=FULL`); against the 50 ms, the
longest of its transactions, from its first statement to its last, which is how
long another write waits that comes right behind it, but for the commit.

Then many go at once, a million rows with `--full`, and what they leave is given
back, while another thread writes a row every few milliseconds: of its writes,
commits included, 99 of 100 take less than 50 ms.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

from synthetic import RetentionBatch, Store, Transaction, run_retention_batch
from synthetic.retention.runs import run_retention
from synthetic.storage.free_pages import FreePages

from .promises import Promise, in_time

RULE = "jobs.finished"
JOBS = 1_000
KEPT = 20_000
ROUNDS = 5
SECONDS_MAX = 1.0
HOLD_SECONDS_MAX = 0.05
BODY = "x" * 1_000
MANY_JOBS = 10_000
MILLION_JOBS = 334_000
"""Each goes with a checkpoint and an attempt: three rows."""

FILL_JOBS = 2_000
WRITE_EVERY_SECONDS = 0.005
IDLE_STEPS = 500


def fill(tx: Transaction, prefix: str, jobs: int, completed_at: int) -> None:
    """Store jobs that completed at an instant, each with a checkpoint and an attempt."""
    common: dict[str, Any] = {
        "user_id": "u", "project_id": "p", "kind": "k", "key": "key", "params": "{}", "priority": 5,
        "max_attempts": 3, "on_lapse": "REQUEUE", "metadata": "{}", "status": "COMPLETED", "progress": 100,
        "attempts": 1, "run_after": 0, "lease_token": 1, "version": 3, "result": f'"{BODY}"',
        "created_at": completed_at, "started_at": completed_at, "completed_at": completed_at,
        "updated_at": completed_at,
    }  # fmt: skip
    columns = ("id", *common)
    ids = [f"{prefix}{number:06d}" for number in range(jobs)]
    tx.execute_many(
        f"INSERT INTO sync_jobs ({', '.join(columns)}) VALUES ({', '.join(f':{column}' for column in columns)})",
        ({"id": id, **common} for id in ids),
    )
    tx.execute_many(
        "INSERT INTO job_checkpoints (job_id, phase, seq, data, created_at) VALUES (:id, 'scan', 1, :data, 0)",
        ({"id": id, "data": f'"{BODY}"'} for id in ids),
    )
    tx.execute_many(
        "INSERT INTO job_attempts (job_id, number, worker, started_at, ended_at, outcome)"
        " VALUES (:id, 1, 'w', 0, 0, 'COMPLETED')",
        ({"id": id} for id in ids),
    )


def time_run(store: Store) -> float:
    """Seconds of a whole run."""
    started = time.perf_counter()
    (outcome,) = run_retention(store, [RULE], lambda _batch: True).rules
    assert outcome.tables["sync_jobs"] == JOBS
    return time.perf_counter() - started


def time_longest_hold(store: Store) -> float:
    """Seconds of the longest transaction of a run, without its commit."""
    holds: list[float] = []

    def timed(tx: Transaction) -> RetentionBatch:
        started = time.perf_counter()
        batch = run_retention_batch(tx, RULE)
        tx.flush_events()
        holds.append(time.perf_counter() - started)
        return batch

    while store.write(timed).has_more:
        pass
    return max(holds)


def test_finished_jobs_go_in_time_and_in_small_transactions(
    durable_store: Store, promise: Callable[[Promise], None]
) -> None:
    now = durable_store.kernel.clock.now_ms()
    durable_store.write(fill, "kept", KEPT, now)
    runs: list[float] = []
    holds: list[float] = []
    for number in range(ROUNDS):
        for times, measure in ((runs, time_run), (holds, time_longest_hold)):
            durable_store.write(fill, f"{measure.__name__}{number}-", JOBS, 1)
            times.append(measure(durable_store))
    for name, found, most in (
        (f"retention of {JOBS:,} finished jobs", sorted(runs)[ROUNDS // 2], SECONDS_MAX),
        ("the longest of its transactions", max(holds), HOLD_SECONDS_MAX),
    ):
        promise(Promise(name, in_time(found), in_time(most), found / most, at_most=1.0))


@contextlib.contextmanager
def checkpointed(store: Store) -> Generator[None]:
    """The checkpointer runs beside, as it does in a server."""
    ended = threading.Event()

    def keep_short() -> None:
        while not ended.wait(store.kernel.settings.storage.checkpoint_ms / 1000):
            store.kernel.checkpointer.step(store)

    thread = threading.Thread(target=keep_short)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def percentile_99(times: list[float]) -> float:
    """What 99 of 100 stay below."""
    return sorted(times)[len(times) * 99 // 100]


def write_one(tx: Transaction, number: int) -> None:
    """A small write, as a module makes them that reports its state."""
    tx.execute(
        "INSERT INTO sync_state (module, kind, created_at, updated_at) VALUES (:module, 'OUTSIDE', :now, :now)"
        " ON CONFLICT (module) DO UPDATE SET updated_at = :now",
        {"module": "benchmark", "now": number},
    )


def time_writes_beside(store: Store, step: Callable[[], object]) -> list[float]:
    """Seconds of each of the writes that are made while a step is repeated, until it finds nothing to do."""
    times: list[float] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(WRITE_EVERY_SECONDS):
            started = time.perf_counter()
            store.write(write_one, len(times))
            times.append(time.perf_counter() - started)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while step():
            pass
    finally:
        ended.set()
        thread.join()
    return times


@pytest.mark.timeout(3_600)
def test_many_rows_go_without_holding_the_writer_up(
    durable_store: Store, promise: Callable[[Promise], None], is_full: bool
) -> None:
    jobs = MILLION_JOBS if is_full else MANY_JOBS
    for start in range(0, jobs, FILL_JOBS):
        durable_store.write(fill, f"{start:07d}-", min(FILL_JOBS, jobs - start), 1)
    kernel = durable_store.kernel
    giving = FreePages(kernel.database, kernel.settings, kernel.clock, kernel.storage_meter)

    def delete() -> bool:
        run_retention(durable_store, [RULE], lambda _batch: True)
        return False

    idle = iter(range(IDLE_STEPS))

    def wait() -> bool:
        time.sleep(WRITE_EVERY_SECONDS)
        return next(idle, None) is not None

    with checkpointed(durable_store):
        for name, step in (
            ("a write with nothing beside it, p99", wait),
            (f"a write while {3 * jobs:,} rows go, p99", delete),
            ("a write while their pages are given back, p99", lambda: giving.step(durable_store)),
        ):
            found = percentile_99(time_writes_beside(durable_store, step))
            promise(Promise(name, in_time(found), in_time(HOLD_SECONDS_MAX), found / HOLD_SECONDS_MAX, at_most=1.0))
    assert durable_store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM sync_jobs")) == 0
