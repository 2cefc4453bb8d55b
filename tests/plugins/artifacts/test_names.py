"""Hostile names: refused, or harmless on the disk."""

from __future__ import annotations

import unicodedata

import pytest

from synthetic import BadUserInputError
from synthetic_artifacts.names import file_name, folder_name
from synthetic_constructs.store import save_construct

HOSTILE = [
    "..", ".", "../../etc/passwd", "/etc/passwd", "a/../../b", "..\\..\\b", ".hidden", "...", "-rf", "a:b", "CON",
    "trailing.", "$(reboot)", "a;b", "*", "~root", "a\tb", "a\u202egnp.exe", "\u2024\u2024\u2215etc",
    "\uff0e\uff0e\uff0f",
    "\uff41", "é" * 100, "x" * 200, "😀" * 60,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_on_the_disk_leads_nowhere_and_is_short_and_visible(text) -> None:
    for name in (folder_name(text), file_name(text)):
        assert 1 <= len(name.encode()) <= 200
        assert not set(name) & set('/\\:*?"<>|$;&\0\n\t ')
        assert not name.startswith(".")
        assert all(unicodedata.category(sign)[0] in "LN" or sign in "._-+=@,()~" for sign in name), name


def test_folders_of_different_texts_differ_even_when_they_look_the_same() -> None:
    alike = [
        "abc",
        "\u0430bc",
        "a/bc",
        "a\\bc",
        "a bc",
        "a_bc",
        ".abc",
        "..abc",
        "abc.",
        "x" * 150,
        "x" * 151,
        "~abc",
        "/abc",
    ]
    assert len({folder_name(text) for text in alike}) == len(alike)


def test_a_plain_name_stays_and_the_same_text_is_always_the_same_folder() -> None:
    assert folder_name("plan-7_b.2") == "plan-7_b.2"
    assert folder_name("a/b") == folder_name("a/b")


def test_no_file_name_is_made_twice_and_its_ending_stays() -> None:
    names = {file_name("build.tar.gz") for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith("build.tar~") and name.endswith(".gz") for name in names)


@pytest.mark.parametrize(
    "name",
    ["", " ", "..", ".", "...", "../x", "/etc/passwd", "a/b", "a\\b", "a\0b", "a\nb", "x" * 300, "a\u202eb", " a"],
)
def test_a_name_that_is_no_file_name_is_refused(artifacts, name) -> None:
    with pytest.raises(BadUserInputError) as refused:
        artifacts.create(name=name)
    assert refused.value.details["field"] == "name"
    assert artifacts.files() == []


@pytest.mark.parametrize(
    "name", ["\uff02\u2024\u2024\uff0f", "x" * 200, "é.txt", ".bashrc", "-rf", "a:b?.log", "$(reboot)"]
)
def test_an_odd_name_is_kept_in_the_row_and_harmless_on_the_disk(artifacts, name) -> None:
    stored = artifacts.create(name=name)
    assert stored.name == unicodedata.normalize("NFC", name)
    (path,) = artifacts.files()
    assert path == stored.path
    assert path.startswith("c/log/")


@pytest.mark.parametrize("construct_id", ["../../out", "/", "..", "a/b/c", "é" * 200])
def test_a_constructs_odd_id_stays_within_the_folder(artifacts, store, construct_id) -> None:
    store.write(lambda tx: save_construct(tx, {"type": "task", "title": "A task"}, id=construct_id))
    stored = artifacts.create(construct_id=construct_id, type="../..")
    assert artifacts.files() == [stored.path]
    assert artifacts.file_of(stored).resolve().is_relative_to(artifacts.folder.resolve())
    assert artifacts.file_of(stored).read_bytes() == b"content"


@pytest.mark.parametrize(
    "content_type", ["", "text", "text/", "text/plain\r\nx: y", "text/plain; a", "a/b" * 100, "text/html;a=b\0"]
)
def test_what_is_no_media_type_is_refused(artifacts, content_type) -> None:
    with pytest.raises(BadUserInputError) as refused:
        artifacts.create(content_type=content_type)
    assert refused.value.details["field"] == "contentType"
