"""Symbolic links and other strange things in the way: never followed, never waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from plugins.artifacts.driving import HOUR_MS, folder_of
from synthetic import SyntheticError
from synthetic_artifacts.errors import ArtifactMissingError
from synthetic_artifacts.reading import open_file


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with a file that is nobody's business."""
    folder = tmp_path / "outside"
    (folder / "log").mkdir(parents=True)
    (folder / "log" / "secret").write_text("secret")
    return folder


@pytest.mark.parametrize("depth", [1, 2])
def test_a_link_in_place_of_a_folder_is_not_written_through(artifacts, outside, depth) -> None:
    link = artifacts.folder / "/".join(["c", "log"][:depth])
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside if depth == 1 else outside / "log")
    with pytest.raises(SyntheticError):
        artifacts.create()
    assert sorted(path.name for path in outside.rglob("*")) == ["log", "secret"]
    assert artifacts.find() is None


def test_a_link_in_place_of_artifacts_itself_is_not_written_through(artifacts, outside) -> None:
    artifacts.folder.symlink_to(outside)
    try:
        with pytest.raises(SyntheticError):
            artifacts.create()
        assert sorted(path.name for path in outside.rglob("*")) == ["log", "secret"]
    finally:
        artifacts.folder.unlink()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_link_in_the_way_of_a_file_is_not_read_through_nor_removed_through(artifacts, store, outside, depth) -> None:
    stored = artifacts.create()
    file = artifacts.file_of(stored)
    (outside / "log" / file.name).write_bytes(b"content")
    replaced = [file.parent.parent, file.parent, file][depth - 1]
    target = [outside, outside / "log", outside / "log" / file.name][depth - 1]
    replaced.rename(artifacts.folder / "aside")
    replaced.symlink_to(target)
    with pytest.raises(ArtifactMissingError):
        open_file(folder_of(store), stored)
    artifacts.sweep()
    assert artifacts.get().status == "MISSING"
    store.write(lambda tx: tx.execute("DELETE FROM artifacts"))
    artifacts.remove()
    assert (outside / "log" / file.name).read_bytes() == b"content"
    assert (outside / "log" / "secret").exists()


def test_the_sweep_removes_nothing_behind_a_link(artifacts, clock, outside) -> None:
    (artifacts.folder / "c").mkdir(parents=True)
    (artifacts.folder / "c" / "log").symlink_to(outside / "log")
    (artifacts.folder / "d").symlink_to(outside)
    clock.advance(2 * HOUR_MS)
    artifacts.sweep()
    assert (outside / "log" / "secret").exists()
    assert artifacts.findings("orphans") == []


def test_a_pipe_in_place_of_a_file_is_not_waited_for(artifacts, store) -> None:
    stored = artifacts.create()
    artifacts.file_of(stored).unlink()
    os.mkfifo(artifacts.file_of(stored))
    with pytest.raises(ArtifactMissingError):
        open_file(folder_of(store), stored)


@pytest.mark.parametrize("path", ["../x", "a/b", "a/../b", "/etc/passwd", "a/b/c/d", "a//b", "a/b/.."])
def test_a_path_that_a_damaged_store_holds_leads_nowhere(store, artifacts, path) -> None:
    stored = artifacts.create()
    with pytest.raises(ArtifactMissingError):
        open_file(folder_of(store), stored._replace(path=path))
