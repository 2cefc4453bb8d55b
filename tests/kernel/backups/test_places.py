"""Where backups go and are prepared: never into what they are of, and nothing of strangers is removed there."""

from __future__ import annotations

import contextlib
import resource
import time

import pytest

from synthetic.backups.archive_file import writing_archive
from synthetic.backups.beside import identities_of, list_files
from synthetic.backups.folder import BackupFolder
from synthetic.backups.metrics import BACKUP_METRICS
from synthetic.backups.scratch import MARK, YOUNG_SECONDS, scratch_folder
from synthetic.backups.service import backup_service
from synthetic.errors import CancelledError, SettingsInvalidError, StorageReadOnlyError
from synthetic.testing import ManualClock, open_test_store, wait_until

from .kit import take


@pytest.mark.parametrize(
    ("setting", "named"),
    [("directory", "nightly"), ("directory", "."), ("directory", "backups/../nightly"), ("scratch", "quarantine/x")],
)
def test_a_folder_in_the_data_directory_stops_the_start(tmp_path, setting, named):
    with open_test_store(tmp_path / "data", settings={f"kernel.backups.{setting}": named}) as store:
        with pytest.raises(SettingsInvalidError, match=f"kernel.backups.{setting} names"):
            backup_service(store.kernel.backups)
        with pytest.raises(SettingsInvalidError):
            take(store)
        assert not (tmp_path / "data" / "nightly").exists()


def test_a_target_in_the_data_directory_is_refused_and_one_below_its_backups_is_not(filled, tmp_path):
    data_dir = filled.kernel.data_dir
    (tmp_path / "link").symlink_to(data_dir)
    for target in (BackupFolder(data_dir / "nightly"), data_dir / "one.zip", BackupFolder(tmp_path / "link" / "x")):
        with pytest.raises(SettingsInvalidError, match="--to"):
            take(filled, target)
    assert take(filled, BackupFolder(data_dir / "backups")).proven_at
    assert take(filled, data_dir / "backups" / "one.zip").proven_at


def test_what_is_written_to_is_passed_over_under_any_path(filled):
    data_dir = filled.kernel.data_dir
    found = list(list_files(data_dir, identities_of(data_dir / "artifacts", data_dir / "not-there")))
    assert "plugins.toml" in found
    assert not [path for path in found if path.startswith("artifacts")]


def test_the_folder_that_a_folder_of_backups_is_in_is_not_made(filled, tmp_path):
    """It may be a disk that is not mounted."""
    with pytest.raises(StorageReadOnlyError):
        take(filled, BackupFolder(tmp_path / "not-mounted" / "fleet"))
    assert not (tmp_path / "not-mounted").exists()


def test_only_what_a_killed_process_has_left_is_removed_where_scratch_folders_and_single_files_are_made(tmp_path):
    partial, kept = tmp_path / "fleet.zip.0123abcd.partial", tmp_path / "fleet.zip.mine.partial"
    partial.touch()
    kept.touch()
    left = tmp_path / f"synthetic-scratch-{'0' * 16}"
    strangers = [
        tmp_path / name for name in ("scratch-thesis", "synthetic-scratch-mine", f"synthetic-scratch-{'1' * 16}")
    ]
    for folder in (left, *strangers):
        folder.mkdir()
        (folder / "file").touch()
    (left / MARK).touch()
    wait_until(lambda: time.time() - left.stat().st_ctime > YOUNG_SECONDS, "its age")
    with scratch_folder(tmp_path) as first, scratch_folder(tmp_path) as second:
        assert first.is_dir()
        assert list(second.iterdir()) == []
        assert not left.exists()
        assert all((folder / "file").exists() for folder in strangers)
    with contextlib.suppress(CancelledError), writing_archive(tmp_path / "fleet.zip"):
        raise CancelledError
    assert sorted(tmp_path.iterdir()) == sorted([*strangers, kept])


def test_a_parent_that_may_only_be_passed_through_does_not_fail_a_backup(filled, tmp_path):
    outer = tmp_path / "outer"
    (outer / "fleet").mkdir(parents=True)
    outer.chmod(0o311)
    try:
        assert take(filled, BackupFolder(outer / "fleet")).proven_at
    finally:
        outer.chmod(0o700)


def test_a_scratch_folder_that_cannot_hold_the_proof_is_what_the_error_names(tmp_path):
    """The limit on the size of a file stands for a disk: it stops what is restored, and not the pieces of a backup."""
    scratch = tmp_path / "scratch"
    with open_test_store(tmp_path / "data", settings={"kernel.backups.scratch": str(scratch)}) as store:
        (store.kernel.data_dir / "of-a-plugin").mkdir()
        with (store.kernel.data_dir / "of-a-plugin" / "large").open("wb") as file:
            file.truncate(20_000_000)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_000_000, limits[1]))
        try:
            with pytest.raises(StorageReadOnlyError, match=f"scratch folder {scratch} cannot be written"):
                take(store)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        folder = store.kernel.backups.folder
        assert folder.list_backups() == ([], [])
        assert list(folder.path.glob("objects/*/*")) == list(scratch.iterdir()) == []
        assert take(store).proven_at


def test_metrics_say_how_old_and_how_large_the_last_proven_backup_is(data_dir):
    clock = ManualClock()
    with open_test_store(data_dir, clock=clock) as store:
        assert [store.read(reading.read) for reading in BACKUP_METRICS] == [None, None]
        backup = take(store)
        clock.advance(5_000)
        assert [store.read(reading.read) for reading in BACKUP_METRICS] == [5, backup.size_bytes]
