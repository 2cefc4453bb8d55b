"""The data directory: made private, held against other starts, and refused where it would lose data."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from synthetic import data_directory
from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory, file_system_of
from synthetic.database import connections
from synthetic.errors import (
    DatabaseBusyError,
    FileSystemUnsupportedError,
    NoStoreError,
    SqliteUnsupportedError,
    StorageFailedError,
    StorageFullError,
)
from synthetic.testing import ManualClock, open_test_store


def test_it_is_made_for_its_owner_alone(tmp_path):
    directory = DataDirectory(tmp_path / "a" / "store")
    directory.prepare()
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    assert directory.problems() == []
    with open_test_store(directory.path):
        assert stat.S_IMODE(directory.database.stat().st_mode) == 0o600


def test_one_that_others_can_read_is_named_as_a_problem(tmp_path):
    directory = DataDirectory(tmp_path)
    directory.path.chmod(0o755)
    (problem,) = directory.problems()
    assert "0755" in problem


def test_a_path_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageFailedError, match="is not a directory"):
            DataDirectory(path).prepare()


def test_a_directory_without_a_store_is_told_from_one_with(tmp_path):
    directory = DataDirectory(tmp_path)
    with pytest.raises(NoStoreError):
        directory.require_store()
    directory.make_private_database()
    directory.make_private_database()  # what is there stays
    directory.require_store()


def test_too_little_free_space_refuses_the_start(tmp_path):
    with pytest.raises(StorageFullError) as full:
        DataDirectory(tmp_path).check(free_disk_bytes=2**60)
    assert full.value.recoverable


def test_a_network_file_system_refuses_the_start(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/export {tmp_path} nfs4 rw 0 0\nproc /proc proc rw 0 0\n")
    real = data_directory.Path

    def path(name):
        return mounts if name == "/proc/mounts" else real(name)

    monkeypatch.setattr(data_directory, "Path", path)
    with pytest.raises(FileSystemUnsupportedError, match="nfs4"):
        DataDirectory(tmp_path / "store").check(0)


def test_the_innermost_mount_decides(tmp_path):
    assert file_system_of(Path("/proc/self")) == "proc"
    assert file_system_of(tmp_path) not in {"proc", ""}


def test_starts_take_turns(tmp_path):
    directory = DataDirectory(tmp_path)
    order: list[str] = []
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with directory.start_lock(SystemClock()):
            order.append("first in")
            entered.set()
            leave.wait(10)
            order.append("first out")

    def second() -> None:
        with directory.start_lock(SystemClock()):
            order.append("second in")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert entered.wait(10)
    threads[1].start()
    leave.set()
    for thread in threads:
        thread.join(10)
    assert order == ["first in", "first out", "second in"]


def test_a_start_that_never_ends_is_busy_to_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(data_directory, "LOCK_WAIT_SECONDS", 0.0)
    directory = DataDirectory(tmp_path)
    with (
        directory.start_lock(SystemClock()),
        pytest.raises(DatabaseBusyError, match="starting"),
        directory.start_lock(ManualClock()),
    ):
        pass


def test_a_store_is_held_by_many_and_had_alone_by_one(tmp_path, monkeypatch):
    monkeypatch.setattr(data_directory, "LOCK_WAIT_SECONDS", 0.0)
    directory = DataDirectory(tmp_path)
    one, other = directory.hold_open(SystemClock()), directory.hold_open(SystemClock())
    for _ in range(2):  # the attempt has not cost either of them its share
        with pytest.raises(DatabaseBusyError, match="has this store open"), one.alone():
            pass
        with pytest.raises(DatabaseBusyError, match="has this store open"), other.alone():
            pass
    other.release()
    other.release()
    with one.alone(), pytest.raises(DatabaseBusyError, match="for itself for a minute"):
        directory.hold_open(ManualClock())
    directory.hold_open(SystemClock()).release()
    one.release()


@pytest.mark.parametrize(
    ("version", "allowed"), [("3.50.4", False), ("3.51.2", False), ("3.51.3", True), ("4.0.0", True)]
)
def test_a_sqlite_that_corrupts_stores_is_refused(monkeypatch, version, allowed):
    monkeypatch.setattr(connections.apsw, "sqlite_lib_version", lambda: version)
    if allowed:
        connections.check_sqlite_version()
    else:
        with pytest.raises(SqliteUnsupportedError, match=version):
            connections.check_sqlite_version()
