"""`synthetic artifacts` as an operator runs it."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from plugins.artifacts.driving import TEXT, Artifacts, forget
from synthetic import ConflictError
from synthetic.cli import main
from synthetic.testing import ManualClock, copy_template, open_test_store
from synthetic_artifacts.copying import write_pieces

NO_DISK_CHECK = ("kernel.database.free_disk_bytes=0", "plugins.artifacts.free_disk_bytes=0")


@pytest.fixture
def run(template, tmp_path, capsysbinary, monkeypatch):
    """Runs a verb in a folder of its own; what it prints, or, where an exit code is expected, its error."""
    data = copy_template(template, tmp_path / "store")
    with open_test_store(data) as store:
        forget(store)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run_verb(*words: str, code: int = 0) -> bytes:
        settings = [word for each in NO_DISK_CHECK for word in ("--set", each)]
        found = main(["artifacts", *words, "--data", str(data), *settings])
        captured = capsysbinary.readouterr()
        assert found == code, captured.err
        return captured.err if code else captured.out

    run_verb.data = data
    return run_verb


def test_a_file_is_stored_found_and_copied_out_again(run, tmp_path) -> None:
    source = tmp_path / "build.log"
    source.write_bytes(TEXT)
    assert run("list") == b"no artifacts\n"
    stored = json.loads(
        run("put", str(source), "--type", "log", "--construct", "c", "--id", "a", "--metadata", '{"n": 1}', "--json")
    )
    assert (stored["contentType"], stored["encoding"], stored["metadata"]) == ("text/plain", "ZSTD", {"n": 1})
    run("put", str(source), "--type", "report", "--construct", "c", "--name", "report.bin", "--json")
    (listed,) = json.loads(run("list", "--type", "log", "--since", "1h", "--json"))["artifacts"]
    assert listed == stored
    assert b"build.log" in run("list", "--construct", "c", "--sha256", stored["sha256"])
    assert b"2 artifacts in all" in run("list", "--limit", "1")
    assert json.loads(run("list", "--before", "1h", "--json"))["artifacts"] == []
    taken = {"files": 2, "storedBytes": stored["storedBytes"] + len(TEXT)}
    assert json.loads(run("list", "--json"))["all"] == taken
    assert stored["sha256"].encode() in run("show", "a")
    run("get", "a")
    assert (tmp_path / "here" / "build.log").read_bytes() == TEXT
    assert b"CONFLICT" in run("get", "a", code=65)
    (tmp_path / "here" / "build.log").write_bytes(b"old")
    run("get", "a", "--to", "build.log", "--force")
    (tmp_path / "there").mkdir()
    run("get", "a", "--to", str(tmp_path / "there"))
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["build.log"]
    assert [(tmp_path / each / "build.log").read_bytes() for each in ("here", "there")] == [TEXT, TEXT]


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_somebody_makes_meanwhile_is_kept_unless_it_may_be_replaced(
    tmp_path, monkeypatch, has_links
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    # As long as a name may be, in letters of two bytes.
    target = tmp_path / ("ä" * 127)

    def pieces(*, until_then: bytes) -> Iterator[bytes]:
        yield b"con"
        if until_then:
            target.write_bytes(until_then)
        yield b"tent"

    write_pieces(pieces(until_then=b""), target, replaces=False)
    assert target.read_bytes() == b"content"
    target.unlink()
    with pytest.raises(ConflictError):
        write_pieces(pieces(until_then=b"theirs"), target, replaces=False)
    assert target.read_bytes() == b"theirs"
    write_pieces(pieces(until_then=b"theirs"), target, replaces=True)
    assert target.read_bytes() == b"content"
    assert list(tmp_path.iterdir()) == [target]


def test_standard_input_and_output_stand_for_files(run, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
    assert b"BAD_USER_INPUT" in run("put", "-", "--type", "log", "--construct", "c", code=65)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
    run("put", "-", "--type", "log", "--construct", "c", "--id", "a", "--name", "dump.json.gz")
    assert json.loads(run("show", "a", "--json"))["contentType"] == "application/gzip"
    assert run("get", "a", "--to", "-") == b"piped"


def test_what_is_deleted_is_restored_and_both_are_on_record(run, tmp_path) -> None:
    (tmp_path / "x").write_bytes(b"content")
    for id in ("a", "b"):
        run("put", str(tmp_path / "x"), "--type", "log", "--construct", "c", "--id", id)
    assert run("delete", "a", "b").count(b"DELETED") == 2
    assert b"ARTIFACT_DELETED" in run("get", "a", code=65)
    assert json.loads(run("list", "--json"))["artifacts"] == []
    assert len(json.loads(run("list", "--status", "deleted", "--json"))["artifacts"]) == 2
    assert [each["status"] for each in json.loads(run("restore", "a", "--json"))["artifacts"]] == ["AVAILABLE"]
    with open_test_store(run.data) as store:
        entries = store.graphql("{ auditLog(first: 20) { nodes { name entityId outcome } } }")["data"]["auditLog"]
    done = {(each["name"], each["entityId"]) for each in entries["nodes"] if each["outcome"] == "DONE"}
    names = ("put", "a"), ("put", "b"), ("delete", "a"), ("delete", "b"), ("restore", "a")
    assert {(f"artifacts {name}", id) for name, id in names} <= done


def test_what_cannot_be_read_or_stored_is_said_and_leaves_nothing(run, tmp_path) -> None:
    assert b"cannot be read" in run("put", "nowhere", "--type", "log", "--construct", "c", code=65)
    (tmp_path / "x").write_bytes(b"content")
    assert b"JSON" in run("put", str(tmp_path / "x"), "--type", "l", "--construct", "c", "--metadata", "{", code=65)
    assert b"NOT_FOUND" in run("put", str(tmp_path / "x"), "--type", "log", "--construct", "none", code=65)
    assert b"NOT_FOUND" in run("show", "none", code=65)
    assert run("list") == b"no artifacts\n"


def test_damage_is_noted_and_a_folder_without_its_mark_is_adopted(run, tmp_path) -> None:
    with open_test_store(run.data, settings=dict(each.split("=") for each in NO_DISK_CHECK)) as store:
        artifacts = Artifacts(store, ManualClock())
        artifacts.file_of(artifacts.create("altered", b"content")).write_bytes(b"another")
        artifacts.create("lost", name="lost.log")
    run("get", "altered", "--to", "x", code=65)
    assert not (tmp_path / "here" / "x").exists()
    folder = run.data / "artifacts"
    folder.rename(run.data / "aside")
    assert b"ARTIFACTS_ABSENT" in run("get", "lost", code=75)
    assert json.loads(run("show", "lost", "--json"))["status"] == "AVAILABLE"
    assert json.loads(run("adopt-folder", "--json")) == {"path": str(folder)}
    assert b"ARTIFACT_MISSING" in run("get", "lost", code=65)
    statuses = {each["id"]: each["status"] for each in json.loads(run("list", "--json"))["artifacts"]}
    assert statuses == {"altered": "ALTERED", "lost": "MISSING"}
