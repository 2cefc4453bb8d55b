"""Killed outright, or out of space, at each step of storing and of deleting an artifact.

The steps are not listed here: each call that changes the file system, and each
end of a transaction, is one, so none can be forgotten.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.artifacts.driving import HOUR_MS, TEXT, TEXT_TYPE, Artifacts
from plugins.artifacts.dying import SETTINGS
from synthetic import StorageFullError, SystemClock, delete_owned
from synthetic.testing import ManualClock, open_test_store
from synthetic.testing_commands import start_command
from synthetic_artifacts import services
from synthetic_artifacts.store import find_artifact, list_removals

DYING = Path(__file__).with_name("dying.py")
STRIDES = (4, pytest.param(1, marks=pytest.mark.full))


def die_at_steps(action: str, directory: Path, stride: int) -> int:
    """A number beyond that of the last step; a process was killed before step 1, and then one at every stride."""
    process = start_command([action, str(directory), str(stride)], program=DYING)
    output, errors = process.communicate()
    assert process.wait() == 0, errors
    return int(output)


def check_after(directory: Path) -> tuple[list[str], list[str]]:
    """That nothing is amiss, before and after a sweep; ids of artifacts, and files, in the end."""
    clock = ManualClock(SystemClock().now_ms() + 2 * HOUR_MS, monotonic=SystemClock())
    with open_test_store(directory, settings=SETTINGS, clock=clock) as store:
        artifacts = Artifacts(store, clock)
        for name in ("files", "content", "totals"):
            assert artifacts.findings(name) == []
        artifacts.remove()
        artifacts.sweep()
        for name in ("files", "content", "totals", "orphans"):
            assert artifacts.findings(name) == []
        rows = store.read(lambda snapshot: snapshot.rows("SELECT id, path FROM artifacts ORDER BY id"))
        assert sorted(path for _, path in rows) == artifacts.files()
        return [id for id, _ in rows], artifacts.files()


@pytest.mark.parametrize("stride", STRIDES)
def test_killed_at_any_step_of_storing_there_is_no_row_without_its_file(data_dir, stride) -> None:
    end = die_at_steps("create", data_dir, stride)
    stored, _ = check_after(data_dir)
    # Two folders at least, the file's bytes, its name, their way to the disk, the row.
    assert end > 9
    # Only the one that was killed after its commit has a row, if one was, and the one that was not killed.
    assert set(stored) <= {f"create-{end - stride}", f"create-{end}"}
    assert f"create-{end}" in stored


@pytest.mark.parametrize("stride", STRIDES)
def test_killed_at_any_step_of_deleting_nothing_is_left_in_the_end(data_dir, stride) -> None:
    end = die_at_steps("delete", data_dir, stride)
    stored, files = check_after(data_dir)
    # The row, the file, its way to the disk, the folders that it leaves empty, the note that it was to be removed.
    assert end > 6
    # Only the one that was killed before the deletion was committed still has it.
    assert stored == ["delete-1"]
    assert len(files) == 1


class FullDisk:
    """Lets the n-th call that needs room fail, as a full disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        for name in ("mkdir", "open", "write", "fsync", "rename"):
            monkeypatch.setattr(os, name, self._failing(getattr(os, name), name))

    def _failing(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            needs_room = name != "open" or bool(arguments[1] & os.O_CREAT)
            if needs_room and self.left:
                self.left -= 1
                if not self.left:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return function(*arguments, **named)

        return call


def test_out_of_space_at_any_step_of_storing_nothing_is_left_of_it(artifacts, store, monkeypatch) -> None:
    disk = FullDisk(monkeypatch)
    failed = 0
    while True:
        disk.left = failed + 1
        try:
            stored = artifacts.create(data=TEXT, content_type=TEXT_TYPE)
        except StorageFullError:
            failed += 1
            disk.left = 0
            assert store.read(find_artifact, "a") is None
            assert artifacts.files() == []
        else:
            break
    disk.left = 0
    assert failed >= 8
    assert artifacts.files() == [stored.path]


def test_out_of_space_while_deleting_the_file_is_removed_later(artifacts, store, monkeypatch) -> None:
    artifacts.create()
    delete_owned(store, "artifacts", "a")
    disk = FullDisk(monkeypatch)
    disk.left = 1
    services.remove_files(store)
    assert store.read(list_removals, 10) != []
    # The end of this round comes first, then what it has left.
    assert (artifacts.remove(), artifacts.remove()) == (0, 1)
    assert artifacts.files() == []
    assert artifacts.findings("orphans") == []
