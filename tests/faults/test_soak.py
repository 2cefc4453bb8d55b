"""Constant writes, retention and readers, for as long as is asked: the file and its log stay as small as they were.

`SYNTHETIC_SOAK_SECONDS` says how long; an hour is what a release is tested with.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import pytest

from synthetic import Store, Transaction
from synthetic.storage.files import file_bytes
from synthetic.testing import open_test_store, running_server

from .kit import check_sound

SECONDS = float(os.environ.get("SYNTHETIC_SOAK_SECONDS", "300"))
STEADY_SHARE = 0.5
"""What the file has grown to by then is its steady size; what is kept is kept for less."""

FILE_GROWTH_MAX = 1.3
WAL_BYTES_MAX = 67_108_864
KEEP_MS = 20_000
JOBS = 20
SETTINGS = {
    "kernel.retention.every_ms": "1000",
    "kernel.events.keep_ms": "60000",
    "kernel.events.segment_events": "1000",
    "kernel.storage.measure_ms": "1000",
    "kernel.storage.free_page_bytes": "1048576",
    "plugins.jobs.keep_finished_ms": str(KEEP_MS),
}


def finish_jobs(tx: Transaction, prefix: str) -> None:
    """Store jobs that have just ended, each with a checkpoint."""
    common: dict[str, Any] = {
        "user_id": "u", "project_id": "p", "kind": "k", "key": "key", "params": "{}", "priority": 5,
        "max_attempts": 3, "on_lapse": "REQUEUE", "metadata": "{}", "status": "COMPLETED", "progress": 100,
        "attempts": 1, "run_after": 0, "lease_token": 1, "version": 3, "result": f'"{"x" * 2_000}"',
        "created_at": tx.now, "started_at": tx.now, "completed_at": tx.now, "updated_at": tx.now,
    }  # fmt: skip
    columns = ("id", *common)
    ids = [f"{prefix}-{number}" for number in range(JOBS)]
    tx.execute_many(
        f"INSERT INTO sync_jobs ({', '.join(columns)}) VALUES ({', '.join(f':{column}' for column in columns)})",
        ({"id": id, **common} for id in ids),
    )
    tx.execute_many(
        "INSERT INTO job_checkpoints (job_id, phase, seq, data, created_at) VALUES (:id, 'scan', 1, '{}', 0)",
        ({"id": id} for id in ids),
    )


class Load:
    """Threads that write and read until they are told to end; what one of them raises is kept."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.errors: list[BaseException] = []
        self.writes = 0
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._until_ended, args=(work,)) for work in (self._write, self._read, self._read)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _until_ended(self, work: Callable[[], None]) -> None:
        while not self._ended.is_set():
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - told by the test
                self.errors.append(error)
                return

    def _write(self) -> None:
        self.store.write(finish_jobs, f"job{self.writes}")
        self.writes += 1
        self._ended.wait(0.02)

    def _read(self) -> None:
        self.store.read(lambda snapshot: snapshot.rows("SELECT * FROM sync_jobs ORDER BY id LIMIT 2000"))


@pytest.mark.full
@pytest.mark.timeout(SECONDS + 300)
def test_under_constant_writes_retention_and_readers_the_file_and_its_log_stay_small(data_dir):
    arguments = [f"--set={name}={value}" for name, value in SETTINGS.items()]
    database, log = data_dir / "synthetic.db", data_dir / "synthetic.db-wal"
    with open_test_store(data_dir) as store, running_server(data_dir, *arguments), Load(store) as load:
        began = time.monotonic()
        steady = largest = largest_log = 0
        while (passed := time.monotonic() - began) < SECONDS and not load.errors:
            largest_log = max(largest_log, file_bytes(log))
            largest = max(largest, file_bytes(database))
            if passed < SECONDS * STEADY_SHARE:
                steady = largest
            time.sleep(0.1)
        kept = store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM sync_jobs"))
    assert load.errors == []
    assert load.writes * JOBS > kept * 2, "retention has kept up"
    assert largest <= steady * FILE_GROWTH_MAX
    assert largest_log <= WAL_BYTES_MAX
    check_sound(data_dir).close()
