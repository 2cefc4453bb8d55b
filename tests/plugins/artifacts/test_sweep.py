"""Files without an artifact, artifacts without their file, and files that hold something else."""

from __future__ import annotations

import os

import pytest

from plugins.artifacts.driving import HOUR_MS, TEXT, TEXT_TYPE
from plugins.logged import told
from synthetic.retention.clock_check import check_clock, confirm_clock
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactMissingError
from synthetic_artifacts.marks import MARK
from synthetic_artifacts.store import get_available_artifact


def test_an_old_file_without_an_artifact_goes_with_its_folders(artifacts, clock) -> None:
    kept = artifacts.create()
    for path in ("c/log/orphan~0123456789.txt", "c/log/left~0123456789.txt.partial", "gone/report/old"):
        (artifacts.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (artifacts.folder / path).write_bytes(b"orphan")
    (artifacts.folder / "empty" / "log").mkdir(parents=True)
    clock.advance(HOUR_MS - 60_000)
    artifacts.sweep()
    assert len(artifacts.files()) == 4
    assert artifacts.findings("orphans") == []
    clock.advance(120_000)
    assert len(artifacts.findings("orphans")) == 3
    artifacts.sweep()
    assert artifacts.files() == [kept.path]
    assert {path.name for path in artifacts.folder.iterdir()} == {"c", MARK}
    assert artifacts.findings("orphans") == []


def test_a_repair_keeps_files_without_an_artifact_in_quarantine_and_leaves_those_that_may_get_one(
    artifacts, clock
) -> None:
    kept = artifacts.create()
    for path in ("c/log/orphan~0123456789.txt", "gone/report/old", "c/log/being-written", "c/log/one-more"):
        (artifacts.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (artifacts.folder / path).write_bytes(path.encode())
    clock.advance(2 * HOUR_MS)
    found = artifacts.findings("orphans")
    assert len(found) == 4
    # Between the check and the repair one was written to, and one has gone.
    os.utime(artifacts.folder / "c/log/being-written", ns=(clock.now_ms() * 1_000_000,) * 2)
    assert artifacts.set_aside() == 3
    assert artifacts.files() == ["c/log/being-written", kept.path]
    (aside,) = (artifacts.folder.parent / "quarantine").glob("*-orphans")
    assert (aside / "gone" / "report" / "old").read_bytes() == b"gone/report/old"
    assert (aside / "c" / "log" / "orphan~0123456789.txt").is_file()
    assert artifacts.findings("orphans") == []


def test_a_repair_moves_nothing_where_the_clock_has_jumped(artifacts, store, clock) -> None:
    orphan = artifacts.folder / "c" / "log" / "being-written"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"x")
    store.write(check_clock)
    clock.jump(400 * 24 * HOUR_MS)
    artifacts.set_aside()
    assert orphan.exists()


def test_a_file_that_is_being_written_is_never_swept_however_old_the_others_are(artifacts, clock) -> None:
    artifacts.create()
    old = artifacts.folder / "c" / "log" / "being-written"
    old.write_bytes(b"x")
    # Whoever copies a file with its times cannot make it look older than its arrival.
    os.utime(old, (0, 0))
    artifacts.sweep()
    assert old.exists()
    clock.advance(2 * HOUR_MS)
    artifacts.sweep()
    assert not old.exists()


def test_a_clock_that_has_jumped_makes_no_file_old(artifacts, store, clock) -> None:
    artifacts.create()
    orphan = artifacts.folder / "c" / "log" / "being-written"
    orphan.write_bytes(b"x")
    store.write(check_clock)
    clock.jump(400 * 24 * HOUR_MS)
    artifacts.sweep()
    assert orphan.exists()
    store.write(confirm_clock)
    artifacts.sweep()
    assert not orphan.exists()


def test_a_missing_file_is_an_error_of_its_artifact_until_it_is_back(artifacts, store) -> None:
    stored = artifacts.create()
    artifacts.create("sound")
    artifacts.sweep()
    assert artifacts.module()["status"] == "SYNCED"
    file = artifacts.file_of(stored)
    file.rename(artifacts.folder / "aside")
    assert [finding.entity_id for finding in artifacts.findings("files")] == ["a"]
    artifacts.sweep()
    assert artifacts.get().status == "MISSING"
    with pytest.raises(ArtifactMissingError):
        store.read(get_available_artifact, "a")
    assert artifacts.module()["status"] == "FAILED"
    assert artifacts.module()["error"]["code"] == "ARTIFACT_MISSING"
    (artifacts.folder / "aside").rename(file)
    artifacts.sweep()
    assert artifacts.get() == stored
    assert artifacts.module()["status"] == "SYNCED"
    assert told(store, "artifact.damaged", "artifact.repaired") == [
        ("artifact.damaged", "a"),
        ("artifact.repaired", "a"),
    ]


@pytest.mark.parametrize("content_type", [TEXT_TYPE, "image/png"])
def test_a_file_of_another_length_is_altered_until_it_is_back(artifacts, store, content_type) -> None:
    stored = artifacts.create(data=TEXT, content_type=content_type)
    file = artifacts.file_of(stored)
    right = file.read_bytes()
    file.write_bytes(right + b"more")
    artifacts.sweep()
    assert artifacts.get().status == "ALTERED"
    assert artifacts.module()["error"]["code"] == "ARTIFACT_ALTERED"
    with pytest.raises(ArtifactAlteredError):
        store.read(get_available_artifact, "a")
    file.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
    artifacts.sweep()
    assert artifacts.get().status == "ALTERED"
    file.write_bytes(right)
    artifacts.sweep()
    assert artifacts.get().status == "AVAILABLE"


@pytest.mark.parametrize("content_type", [TEXT_TYPE, "image/png"])
def test_one_flipped_bit_is_found_by_the_deep_check(artifacts, content_type) -> None:
    stored = artifacts.create(data=TEXT, content_type=content_type)
    artifacts.create("sound", data=TEXT, content_type=content_type)
    file = artifacts.file_of(stored)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert artifacts.findings("files") == []
    assert [(each.entity_id, each.error_class.code) for each in artifacts.findings("content")] == [
        ("a", "ARTIFACT_ALTERED")
    ]


def test_the_damage_of_a_deleted_artifact_is_nobodys_concern(artifacts) -> None:
    artifacts.file_of(artifacts.create()).unlink()
    artifacts.sweep()
    assert artifacts.module()["status"] == "FAILED"
    artifacts.delete()
    assert artifacts.module()["status"] == "SYNCED"
    artifacts.sweep()
    assert artifacts.get().status == "DELETED"


def test_a_store_without_artifacts_says_nothing_of_them(artifacts) -> None:
    artifacts.sweep()
    assert artifacts.module() is None


def test_totals_that_are_wrong_are_found(artifacts, store) -> None:
    artifacts.create()
    assert artifacts.findings("totals") == []
    store.write(lambda tx: tx.execute("UPDATE artifact_totals SET stored_bytes = 5"))
    assert len(artifacts.findings("totals")) == 2
