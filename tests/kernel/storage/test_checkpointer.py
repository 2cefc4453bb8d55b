"""The checkpointer: the log is copied and cut off, writes go on meanwhile, and readers that pin it are told of."""

from __future__ import annotations

import threading
from itertools import pairwise

import apsw
import pytest

from synthetic.database.writing_connection import WritingConnection
from synthetic.storage import checkpointer
from synthetic.testing import ManualClock, open_test_store, running_server, wait_until

from .kit import SMALL_LOG, database_bytes, fill, metric, wal_bytes

ROWS = "SELECT count(*) FROM meta WHERE key GLOB 'x*'"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(data_dir, clock):
    with open_test_store(data_dir, settings=SMALL_LOG, clock=clock) as store:
        yield store


def test_a_log_that_has_grown_is_copied_and_cut_off(store):
    fill(store, 300)
    assert wal_bytes(store) > 262_144
    store.kernel.checkpointer.step(store)
    assert wal_bytes(store) == 0
    assert database_bytes(store) > 600_000
    assert store.read(lambda snapshot: snapshot.value(ROWS)) == 300
    assert metric(store, "synthetic_checkpoints_total", outcome="emptied") == 1


def test_a_small_log_is_left_alone(store):
    fill(store, 10)
    size = wal_bytes(store)
    assert 0 < size < 65_536
    store.kernel.checkpointer.step(store)
    assert wal_bytes(store) == size
    assert metric(store, "synthetic_checkpoints_total", outcome="copied") is None


def test_a_log_of_middling_size_is_copied_but_not_cut_off(store):
    fill(store, 50)
    size = wal_bytes(store)
    assert 65_536 <= size < 262_144
    store.kernel.checkpointer.step(store)
    assert wal_bytes(store) == size
    assert metric(store, "synthetic_checkpoints_total", outcome="copied") == 1
    fill(store, 1, prefix="more")
    assert wal_bytes(store) == size, "what is copied is written over"


def test_a_reader_pins_the_log_which_is_counted_and_told_and_ends_with_it(store, clock, monkeypatch, caplog):
    told = []
    monkeypatch.setattr(checkpointer, "LARGE_BYTES", 262_144)
    monkeypatch.setattr(checkpointer.log, "warning", lambda event, **values: told.append(values))
    reader = apsw.Connection(str(store.kernel.directory.database), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM meta").get >= 0
    fill(store, 600)
    store.kernel.checkpointer.step(store)
    clock.advance(5_000)
    store.kernel.checkpointer.step(store)
    assert wal_bytes(store) > 1_200_000
    assert metric(store, "synthetic_wal_pinned_seconds") == 5
    assert metric(store, "synthetic_wal_bytes") == wal_bytes(store)
    (values,) = told
    assert values["wal_bytes"] == wal_bytes(store)
    fill(store, 1, prefix="pinned")
    reader.close()
    store.kernel.checkpointer.step(store)
    assert wal_bytes(store) == 0
    assert metric(store, "synthetic_wal_pinned_seconds") == 0


def test_a_large_log_is_cut_off_as_soon_as_a_reader_ends_who_is_waited_for_now_and_then(store, clock, monkeypatch):
    monkeypatch.setattr(checkpointer, "PATIENT_BYTES", 262_144)
    monkeypatch.setattr(checkpointer, "WAIT_MS_MAX", 0)
    monkeypatch.setattr(checkpointer, "PATIENT_MS", 30_000)
    reading, ended = threading.Event(), threading.Event()
    empty_log = WritingConnection.empty_log
    waited = []

    def end_reader_and_empty(connection: WritingConnection, wait_ms: int) -> bool:
        waited.append(wait_ms)
        ended.set()
        return empty_log(connection, wait_ms)

    def read(snapshot) -> None:
        snapshot.value(ROWS)
        reading.set()
        ended.wait(30)

    fill(store, 300)
    reader = threading.Thread(target=store.read, args=(read,))
    reader.start()
    assert reading.wait(30)
    fill(store, 1, prefix="y")
    monkeypatch.setattr(WritingConnection, "empty_log", end_reader_and_empty)
    store.kernel.checkpointer.step(store)
    reader.join()
    assert waited == [30_000]
    assert wal_bytes(store) == 0


def test_writes_do_not_wait_for_a_reader_that_stays_as_a_backup_does(store, monkeypatch):
    monkeypatch.setattr(checkpointer, "PATIENT_BYTES", 262_144)
    empty_log, waited = WritingConnection.empty_log, []

    def empty_and_note(connection: WritingConnection, wait_ms: int) -> bool:
        waited.append(wait_ms)
        return empty_log(connection, wait_ms)

    monkeypatch.setattr(WritingConnection, "empty_log", empty_and_note)
    reader = apsw.Connection(str(store.kernel.directory.database), flags=apsw.SQLITE_OPEN_READONLY)
    fill(store, 50)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM meta").get >= 0
    store.kernel.checkpointer.step(store)
    for number in range(4):
        fill(store, 300, prefix=f"y{number}-")
        store.kernel.checkpointer.step(store)
    assert wal_bytes(store) > 4 * 262_144
    assert max(waited, default=0) <= checkpointer.WAIT_MS
    reader.close()
    store.kernel.checkpointer.step(store)
    assert wal_bytes(store) == 0


def test_readers_that_never_all_end_are_waited_for_ever_more_rarely_until_the_log_was_emptied(
    store, clock, monkeypatch
):
    waited: list[float] = []
    is_read = True

    def empty_log(_connection: WritingConnection, wait_ms: int) -> bool:
        if wait_ms == checkpointer.PATIENT_MS:
            waited.append(clock.monotonic())
        return not is_read

    monkeypatch.setattr(checkpointer, "PATIENT_BYTES", 262_144)
    monkeypatch.setattr(WritingConnection, "empty_log", empty_log)
    fill(store, 300)
    readers = [apsw.Connection(str(store.kernel.directory.database), flags=apsw.SQLITE_OPEN_READONLY) for _ in "ab"]

    def take_turns(rounds: int) -> None:
        for number in range(rounds):
            fill(store, 1, prefix=f"y{clock.monotonic()}-")
            begins, ends = readers[number % 2], readers[1 - number % 2]
            begins.execute("BEGIN")
            assert begins.execute(ROWS).get == 300
            if ends.in_transaction:
                ends.execute("COMMIT")
            store.kernel.checkpointer.step(store)
            clock.advance(10_000)

    take_turns(130)
    assert [later - earlier for earlier, later in pairwise(waited)] == [10, 20, 40, 80, 160, 300, 300, 300]
    is_read = False
    store.kernel.checkpointer.step(store)
    is_read = True
    waited.clear()
    take_turns(10)
    assert waited[1] - waited[0] == 10
    for reader in readers:
        reader.close()


def test_after_the_store_is_closed_a_step_does_nothing(store):
    fill(store, 300)
    store.kernel.checkpointer.close()
    store.kernel.checkpointer.step(store)
    assert wal_bytes(store) > 262_144


def test_a_server_keeps_its_log_short_by_itself(data_dir):
    log = data_dir / "synthetic.db-wal"
    arguments = [f"--set={name}={value}" for name, value in SMALL_LOG.items()]
    with open_test_store(data_dir) as store, running_server(data_dir, *arguments):
        fill(store, 300)
        # Empty it is for a moment only: the server writes a little again and again.
        wait_until(lambda: log.stat().st_size < 262_144, "the log's end")
        assert store.read(lambda snapshot: snapshot.value(ROWS)) == 300
