"""Reads in place beside other processes that hold locks, and on files that are no good."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from synthetic.clock import SystemClock
from synthetic.database.failures import translate
from synthetic.database.in_place import InPlaceReads, OverBudget
from synthetic.database.interruption import Interruption
from synthetic.database.surroundings import Surroundings
from synthetic.errors import DatabaseBusyError, NotAStoreError, StorageReadOnlyError, StoreDamagedError

from .conftest import SETTINGS, open_database
from .in_place_kit import COUNT, fill, in_place, pins_no_snapshot, second_process

READS = 40
"""Were SQLite to sleep until it gives up, so many reads would take longer than a test may."""

HOLD_INDEX = """
import fcntl, os
index = os.open(path + "-shm", os.O_RDWR)
fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, {length}, {start})
"""
"""Takes locks of the log's index, as a process does that is then stopped: https://sqlite.org/walformat.html"""

CHECKPOINTING = """
connection = apsw.Connection(path)
modes = (apsw.SQLITE_CHECKPOINT_TRUNCATE, apsw.SQLITE_CHECKPOINT_RESTART)
for number in range(300):
    connection.execute("INSERT INTO t (label) VALUES ('by another')")
    try:
        connection.wal_checkpoint(mode=modes[number % 2])
    except apsw.BusyError:
        pass
"""


def count(snapshot) -> int:
    return snapshot.value(COUNT)


def cut_of(database) -> str:
    with pytest.raises(OverBudget) as raised:
        in_place(database, count)
    return raised.value.cut


def alone(path: Path) -> InPlaceReads:
    """Reads in place on a store that this process has not opened."""
    return InPlaceReads(path, SETTINGS, SystemClock(), Surroundings({}.__getitem__))


def count_alone(reads: InPlaceReads) -> int:
    return reads.run(count, (), Interruption(SystemClock()), 100_000, math.inf, None)


def test_another_process_that_writes_keeps_no_read_waiting(database, path):
    database.write_blocking(fill, 3)
    begun = "connection = apsw.Connection(path)\nconnection.execute('BEGIN EXCLUSIVE; DELETE FROM t')"
    with second_process(path, begun):
        assert in_place(database, count) == 3
    assert in_place(database, count) == 3


def test_a_process_that_wants_the_store_for_itself_does_not_get_it_from_under_the_reads(database, path):
    assert in_place(database, count) == 0
    wanting = """
connection = apsw.Connection(path)
connection.pragma("locking_mode", "EXCLUSIVE")
try:
    connection.execute("INSERT INTO t (label) VALUES ('alone')")
except apsw.BusyError:
    pass
"""
    with second_process(path, wanting):
        assert in_place(database, count) in (0, 1)


def test_a_store_that_another_process_has_for_itself_is_found_locked_at_once(path):
    with open_database(path) as database:
        database.write_blocking(fill, 3)
    reads = alone(path)
    holding = """
connection = apsw.Connection(path)
connection.pragma("locking_mode", "EXCLUSIVE")
connection.execute("INSERT INTO t (label) VALUES ('alone')")
"""
    with second_process(path, holding):
        for _ in range(READS):
            with pytest.raises(OverBudget) as raised:
                count_alone(reads)
            assert raised.value.cut == "locked"
    assert count_alone(reads) == 4
    reads.close()


@pytest.mark.parametrize(
    ("start", "length"), [(123, 5), (120, 8)], ids=["stopped in a checkpoint", "stopped in a recovery"]
)
def test_a_process_that_was_stopped_with_the_locks_of_the_index_keeps_no_read_waiting(database, path, start, length):
    database.write_blocking(fill, 3)
    assert in_place(database, count) == 3
    with second_process(path, HOLD_INDEX.format(start=start, length=length)):
        assert {cut_of(database) for _ in range(READS)} == {"locked"}
    assert in_place(database, count) == 3
    assert pins_no_snapshot(path)


def test_what_the_pool_says_once_it_has_waited_for_such_a_process_is_that_the_store_is_busy():
    assert isinstance(translate(apsw.ProtocolError()), DatabaseBusyError)


def test_a_recovery_of_the_log_under_way_is_found_locked_and_the_next_read_works(database, path):
    database.write_blocking(fill, 3)
    assert in_place(database, count) == 3
    recovering = HOLD_INDEX.format(start=120, length=8) + "os.pwrite(index, bytes(136), 0)\n"
    with second_process(path, recovering):
        assert {cut_of(database) for _ in range(READS)} == {"locked"}
    assert in_place(database, count) == 3


def test_reads_beside_checkpoints_that_empty_the_log_are_right_or_cut_short(database, path):
    script = f"import sys, apsw\npath = sys.argv[1]\n{CHECKPOINTING}"
    seen, cuts = [0], set[str]()
    with subprocess.Popen([sys.executable, "-c", script, str(path)]) as process:
        while process.poll() is None:
            try:
                seen.append(in_place(database, count))
            except OverBudget as over:
                cuts.add(over.cut)
    assert process.returncode == 0
    assert cuts <= {"locked"}
    assert seen == sorted(seen)
    assert in_place(database, count) == 300


def test_a_store_that_is_damaged_meanwhile_says_so_in_place_as_in_the_pool(database, path):
    database.write_blocking(fill, 20_000)
    assert in_place(database, count) == 20_000
    damaging = """
connection = apsw.Connection(path)
connection.execute("INSERT INTO t (label) VALUES ('so that what others have cached is out of date')")
connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
size = connection.pragma("page_size")
with open(path, "r+b") as file:
    file.seek(size)
    file.write(b"\\xff" * size * 40)
"""
    with second_process(path, damaging):
        for read in (lambda: in_place(database, count), lambda: database.read_blocking(count)):
            with pytest.raises(StoreDamagedError):
                read()


def test_a_store_whose_file_is_replaced_reads_in_place_what_the_pool_reads(database, path, tmp_path):
    database.write_blocking(fill, 3)
    assert in_place(database, count) == database.read_blocking(count) == 3
    with open_database(tmp_path / "other.db") as other:
        other.write_blocking(fill, 7)
    (tmp_path / "other.db").replace(path)
    assert in_place(database, count) == database.read_blocking(count) == 3


def test_a_file_that_cannot_be_opened_says_why_and_is_tried_again(tmp_path):
    reads = alone(tmp_path / "synthetic.db")
    with pytest.raises(StorageReadOnlyError):
        count_alone(reads)
    (tmp_path / "synthetic.db").write_bytes(b"some other file, and long enough to be taken for one" * 100)
    with pytest.raises(NotAStoreError):
        count_alone(reads)
    (tmp_path / "synthetic.db").unlink()
    with open_database(tmp_path / "synthetic.db") as database:
        database.write_blocking(fill, 2)
        assert count_alone(reads) == 2
    reads.close()
