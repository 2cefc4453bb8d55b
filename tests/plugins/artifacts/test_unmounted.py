"""A folder of artifacts that is not there, or is another store's, as where a disk is not mounted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.artifacts.driving import HOUR_MS, Artifacts, folder_of, forget
from plugins.artifacts.serving import Served
from plugins.logged import told
from synthetic import StorageFullError
from synthetic.cli import progress
from synthetic.testing import ManualClock, copy_template, open_test_store, running_server, wait_until
from synthetic_artifacts import presence
from synthetic_artifacts.copying import artifact_pieces
from synthetic_artifacts.errors import ArtifactsAbsentError
from synthetic_artifacts.marks import MARK, find_fault, mark_folder
from synthetic_artifacts.model import ArtifactStatus
from synthetic_artifacts.presence import watch_folder
from synthetic_artifacts.store import list_removals, mark_damaged, mark_repaired, read_claim


@pytest.fixture
def unmount(artifacts: Artifacts) -> Callable[[bool], Path]:
    """Takes the disk of the folder away, to where it then is, and leaves an empty mount point, or nothing."""

    def take_away(leaves_mount_point: bool = True) -> Path:
        aside = artifacts.folder.with_name("aside")
        artifacts.folder.rename(aside)
        if leaves_mount_point:
            artifacts.folder.mkdir()
        return aside

    return take_away


def mount(artifacts: Artifacts, disk: Path) -> None:
    """Bring the disk back."""
    if artifacts.folder.exists():
        artifacts.folder.rmdir()
    disk.rename(artifacts.folder)


@pytest.mark.parametrize("leaves_mount_point", [False, True])
def test_a_disk_that_is_not_mounted_is_one_error_and_not_one_of_each_artifact(
    artifacts, store, unmount, leaves_mount_point
) -> None:
    for number in range(3):
        artifacts.create(f"a{number}")
    artifacts.sweep()
    disk = unmount(leaves_mount_point)
    artifacts.sweep()
    assert (artifacts.module()["status"], artifacts.module()["error"]["code"]) == ("FAILED", "ARTIFACTS_ABSENT")
    assert [finding.error_class.code for finding in artifacts.findings("files")] == ["ARTIFACTS_ABSENT"]
    assert artifacts.findings("content") == artifacts.findings("orphans") == []
    assert artifacts.get("a0").status == "AVAILABLE"
    assert told(store, "artifact.damaged") == []
    mount(artifacts, disk)
    watch_folder(store)
    assert artifacts.module()["status"] == "SYNCED"
    artifacts.sweep()
    assert artifacts.get("a0").status == "AVAILABLE"
    assert artifacts.findings("files") == []


@pytest.mark.parametrize("leaves_mount_point", [False, True])
def test_nothing_is_written_where_the_disk_should_be(artifacts, unmount, leaves_mount_point) -> None:
    artifacts.create()
    disk = unmount(leaves_mount_point)
    with pytest.raises(ArtifactsAbsentError):
        artifacts.create("b")
    assert artifacts.folder.exists() == leaves_mount_point
    assert not leaves_mount_point or list(artifacts.folder.iterdir()) == []
    assert artifacts.find("b") is None
    mount(artifacts, disk)
    assert artifacts.save("b").created


def test_files_that_are_to_be_removed_wait_for_their_disk(artifacts, store, unmount) -> None:
    kept, gone = artifacts.create("kept"), artifacts.create("gone")
    store.write(lambda tx: tx.execute("DELETE FROM artifacts WHERE id = 'gone'"))
    disk = unmount()
    artifacts.remove()
    assert store.read(list_removals, 10) == [gone.path]
    mount(artifacts, disk)
    artifacts.remove()
    assert (store.read(list_removals, 10), artifacts.files()) == ([], [kept.path])


@pytest.mark.parametrize("was_removed", [False, True])
def test_an_empty_mount_point_is_not_marked_when_the_last_artifact_is_gone(
    artifacts, store, unmount, was_removed
) -> None:
    gone = artifacts.create()
    store.write(lambda tx: tx.execute("DELETE FROM artifacts"))
    if was_removed:
        artifacts.remove()
    disk = unmount()
    watch_folder(store)
    artifacts.remove()
    assert list(artifacts.folder.iterdir()) == []
    assert store.read(list_removals, 10) == ([] if was_removed else [gone.path])
    assert artifacts.module()["error"]["code"] == "ARTIFACTS_ABSENT"
    with pytest.raises(ArtifactsAbsentError):
        artifacts.create("b")
    mount(artifacts, disk)
    watch_folder(store)
    assert artifacts.module()["status"] == "SYNCED"
    artifacts.remove()
    assert artifacts.files() == []


def test_files_that_are_to_be_removed_show_whose_folder_it_is(artifacts, store) -> None:
    artifacts.create()
    store.write(lambda tx: tx.execute("DELETE FROM artifacts"))
    (artifacts.folder / MARK).unlink()
    artifacts.remove()
    assert (artifacts.files(), store.read(list_removals, 10)) == ([], [])
    assert (artifacts.folder / MARK).exists()


def test_a_store_without_artifacts_that_is_restored_elsewhere_makes_its_folder(artifacts, store, unmount) -> None:
    watch_folder(store)
    lost = unmount(leaves_mount_point=False)
    watch_folder(store)
    assert artifacts.module() is None
    assert (artifacts.folder / MARK).exists()
    lost.rename(lost.with_name("never-used"))
    # Where a disk was mounted, an empty folder is left.
    (artifacts.folder / MARK).unlink()
    watch_folder(store)
    assert artifacts.module()["error"]["code"] == "ARTIFACTS_ABSENT"


def test_what_sync_status_says_of_the_disk_stays_until_it_is_back(artifacts, store, unmount) -> None:
    for id in ("lost", "altered"):
        artifacts.file_of(artifacts.create(id)).unlink()
    kept = artifacts.create("kept")
    artifacts.sweep()
    disk = unmount()
    watch_folder(store)
    artifacts.delete("lost")
    store.write(mark_damaged, kept, ArtifactStatus.ALTERED)
    store.write(mark_repaired, kept)
    assert artifacts.module()["error"]["code"] == "ARTIFACTS_ABSENT"
    mount(artifacts, disk)
    watch_folder(store)
    assert artifacts.module()["error"]["code"] == "ARTIFACT_MISSING"
    artifacts.delete("altered")
    assert artifacts.module()["status"] == "SYNCED"


def test_a_restart_while_the_disk_is_away_does_not_leave_sync_status_failed(template, tmp_path) -> None:
    data = copy_template(template, tmp_path / "store")
    folder, aside = data / "artifacts", data / "aside"
    settings = {"plugins.artifacts.free_disk_bytes": "0"}
    with open_test_store(data, settings=settings) as store:
        forget(store)
        artifacts = Artifacts(store, ManualClock())
        artifacts.create()
        folder.rename(aside)
        watch_folder(store)
        assert artifacts.module()["status"] == "FAILED"
    aside.rename(folder)
    with open_test_store(data, settings=settings) as store:
        watch_folder(store)
        assert Artifacts(store, ManualClock()).module()["status"] == "SYNCED"


def test_a_store_that_is_older_than_the_mark_knows_its_folder_by_its_files(artifacts, store) -> None:
    artifacts.create()
    # As in a backup that was made before there were marks.
    (artifacts.folder / MARK).write_text("0" * 32)
    store.write(lambda tx: tx.execute("UPDATE artifact_folder SET is_marked = 0"))
    assert artifacts.findings("files") == []
    watch_folder(store)
    assert (artifacts.folder / MARK).read_text().startswith(store.read(read_claim).mark)
    assert artifacts.module() is None
    assert artifacts.save("b").created


def test_a_folder_that_cannot_be_marked_is_said_once(artifacts, store, monkeypatch) -> None:
    artifacts.create()
    (artifacts.folder / MARK).unlink()
    warned: list[str] = []
    monkeypatch.setattr(presence.log, "warning", lambda message, **_: warned.append(message))

    def fail(*_: object) -> None:
        raise StorageFullError

    with monkeypatch.context() as patch:
        patch.setattr(presence, "mark_folder", fail)
        for _ in range(3):
            watch_folder(store)
        assert len(warned) == 1
    watch_folder(store)
    (artifacts.folder / MARK).unlink()
    monkeypatch.setattr(presence, "mark_folder", fail)
    watch_folder(store)
    assert len(warned) == 2


def test_the_folder_of_another_store_is_not_swept_nor_written_to(artifacts, store, clock, unmount) -> None:
    artifacts.create()
    disk = unmount()
    (artifacts.folder / MARK).write_text("0" * 32)
    (artifacts.folder / "c" / "log").mkdir(parents=True)
    theirs = artifacts.folder / "c" / "log" / "theirs"
    theirs.write_bytes(b"content")
    clock.advance(2 * HOUR_MS)
    artifacts.sweep()
    assert theirs.exists()
    with pytest.raises(ArtifactsAbsentError, match="another store"):
        artifacts.create("b")
    # Also while there is no artifact whose file could be missed.
    store.write(lambda tx: tx.execute("DELETE FROM artifacts"))
    artifacts.sweep()
    assert theirs.exists()
    assert (artifacts.module()["status"], artifacts.module()["error"]["code"]) == ("FAILED", "ARTIFACTS_ABSENT")
    for path in (theirs, artifacts.folder / MARK):
        path.unlink()
    for path in ("c/log", "c"):
        (artifacts.folder / path).rmdir()
    mount(artifacts, disk)
    watch_folder(store)
    assert artifacts.module()["status"] == "SYNCED"


def put_theirs(folder: Path, path: str) -> None:
    """Make a folder of another store, with a file of the same path."""
    (folder / path).parent.mkdir(parents=True)
    (folder / path).write_bytes(b"of another store")
    (folder / MARK).write_text("0" * 32)


def test_a_file_in_the_folder_of_another_store_is_not_taken_for_an_altered_one(artifacts, store, unmount) -> None:
    stored = artifacts.create()
    disk = unmount()
    put_theirs(artifacts.folder, stored.path)
    with (
        pytest.raises(ArtifactsAbsentError),
        progress("Copying", as_json=True) as shown,
        artifact_pieces(store, stored, shown),
    ):
        pass
    assert artifacts.get().status == "AVAILABLE"
    shutil.rmtree(artifacts.folder)
    mount(artifacts, disk)


def test_a_mark_that_is_lost_is_written_again_where_the_files_are(artifacts, store) -> None:
    artifacts.create()
    (artifacts.folder / MARK).unlink()
    assert artifacts.save("b").created
    assert (artifacts.folder / MARK).exists()
    (artifacts.folder / MARK).unlink()
    artifacts.sweep()
    assert (artifacts.folder / MARK).exists()
    assert artifacts.module()["status"] == "SYNCED"


def test_a_folder_that_is_adopted_is_swept_again(artifacts, store, unmount) -> None:
    artifacts.create()
    unmount()
    artifacts.sweep()
    assert artifacts.get().status == "AVAILABLE"
    folder = folder_of(store)
    claim = store.read(read_claim)
    (artifacts.folder / f"{MARK}.0123.partial").write_text("what a crash has left")
    mark_folder(folder, claim)
    assert find_fault(folder, claim) is None
    assert [path.name for path in artifacts.folder.iterdir()] == [MARK]
    artifacts.sweep()
    assert artifacts.get().status == "MISSING"
    artifacts.folder.with_name("aside").rename(artifacts.folder.with_name("lost"))


def test_a_link_in_place_of_the_mark_is_not_followed(artifacts, store, tmp_path) -> None:
    artifacts.create()
    claim = store.read(read_claim)
    (tmp_path / "mark").write_text(claim.mark)
    mark = artifacts.folder / MARK
    mark.unlink()
    mark.symlink_to(tmp_path / "mark")
    artifacts.create("b")
    assert mark.read_text().startswith(claim.mark)
    assert not mark.is_symlink()
    assert (tmp_path / "mark").read_text() == claim.mark


def test_a_server_refuses_both_ways_until_the_disk_is_back(template, tmp_path) -> None:
    data = copy_template(template, tmp_path / "store")
    flags = ("--set", "plugins.artifacts.free_disk_bytes=0", "--set", "plugins.artifacts.watch_every_ms=100")
    with open_test_store(data) as store:
        forget(store)
    with running_server(data, *flags) as server:
        served = Served(server, data)
        with served.client:
            # The first start has made the folder, before there was anything to put into it.
            wait_until((served.folder / MARK).exists, "the mark")
            assert served.put("a", b"content").status_code == 201
            aside = served.folder.with_name("aside")
            served.folder.rename(aside)
            answer = served.get("a")
            assert (answer.status_code, answer.json()["code"]) == (503, "ARTIFACTS_ABSENT")
            assert served.put("b", b"content").json()["code"] == "ARTIFACTS_ABSENT"
            wait_until(lambda: module_of(served)["error"] == {"code": "ARTIFACTS_ABSENT"}, "sync status")
            assert not served.folder.exists()
            assert served.graphql('{ artifact(id: "a") { status } }') == {"artifact": {"status": "AVAILABLE"}}
            path = served.graphql('{ artifact(id: "a") { path } }')["artifact"]["path"]
            put_theirs(served.folder, path)
            answer = served.get("a")
            assert (answer.status_code, answer.json()["code"]) == (503, "ARTIFACTS_ABSENT")
            assert served.graphql('{ artifact(id: "a") { status } }') == {"artifact": {"status": "AVAILABLE"}}
            served.folder.rename(served.folder.with_name("theirs"))
            aside.rename(served.folder)
            wait_until(lambda: module_of(served)["status"] == "SYNCED", "sync status")
            assert served.get("a").content == b"content"


def module_of(served: Served) -> dict[str, object]:
    found = served.graphql("{ syncStatus { module status error { code } } }")["syncStatus"]
    return next((each for each in found if each["module"] == "artifacts"), {"status": None, "error": None})
