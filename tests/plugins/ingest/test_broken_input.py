"""What is broken, damaged, forbidden or none of any format is said, and nothing else suffers."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
import zstandard

from synthetic.testing import open_test_store
from synthetic_ingest.model import FileState
from synthetic_ingest.sources import Source
from tests.plugins.ingest.kit import count_store, file_at, ingest, outcomes, rejects_of, texts_of
from tests.plugins.ingest.samples import LONG_AGO, jsonl, long_session, main_session, write
from tests.plugins.ingest.samples_of_runs import CHAT_LINES, trajectory


def test_broken_lines_do_not_stop_the_rest(store, tmp_path):
    whole = jsonl(*CHAT_LINES)
    broken = b'{"role":\n' + b"\xff\xfe\n" + b"[1,2]\n" + b'{"role":"user"}\n'
    path = write(tmp_path / "chat.jsonl", whole + broken + jsonl({"role": "user", "content": "last"}))
    report = ingest(store, path)
    assert (outcomes(report), report.rejects) == ({"new": 1}, 4)
    assert texts_of(store, path)[-1] == "last"
    places = [number for number, *_ in rejects_of(store, path)]
    assert places == [7, 8, 9, 10]
    reasons = [reason for *_, reason in rejects_of(store, path)]
    assert reasons[0].startswith("It is not valid JSON")
    assert reasons[1:] == [
        "It is not valid UTF-8 (byte 0).",
        "It is a JSON list, not a JSON object.",
        "It has neither content nor tool_calls.",
    ]


def test_lines_that_are_too_long_are_rejected_with_how_they_begin(data_dir, tmp_path):
    long = b'{"role":"user","content":"' + b"a" * 3_000_000 + b'"}\n'
    path = write(tmp_path / "chat.jsonl", jsonl(CHAT_LINES[0]) + long + jsonl(CHAT_LINES[1]) + long[:-1])
    limits = {"plugins.ingest.line_bytes_max": "1000000", "plugins.ingest.excerpt_characters": "30"}
    with open_test_store(data_dir, settings=limits) as store:
        ingest(store, path)
        assert texts_of(store, path) == ["You are a gardener.", "Which tulips?"]
        row = store.read(
            lambda snapshot: snapshot.row("SELECT line_number, length_bytes, reason, excerpt FROM ingest_rejects")
        )
        assert row == (
            2,
            len(long) - 1,
            "It is longer than 1000000 bytes (plugins.ingest.line_bytes_max).",
            '{"role":"user","content":"aaaa',
        )
        # The last one may still be written, so it is no reject yet.
        assert file_at(store, path).state == FileState.PARTIAL
        with path.open("ab") as file:
            file.write(b"\n" + jsonl(CHAT_LINES[3]))
        ingest(store, path)
        assert [number for number, *_ in rejects_of(store, path)] == [2, 4]
        assert file_at(store, path).line_count == 5


def test_what_a_transcript_cannot_keep_is_rejected(data_dir, tmp_path):
    path = write(tmp_path / "chat.jsonl", jsonl(CHAT_LINES[0], {"role": "user", "content": "x" * 5_000}, CHAT_LINES[1]))
    with open_test_store(data_dir, settings={"plugins.transcripts.message_bytes": "1024"}) as store:
        ingest(store, path)
        assert texts_of(store, path) == ["You are a gardener.", "Which tulips?"]
        [(number, offset, reason)] = rejects_of(store, path)
        assert (number, offset) == (2, len(jsonl(CHAT_LINES[0])))
        assert reason.startswith("Its content must have at most 1024 bytes")


def test_what_is_nested_deeper_than_can_be_written_is_rejected(store, tmp_path):
    deep = b'{"role":"user","content":[' + b"[" * 300 + b"]" * 300 + b"]}\n"
    path = write(tmp_path / "chat.jsonl", jsonl(CHAT_LINES[0]) + deep + jsonl(CHAT_LINES[1]))
    assert outcomes(ingest(store, path)) == {"new": 1}
    assert texts_of(store, path) == ["You are a gardener.", "Which tulips?"]
    [(number, _, reason)] = rejects_of(store, path)
    assert number == 2
    assert "cannot be written as JSON" in reason
    run = write(tmp_path / "run.traj", b'{"history":' + b"[" * 300 + b"]" * 300 + b"}")
    ingest(store, run)
    assert rejects_of(store, run) == [(1, 0, "It is nested too deep.")]


def test_a_file_keeps_a_bounded_number_of_rejects_and_counts_the_rest(data_dir, tmp_path):
    path = write(tmp_path / "chat.jsonl", jsonl(CHAT_LINES[0]) + b"{\n" * 50)
    limits = {"plugins.ingest.rejects_per_file": "10", "plugins.ingest.batch_lines": "7"}
    with open_test_store(data_dir, settings=limits) as store:
        ingest(store, path)
        assert file_at(store, path).reject_count == 50
        assert [number for number, *_ in rejects_of(store, path)] == list(range(2, 12))


PACKERS = pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])


@PACKERS
def test_a_packed_file_is_read_up_to_its_damage(store, tmp_path, pack):
    path = write(tmp_path / "chat", pack(jsonl(*CHAT_LINES)) + b"\x1f\x8bdamage" * 20)
    assert outcomes(ingest(store, path)) == {"failed": 1}
    record = file_at(store, path)
    assert (record.state, record.message_count) == (FileState.FAILED, 6)
    assert record.problem.startswith("It cannot be unpacked beyond byte")
    updated_at = record.updated_at
    assert outcomes(ingest(store, path)) == {"failed": 1}
    assert file_at(store, path).updated_at == updated_at
    write(path, pack(jsonl(*CHAT_LINES, CHAT_LINES[0])), LONG_AGO + 1)
    assert outcomes(ingest(store, path)) == {"continued": 1}
    assert file_at(store, path).problem is None


@PACKERS
def test_a_packed_document_that_is_damaged_is_rejected(store, tmp_path, pack):
    document = json.dumps(trajectory(500)).encode()
    path = write(tmp_path / "run.traj", pack(document[:200_000]) + b"\x1f\x8bdamage" * 20)
    assert outcomes(ingest(store, path)) == {"failed": 1}
    assert "cannot be unpacked beyond byte 200000" in rejects_of(store, path)[0][2]
    write(path, pack(document), LONG_AGO + 1)
    assert outcomes(ingest(store, path)) == {"reread": 1}


def test_what_is_damaged_from_its_first_byte_is_a_failure(store, tmp_path):
    path = write(tmp_path / "chat.gz", b"\x1f\x8b damage" * 20)
    assert outcomes(ingest(store, path)) == {"failed": 1}


def test_what_is_nothing_to_read_is_skipped_and_said(store, tmp_path):
    folder = tmp_path / "data"
    write(folder / "empty.jsonl", b"")
    write(folder / "picture.png", b"\x89PNG\r\n\0\0\0" * 100)
    write(folder / "notes.txt", b"Dear diary,\n")
    write(folder / "begun.jsonl", b'{"role":"user","con')
    write(folder / "endless.jsonl", b'{"role":"user","content":"' * 10_000)
    write(folder / "blank.jsonl", b"\n\n")
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder)
    report = ingest(store, folder)
    assert outcomes(report) == {"skipped": 8}
    assert {Path(entry["path"]).name: entry["reason"] for entry in report.skipped} == {
        "empty.jsonl": "It is empty.",
        "picture.png": "It is binary.",
        "notes.txt": "No importer recognises it; --format forces one.",
        "begun.jsonl": "It holds no complete line yet.",
        "endless.jsonl": "It holds no complete line yet.",
        "blank.jsonl": "No importer recognises it; --format forces one.",
        "pipe": "It is a pipe, not a file.",
        "loop": "It is a link to a folder.",
    }
    assert count_store(store).transcripts == 0


def test_what_was_named_and_cannot_be_read_is_a_failure(store, tmp_path):
    names = [write(tmp_path / "notes.txt", b"Dear diary,\n"), tmp_path / "nothing", write(tmp_path / "empty", b"")]
    report = ingest(store, *names)
    assert outcomes(report) == {"failed": 2, "skipped": 1}


def test_a_file_that_vanishes_or_is_forbidden_does_not_stop_the_rest(store, tmp_path, monkeypatch):
    for name in "abc":
        write(tmp_path / "data" / f"{name}.jsonl", jsonl(*CHAT_LINES))
    opening = os.open

    def fail(path, *arguments):
        if str(path).endswith("a.jsonl"):
            path.unlink()
        if str(path).endswith("b.jsonl"):
            raise PermissionError(13, "Permission denied")
        return opening(path, *arguments)

    monkeypatch.setattr(os, "open", fail)
    report = ingest(store, tmp_path / "data")
    assert outcomes(report) == {"new": 1, "failed": 2}
    assert [entry["reason"] for entry in report.failures] == [
        "It is not there (any more).",
        "It may not be read by this user.",
    ]


def test_a_disk_that_fails_in_the_middle_keeps_what_was_read(store, tmp_path, monkeypatch):
    path = write(tmp_path / "long.jsonl", long_session(2_000).bytes())

    class Failing:
        def __init__(self, stream) -> None:
            self.stream = stream
            self.left = 3

        def read(self, size):
            self.left -= 1
            if self.left == 0:
                raise OSError(5, "Input/output error")
            return self.stream.read(size)

    rewinding = Source.rewind

    def rewind(source):
        rewinding(source)
        source._stream = Failing(source._stream)

    monkeypatch.setattr(Source, "rewind", rewind)
    assert outcomes(ingest(store, path)) == {"failed": 1}
    record = file_at(store, path)
    assert record.problem == "It cannot be read: Input/output error."
    assert 0 < record.message_count < 8_000
    monkeypatch.undo()
    assert outcomes(ingest(store, path)) == {"continued": 1}
    assert file_at(store, path).message_count == 8_000


def test_a_first_line_that_is_very_long_is_recognised(store, tmp_path):
    built = main_session()
    built.lines.insert(0, built.user("long " * 100_000))
    path = write(tmp_path / "session.jsonl", built.bytes())
    assert outcomes(ingest(store, path)) == {"new": 1}
    assert file_at(store, path).format == "coding-agent"


def test_a_document_in_the_wrong_place_is_rejected(store, tmp_path):
    path = write(tmp_path / "runs.jsonl", json.dumps(trajectory()).encode() * 2)
    assert outcomes(ingest(store, path)) == {"failed": 1}
    assert "unexpected content" in rejects_of(store, path)[0][2]
