from __future__ import annotations

import os
import socket

import pytest

from synthetic_ingest.walk import find_files, path_text
from tests.plugins.ingest.samples import write


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "given"
    write(folder / "b.jsonl", b"{}")
    write(folder / "a" / "deep" / "c.jsonl", b"{}")
    return folder


def seen(*paths):
    return [(found.path.name, found.problem) for found in find_files(paths)]


def test_folders_are_searched_to_their_depths_in_the_order_of_names(folder):
    write(folder / "a.jsonl", b"{}")
    assert seen(folder) == [("c.jsonl", None), ("a.jsonl", None), ("b.jsonl", None)]


def test_files_and_folders_can_be_named_together(folder):
    assert seen(folder / "b.jsonl", folder / "a") == [("b.jsonl", None), ("c.jsonl", None)]


def test_links_are_followed_to_files_and_not_to_folders(folder, tmp_path):
    (folder / "loop").symlink_to(folder)
    (folder / "to_file").symlink_to(folder / "b.jsonl")
    (folder / "to_nothing").symlink_to(folder / "nothing")
    (folder / "to_itself").symlink_to(folder / "to_itself")
    problems = dict(seen(folder))
    assert problems["loop"] == "It is a link to a folder."
    assert problems["to_file"] is None
    assert problems["to_nothing"] == "It is a link to nothing."
    assert "symbolic links" in problems["to_itself"]
    (tmp_path / "outside").symlink_to(folder / "a")
    assert seen(tmp_path / "outside") == [("c.jsonl", None)]


def test_what_is_hidden_is_left_out_unless_it_is_named(folder):
    write(folder / ".git" / "objects", b"{}")
    write(folder / ".hidden.jsonl", b"{}")
    problems = dict(seen(folder))
    assert problems[".git"] == problems[".hidden.jsonl"] == "It is hidden."
    assert seen(folder / ".hidden.jsonl") == [(".hidden.jsonl", None)]


def test_what_is_no_file_is_a_failure_only_where_it_was_named(folder, monkeypatch):
    os.mkfifo(folder / "pipe")
    # The path of a socket must be short.
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        found = {found.path.name: found for found in find_files([folder])}
        assert found["pipe"].problem == "It is a pipe, not a file."
        assert found["socket"].problem == "It is a socket, not a file."
        assert not found["pipe"].is_failure
        assert [found.is_failure for found in find_files([folder / "pipe", folder / "nothing"])] == [True, True]


def test_a_folder_that_may_not_be_listed_is_a_failure(folder, monkeypatch):
    listing = os.scandir

    def refuse(path):
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    problems = {found.path.name: found for found in find_files([folder])}
    assert problems["deep"].problem == "The folder cannot be listed: It may not be read by this user."
    assert problems["deep"].is_failure
    assert problems["b.jsonl"].problem is None


@pytest.fixture
def deep_file(tmp_path):
    """A file in 1,200 folders; who clears up after the tests does so by calls, so this is not left to them."""
    file = tmp_path / "d"
    folders = []
    try:
        for _ in range(1_200):
            file.mkdir()
            folders.append(file)
            file = file / "d"
        file.write_bytes(b"{}")
        yield file
        file.unlink()
    finally:
        for folder in reversed(folders):
            folder.rmdir()


def test_folders_may_be_nested_deeper_than_calls(tmp_path, deep_file):
    assert [found.path for found in find_files([tmp_path])] == [deep_file]


def test_a_path_that_is_no_text_can_still_be_kept(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.jsonl")
    path.write_bytes(b"{}")
    [found] = find_files([tmp_path])
    assert path_text(found.path) == path_text(tmp_path) + "/caf\\xe9.jsonl"
    assert path_text(found.path).encode()
