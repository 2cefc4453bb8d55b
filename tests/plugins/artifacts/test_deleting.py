"""Deleting artifacts: in time it can be taken back, then the row goes, then the file."""

from __future__ import annotations

import pytest

from plugins.artifacts.driving import HOUR_MS
from plugins.logged import told
from synthetic import ConflictError, NotFoundError, delete_owned, run_retention_batch
from synthetic_artifacts.errors import ArtifactDeletedError, ArtifactRestoreError
from synthetic_artifacts.marks import MARK
from synthetic_artifacts.store import get_available_artifact, list_removals, read_usage
from synthetic_jobs.store import save_job
from synthetic_sessions.store import save_session

DAY_MS = 24 * HOUR_MS


def delete_by_age(store, rule: str) -> int:
    return store.write(run_retention_batch, f"artifacts.{rule}").rows


def test_a_deleted_artifact_keeps_its_file_and_can_be_restored(artifacts, store) -> None:
    stored = artifacts.create()
    deleted = artifacts.delete()
    assert (deleted.status, deleted.deleted_at) == ("DELETED", artifacts.clock.now_ms())
    assert artifacts.delete() == deleted
    with pytest.raises(ArtifactDeletedError):
        store.read(get_available_artifact, "a")
    assert artifacts.file_of(stored).exists()
    assert store.read(read_usage).stored_bytes == len(b"content")
    assert artifacts.restore() == stored
    assert artifacts.restore() == stored
    assert told(store, "artifact.trashed", "artifact.restored") == [
        ("artifact.trashed", "a"),
        ("artifact.restored", "a"),
    ]


def test_the_id_of_a_deleted_artifact_is_not_free_yet(artifacts) -> None:
    artifacts.create()
    artifacts.delete()
    with pytest.raises(ConflictError):
        artifacts.create()


def test_after_the_grace_time_row_and_file_go_and_the_id_is_free(artifacts, store, clock) -> None:
    artifacts.create("kept")
    artifacts.create()
    artifacts.delete()
    clock.advance(DAY_MS - 60_000)
    assert delete_by_age(store, "deleted") == 0
    clock.advance(120_000)
    with pytest.raises(ArtifactRestoreError):
        artifacts.restore()
    assert delete_by_age(store, "deleted") == 1
    assert store.read(list_removals, 10) != []
    assert artifacts.remove() == 1
    assert store.read(list_removals, 10) == []
    assert artifacts.files() == [artifacts.get("kept").path]
    assert told(store, "artifact.deleted") == [("artifact.deleted", "a")]
    assert artifacts.save().created


def test_an_expired_artifact_goes_an_hour_later(artifacts, store, clock) -> None:
    artifacts.create(expires_at=clock.now_ms() + HOUR_MS)
    artifacts.create("lasting")
    clock.advance(2 * HOUR_MS - 60_000)
    assert delete_by_age(store, "expired") == 0
    clock.advance(120_000)
    assert delete_by_age(store, "expired") == 1
    assert artifacts.find() is None
    artifacts.remove()
    assert artifacts.files() == [artifacts.get("lasting").path]


def test_age_alone_deletes_nothing_unless_asked(artifacts, store, clock) -> None:
    artifacts.create()
    clock.advance(20 * HOUR_MS)
    assert delete_by_age(store, "old") == 0
    assert artifacts.find() is not None


def test_the_files_of_a_deleted_construct_follow_it(artifacts, store) -> None:
    for number in range(3):
        artifacts.create(f"a{number}", type=f"type {number}")
    delete_owned(store, "constructs", "c")
    assert artifacts.find("a0") is None
    assert store.read(read_usage) == (0, 0)
    assert artifacts.remove() == 3
    assert [path.name for path in artifacts.folder.iterdir()] == [MARK]


def test_an_artifact_outlives_its_session_and_its_job(artifacts, store) -> None:
    store.write(
        lambda tx: (save_session(tx, {"construct_id": "c"}, session_id="s"), save_job(tx, {"kind": "k"}, job_id="j"))
    )
    artifacts.create(session_id="s", job_id="j")
    delete_owned(store, "sessions", "s")
    delete_owned(store, "sync_jobs", "j")
    assert (artifacts.get().session_id, artifacts.get().job_id) == (None, None)


def test_a_file_that_is_gone_already_is_no_reason_to_stop(artifacts, store) -> None:
    artifacts.file_of(artifacts.create("a")).unlink()
    artifacts.create("b")
    store.write(lambda tx: tx.execute("DELETE FROM artifacts"))
    assert artifacts.remove() == 2
    assert artifacts.files() == []


def test_what_is_not_there_cannot_be_deleted_or_restored(artifacts) -> None:
    for act in (artifacts.delete, artifacts.restore):
        with pytest.raises(NotFoundError):
            act("none")
