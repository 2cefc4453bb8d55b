from __future__ import annotations

import asyncio
import dataclasses
import threading
from pathlib import Path

import apsw
import pytest

from synthetic import health
from synthetic.errors import (
    OverloadedError,
    StorageFailedError,
    StorageFullError,
    StorageReadOnlyError,
    StoreNewerError,
)
from synthetic.health import Readiness
from synthetic.store import Store

pytestmark = pytest.mark.anyio


async def test_a_store_that_answers_is_ready(store: Store):
    await Readiness(store.kernel).check()


async def test_a_store_that_another_process_writes_to_is_ready(store: Store, data_dir: Path):
    other = apsw.Connection(str(data_dir / "synthetic.db"))
    other.set_busy_timeout(10_000)
    try:
        other.execute("BEGIN IMMEDIATE")
        await Readiness(store.kernel).check()
    finally:
        other.close()


async def test_a_database_file_that_was_moved_away_or_replaced_is_noticed(store: Store, data_dir: Path):
    readiness = Readiness(store.kernel)
    database = data_dir / "synthetic.db"
    database.rename(data_dir / "elsewhere.db")
    with pytest.raises(StorageFailedError):
        await readiness.check()
    database.touch()
    with pytest.raises(StorageFailedError):
        await readiness.check()
    database.unlink()
    (data_dir / "elsewhere.db").rename(database)
    await readiness.check()


def move(path: Path, to: Path) -> None:
    path.rename(to)


async def test_a_data_directory_that_is_gone_is_noticed(store: Store, data_dir: Path):
    readiness = Readiness(store.kernel)
    away = data_dir.with_name("gone")
    move(data_dir, away)
    with pytest.raises(StorageFailedError):
        await readiness.check()
    move(away, data_dir)
    await readiness.check()


async def test_a_data_directory_that_cannot_be_written_is_not_ready(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(health.os, "access", lambda *_: False)  # whoever runs the tests may be allowed everything
    with pytest.raises(StorageReadOnlyError):
        await Readiness(store.kernel).check()


async def test_a_disk_that_is_nearly_full_is_not_ready(store: Store):
    database = dataclasses.replace(store.kernel.settings.database, free_disk_bytes=2**60)
    store.kernel.settings = dataclasses.replace(store.kernel.settings, database=database)
    with pytest.raises(StorageFullError):
        await Readiness(store.kernel).check()


async def test_a_store_that_newer_code_has_migrated_is_not_ready(store: Store):
    readiness = Readiness(store.kernel)
    store.write(
        lambda tx: tx.execute(
            "INSERT INTO schema_migrations (plugin, number, name, checksum, applied_at, applied_by)"
            " VALUES ('kernel', 9999, 'future', :checksum, 0, 'test')",
            {"checksum": "0" * 64},
        )
    )
    with pytest.raises(StoreNewerError):
        await readiness.check()


async def test_a_store_that_does_not_answer_in_time_is_not_ready(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(health, "READY_SECONDS", 0.05)
    let_go = threading.Event()
    held = [
        asyncio.create_task(store.kernel.database.read(lambda _: let_go.wait()))
        for _ in range(store.kernel.settings.database.readers)
    ]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await Readiness(store.kernel).check()
    let_go.set()
    await asyncio.gather(*held)
