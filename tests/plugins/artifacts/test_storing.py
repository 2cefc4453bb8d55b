"""Storing artifacts: the file, the row, and what is refused."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import replace

import pytest
import zstandard

from plugins.artifacts.driving import HOUR_MS, TEXT, TEXT_TYPE, pieces
from plugins.logged import payloads
from synthetic import BadUserInputError, ConflictError, NotFoundError, StorageFullError, Store, SyntheticError
from synthetic_artifacts.errors import ArtifactMismatchError, ArtifactQuotaError, ArtifactTooLargeError
from synthetic_artifacts.marks import MARK
from synthetic_artifacts.model import ArtifactContent
from synthetic_artifacts.store import PreparedArtifact, add_artifact, find_known_paths, prepare_artifact, read_usage
from synthetic_constructs.store import save_construct
from synthetic_jobs.store import save_job
from synthetic_sessions.store import save_session


def finish_after(store: Store, prepared: PreparedArtifact, data: bytes, happens: Callable[[], object]) -> None:
    """Store an artifact; something happens after its file was written, and before its row is."""
    with prepared.open_writer() as writer:
        writer.write(data)
        written = writer.finish()
        happens()
        store.write(add_artifact, prepared, written)


def interrupt() -> None:
    raise KeyboardInterrupt


def test_bytes_are_kept_as_they_are_where_a_person_finds_them(artifacts) -> None:
    data = os.urandom(100_000)
    stored = artifacts.create(data=data, type="archive", name="dump.bin", metadata={"b": 1, "a": 2})
    file = artifacts.file_of(stored)
    assert file.parent == artifacts.folder / "c" / "archive"
    assert file.name.startswith("dump~")
    assert file.read_bytes() == data
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (stored.sha256, stored.size_bytes, stored.stored_bytes) == (
        hashlib.sha256(data).hexdigest(), 100_000, 100_000,
    )  # fmt: skip
    assert (stored.encoding, stored.status, stored.metadata) == ("IDENTITY", "AVAILABLE", '{"a":2,"b":1}')


def test_text_is_compressed_so_that_any_decoder_reads_it(artifacts) -> None:
    stored = artifacts.create(data=TEXT, content_type=TEXT_TYPE)
    file = artifacts.file_of(stored)
    assert stored.encoding == "ZSTD"
    assert file.suffix == ".zst"
    assert file.stat().st_size == stored.stored_bytes < len(TEXT) // 10
    assert zstandard.ZstdDecompressor().stream_reader(file.read_bytes(), read_across_frames=True).read() == TEXT
    assert stored.sha256 == hashlib.sha256(TEXT).hexdigest()


@pytest.mark.parametrize(
    ("data", "content_type"), [(TEXT, "image/png"), (os.urandom(300_000), TEXT_TYPE), (b"", TEXT_TYPE)]
)
def test_what_compression_does_not_make_smaller_is_kept_as_it_is(artifacts, data, content_type) -> None:
    stored = artifacts.create(data=data, content_type=content_type)
    assert stored.encoding == "IDENTITY"
    assert artifacts.file_of(stored).read_bytes() == data


@pytest.mark.parametrize("length", [1, 1_000, 262_144, 262_145])
def test_how_the_bytes_come_makes_no_difference(artifacts, store, length) -> None:
    data = TEXT * 20
    prepared = store.read(
        prepare_artifact, ArtifactContent(construct_id="c", type="log", name="x", content_type=TEXT_TYPE)
    )
    with prepared.open_writer() as writer:
        for piece in pieces(data[: 40 * length], length):
            writer.write(memoryview(piece))
        written = writer.finish()
        saved = store.write(add_artifact, prepared, written)
    assert written.sha256 == hashlib.sha256(data[: 40 * length]).hexdigest()
    assert artifacts.findings("content") == []
    assert saved.created


def test_storing_it_again_changes_nothing_and_leaves_no_file(artifacts, store) -> None:
    first = artifacts.create(data=TEXT, metadata={"n": 1})
    again = artifacts.save(data=TEXT, metadata={"n": 1})
    assert (again.artifact, again.created) == (first, False)
    assert artifacts.files() == [first.path]
    assert len(payloads(store, "artifact.created")) == 1


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({"data": b"other"}, ["sha256"]),
        ({"name": "other"}, ["name"]),
        ({"type": "other", "content_type": "text/html"}, ["type", "contentType"]),
        ({"expires_at": 9_999_999_999_999}, ["expiresAt"]),
    ],
)
def test_other_content_under_the_same_id_is_a_conflict(artifacts, changed, differs) -> None:
    first = artifacts.create()
    with pytest.raises(ConflictError) as refused:
        artifacts.create(**changed)
    assert refused.value.details["differs"] == differs
    assert artifacts.files() == [first.path]
    assert artifacts.get() == first


def test_a_wrong_hash_is_refused_and_nothing_is_left(artifacts) -> None:
    with pytest.raises(ArtifactMismatchError):
        artifacts.create(sha256="0" * 64)
    assert artifacts.files() == []
    right = hashlib.sha256(b"content").hexdigest()
    assert artifacts.create(sha256=right.upper()).sha256 == right


def test_it_belongs_to_the_construct_of_its_job_or_session(artifacts, store) -> None:
    def prepare(tx) -> None:
        save_construct(tx, {"type": "task", "title": "Another"}, id="d")
        save_session(tx, {"construct_id": "c"}, session_id="s")
        save_session(tx, {}, session_id="loose")
        save_job(tx, {"kind": "k", "construct_id": "d"}, job_id="j")

    store.write(prepare)
    assert artifacts.create("1", construct_id=None, session_id="s").construct_id == "c"
    assert artifacts.create("2", construct_id=None, session_id="s", job_id="j").construct_id == "d"
    with pytest.raises(BadUserInputError):
        artifacts.create("3", construct_id=None, session_id="loose")
    for missing in ({"construct_id": "none"}, {"session_id": "none"}, {"job_id": "none"}):
        with pytest.raises(NotFoundError):
            artifacts.create("4", **missing)
    assert len(artifacts.files()) == 2


def test_an_expiry_in_the_past_is_refused(artifacts, clock) -> None:
    with pytest.raises(BadUserInputError):
        artifacts.create(expires_at=clock.now_ms())
    assert artifacts.create(expires_at=clock.now_ms() + HOUR_MS).expires_at == clock.now_ms() + HOUR_MS


def test_more_than_one_may_have_is_refused_while_it_comes(artifacts) -> None:
    with pytest.raises(ArtifactTooLargeError):
        artifacts.create(data=bytes(3_000_001))
    assert artifacts.files() == []
    assert artifacts.create(data=bytes(3_000_000)).size_bytes == 3_000_000


def test_the_quota_of_a_construct_counts_what_is_on_the_disk(artifacts, store) -> None:
    artifacts.create("text", data=b"a" * 2_900_000, content_type=TEXT_TYPE)
    artifacts.create("bytes", data=bytes(3_000_000))
    with pytest.raises(ArtifactQuotaError) as refused:
        artifacts.create("more", data=bytes(1_000_000))
    assert refused.value.details == {"setting": "plugins.artifacts.construct_bytes", "constructId": "c"}
    assert store.read(read_usage, "c").files == 2
    assert len(artifacts.files()) == 2
    assert artifacts.findings("totals") == []


def test_the_quota_of_all_counts_every_construct(artifacts, store) -> None:
    store.write(lambda tx: save_construct(tx, {"type": "task", "title": "Another"}, id="d"))
    artifacts.create("1", data=bytes(3_000_000))
    artifacts.create("2", data=bytes(2_500_000), construct_id="d")
    with pytest.raises(ArtifactQuotaError) as refused:
        artifacts.create("3", data=bytes(500_001))
    assert refused.value.details["setting"] == "plugins.artifacts.all_bytes"


def test_who_used_up_the_quota_meanwhile_is_noticed_with_the_row(artifacts, store) -> None:
    content = ArtifactContent(construct_id="c", type="log", name="x")
    prepared = store.read(prepare_artifact, content)
    with pytest.raises(ArtifactQuotaError):
        finish_after(store, prepared, bytes(2_000_000), lambda: artifacts.create("rival", data=bytes(2_500_000)))
    assert artifacts.files() == [artifacts.get("rival").path]


def test_a_disk_with_no_room_to_spare_takes_no_artifact(artifacts, store) -> None:
    prepared = store.read(prepare_artifact, ArtifactContent(construct_id="c", type="log", name="x"))
    scarce = replace(prepared, allowance=replace(prepared.allowance, free_disk_bytes=2**62))
    with pytest.raises(StorageFullError) as refused:
        scarce.open_writer()
    assert refused.value.recoverable
    assert artifacts.files() == []


def test_a_construct_that_goes_while_the_bytes_come_leaves_no_file(artifacts, store) -> None:
    store.write(lambda tx: save_construct(tx, {"type": "task", "title": "Another"}, id="d"))
    prepared = store.read(prepare_artifact, ArtifactContent(construct_id="d", type="log", name="x"))
    with pytest.raises(NotFoundError):
        finish_after(store, prepared, b"content", lambda: store.write(lambda tx: tx.execute("DELETE FROM constructs")))
    assert artifacts.files() == []
    assert [path.name for path in artifacts.folder.iterdir()] == [MARK]


def test_an_error_that_says_nothing_about_the_row_leaves_the_file_to_the_sweep(artifacts, store) -> None:
    prepared = store.read(prepare_artifact, ArtifactContent(construct_id="c", type="log", name="x"))
    with pytest.raises(KeyboardInterrupt):
        finish_after(store, prepared, b"content", interrupt)
    (path,) = artifacts.files()
    assert store.read(find_known_paths, [path]) == set()


def test_what_was_stored_never_changes(artifacts, store) -> None:
    artifacts.create()
    with pytest.raises(SyntheticError):
        store.write(lambda tx: tx.execute("UPDATE artifacts SET sha256 = :sha256", {"sha256": "0" * 64}))
