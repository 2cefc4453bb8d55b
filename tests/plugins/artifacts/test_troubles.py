"""What goes wrong around the files: full stores, strange names, files in the way, disks that are not there."""

from __future__ import annotations

import os
import random

import pytest

from plugins.artifacts.driving import HOUR_MS, TEXT, TEXT_TYPE, Artifacts, folder_of, forget
from plugins.artifacts.serving import SAID, Served
from plugins.logged import told
from synthetic import ConflictError, StorageFullError, SystemClock, check_room, run_retention_batch
from synthetic.database.transaction import Transaction
from synthetic.testing import (
    ManualClock,
    copy_template,
    expect_data,
    open_test_store,
    running_server,
)
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactTouchedError
from synthetic_artifacts.known_files import KnownFiles
from synthetic_artifacts.reading import open_content

NOISE = random.Random(1).randbytes(3_000_000)
LIMIT = "kernel.storage.limit_bytes"


def test_at_the_storage_limit_artifacts_are_deleted_and_no_upload_is_taken(template, tmp_path) -> None:
    data = copy_template(template, tmp_path / "full")
    with open_test_store(data, settings={"plugins.artifacts.free_disk_bytes": "0"}) as store:
        forget(store)
        Artifacts(store, ManualClock()).create()
        store.read(check_room)
    with open_test_store(data, settings={LIMIT: "1", "kernel.database.free_disk_bytes": "0"}) as store:
        expect_data(store.graphql('mutation { deleteArtifact(input: {id: "a"}) { artifact { status } } }'))
        with pytest.raises(StorageFullError):
            store.read(check_room)
    with running_server(data, "--set", f"{LIMIT}=1") as server:
        served = Served(server, data)
        query = "&".join(f"{name}={value}" for name, value in SAID.items())
        # The body is announced and never sent: the refusal comes all the same.
        with served.client, served.connect(f"PUT /artifacts/b?{query} HTTP/1.1") as connection:
            connection.sendall(b"Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\n")
            assert b" 507 " in connection.recv(4_096).split(b"\r\n")[0]


def sent_again(artifacts: Artifacts, data: bytes, content_type: str) -> None:
    saved = artifacts.save(data=data, content_type=content_type)
    assert (saved.created, saved.artifact.status) == (False, "AVAILABLE")
    assert artifacts.get() == saved.artifact
    assert artifacts.files() == [saved.artifact.path]
    open_content(folder_of(artifacts.store), saved.artifact, KnownFiles()).close()
    assert artifacts.module()["status"] == "SYNCED"


@pytest.mark.parametrize(("data", "content_type"), [(TEXT, TEXT_TYPE), (b"noise", "image/png")])
def test_content_that_is_sent_again_repairs_an_artifact(artifacts, store, data, content_type) -> None:
    stored = artifacts.create(data=data, content_type=content_type)
    artifacts.file_of(stored).unlink()
    artifacts.sweep()
    assert artifacts.get().status == "MISSING"
    sent_again(artifacts, data, content_type)
    artifacts.file_of(stored).write_bytes(b"else")
    artifacts.sweep()
    assert artifacts.get().status == "ALTERED"
    with pytest.raises(ConflictError):
        artifacts.save(data=data + b"!", content_type=content_type)
    assert artifacts.get().status == "ALTERED"
    sent_again(artifacts, data, content_type)
    assert [kind for kind, _ in told(store, "artifact.damaged", "artifact.repaired")] == [
        "artifact.damaged",
        "artifact.repaired",
    ] * 2


def test_what_is_stored_already_is_not_refused_by_the_room_that_it_takes(artifacts) -> None:
    artifacts.create(data=NOISE, content_type="image/png")
    assert not artifacts.save(data=NOISE, content_type="image/png").created
    assert len(artifacts.files()) == 1


def test_what_cannot_be_removed_holds_up_nothing_else(artifacts, store) -> None:
    blocked, later = artifacts.create("a"), artifacts.create("b", name="zz.log")
    artifacts.file_of(blocked).unlink()
    artifacts.file_of(blocked).mkdir()
    store.write(lambda tx: tx.execute("DELETE FROM artifacts"))
    bad = "c/\0/x"
    store.write(lambda tx: tx.execute("INSERT INTO artifact_removals VALUES ('../../x'), (:bad)", {"bad": bad}))
    artifacts.remove()
    assert not artifacts.file_of(later).exists()
    assert store.read(lambda snapshot: snapshot.rows("SELECT path FROM artifact_removals")) == []


def test_a_name_that_is_too_long_for_the_disk_waits_and_the_others_go(artifacts, store) -> None:
    later = artifacts.create(name="zz.log")
    store.write(lambda tx: tx.execute("DELETE FROM artifacts"))
    long = f"c/log/{'x' * 400}"
    store.write(lambda tx: tx.execute("INSERT INTO artifact_removals VALUES (:long)", {"long": long}))
    artifacts.remove()
    assert not artifacts.file_of(later).exists()
    assert store.read(lambda snapshot: snapshot.rows("SELECT path FROM artifact_removals")) == [(long,)]


def test_a_name_that_is_no_text_is_an_orphan_like_any_other(artifacts, clock) -> None:
    kept = artifacts.create()
    strange = os.fsencode(artifacts.file_of(kept).parent) + b"/bad\xff"
    try:
        os.close(os.open(strange, os.O_CREAT | os.O_WRONLY))
    except OSError:
        pytest.skip("this file system takes no such name")
    clock.advance(2 * HOUR_MS)
    assert [finding.details["path"] for finding in artifacts.findings("orphans")] == ["c/log/bad\\xff"]
    artifacts.sweep()
    assert artifacts.files() == [kept.path]


def test_the_data_directory_reaches_the_disk_with_the_first_artifact(artifacts, store, monkeypatch) -> None:
    synced: set[int] = set()
    fsync = os.fsync

    def noting(fd: int) -> None:
        synced.add(os.fstat(fd).st_ino)
        fsync(fd)

    monkeypatch.setattr(os, "fsync", noting)
    artifacts.create()
    assert {store.kernel.data_dir.stat().st_ino, artifacts.folder.stat().st_ino} <= synced


def test_a_file_that_goes_while_files_are_listed_ends_no_list(artifacts, store) -> None:
    for number in range(12):
        artifacts.create(f"a{number}")
    listed = folder_of(store).list_files("c")
    seen = next(listed).path
    gone = [path for path in artifacts.files() if path != seen][5]
    (artifacts.folder / gone).unlink()
    assert len(list(listed)) == 10


def test_a_path_that_can_be_none_does_not_end_a_sweep(artifacts, store) -> None:
    stored = artifacts.create("b")
    store.write(_copy_rows, ["../../x", f"c/log/{'x' * 400}"])
    artifacts.file_of(stored).unlink()
    artifacts.sweep()
    assert artifacts.get("b").status == "MISSING"
    assert artifacts.module()["status"] == "FAILED"


def _copy_rows(tx: Transaction, paths: list[str]) -> None:
    for number, path in enumerate(paths):
        tx.execute(
            "INSERT INTO artifacts SELECT :id, construct_id, session_id, job_id, type, name, content_type, size_bytes,"
            " stored_bytes, sha256, encoding, :path, metadata, status, created_at, expires_at, deleted_at"
            " FROM artifacts WHERE id = 'b'",
            {"id": f"a{number}", "path": path},
        )


def test_what_was_deleted_keeps_its_grace_time_however_old_it_is(artifacts, store, clock) -> None:
    artifacts.create(expires_at=clock.now_ms() + HOUR_MS)
    clock.advance(3 * HOUR_MS)
    artifacts.delete()
    assert store.write(run_retention_batch, "artifacts.expired").rows == 0
    artifacts.restore()
    assert store.write(run_retention_batch, "artifacts.expired").rows == 1


def test_a_file_of_the_same_content_is_not_altered_when_its_mode_or_links_change(artifacts, store, tmp_path) -> None:
    stored = artifacts.create(data=NOISE, content_type="image/png")
    folder, file = folder_of(store), artifacts.file_of(stored)
    content = open_content(folder, stored, KnownFiles())
    assert content.read(0, 1_000) == NOISE[:1_000]
    file.chmod(0o640)
    with pytest.raises(ArtifactTouchedError):
        content.read(1_000, 1_000)
    content.close()
    open_content(folder, stored, KnownFiles()).close()
    file.write_bytes(NOISE[:-1] + bytes([NOISE[-1] ^ 1]))
    with pytest.raises(ArtifactAlteredError):
        open_content(folder, stored, KnownFiles())


def test_a_download_that_a_change_of_mode_ends_leaves_the_artifact_available(template, tmp_path) -> None:
    data = copy_template(template, tmp_path / "touched")
    with open_test_store(data, settings={"plugins.artifacts.free_disk_bytes": "0"}) as store:
        forget(store)
        content = random.Random(2).randbytes(20_000_000)
        stored = Artifacts(store, ManualClock(SystemClock().now_ms())).create(data=content, content_type="image/png")
    with running_server(data) as server:
        served = Served(server, data)
        with served.client:
            with served.connect("GET /artifacts/a HTTP/1.1", receive_bytes=4_096) as connection:
                connection.sendall(b"\r\n")
                received = len(connection.recv(1_000))
                (served.folder / stored.path).chmod(0o640)
                while piece := connection.recv(1_000_000):
                    received += len(piece)
            assert received < len(content)
            assert served.graphql('{ artifact(id: "a") { status } }') == {"artifact": {"status": "AVAILABLE"}}
            assert served.get("a").content == content
