"""Damage that comes after a backup was proven: found, told, and healed by the next one."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from synthetic.backups.before_change import back_up_before
from synthetic.backups.errors import BackupDamagedError, BackupUnprovenError
from synthetic.backups.objects import object_name
from synthetic.backups.records import Backup
from synthetic.backups.rotation import rotate
from synthetic.backups.sources import open_backup
from synthetic.backups.verifying import Verified, verify_backup
from synthetic.errors import NotFoundError, StorageFailedError
from synthetic.store import Store

from .kit import damage_of, go_on, take

ARTIFACT = "artifacts/first/log/a.txt"


def damage_artifact(store: Store, backup: Backup, of: str = ARTIFACT) -> str:
    """Flip a byte in the piece of a file that does not change; the name of the piece."""
    folder = store.kernel.backups.folder
    (file,) = [each for each in folder.read_contents(backup).files if each.path == of]
    path = folder.path / object_name(file.pieces[0].digest)
    content = bytearray(path.read_bytes())
    content[8] ^= 1
    path.write_bytes(content)
    return object_name(file.pieces[0].digest)


def verify(store: Store, backup: Backup, hook=go_on) -> Verified:
    with open_backup(backup.id, store.kernel.backups.folder) as opened:
        return verify_backup(store.kernel.backups, opened, hook)


def test_a_damaged_piece_of_a_file_that_does_not_change_is_stored_anew_by_the_next_backup(filled):
    first = take(filled)
    name = damage_artifact(filled, first)
    with pytest.raises(BackupDamagedError, match=name):
        take(filled)
    folder = filled.kernel.backups.folder
    (told,) = folder.list_backups()[0]
    assert (told.proven_at, told.is_damaged, told.problems) == (None, True, (f"{name} was not as it was written.",))
    healed = take(filled)
    assert healed.proven_at
    assert damage_of(healed.id, filled) == damage_of(first.id, filled) == ""
    again = verify(filled, first)
    assert again.backup.proven_at
    assert folder.get_backup(first.id) == again.backup
    assert not again.backup.is_damaged


def test_however_many_pieces_are_damaged_one_backup_fails_for_them(filled):
    for number in range(5):
        (filled.kernel.data_dir / "archive" / f"segment-{number}").write_bytes(b"%d" % number * 1_000)
    first = take(filled)
    folder = filled.kernel.backups.folder
    names = [
        damage_artifact(filled, first, file.path)
        for file in folder.read_contents(first).files
        if "segment-" in file.path
    ]
    assert len(names) == 5
    with pytest.raises(BackupDamagedError):
        take(filled)
    (told,) = folder.list_backups()[0]
    assert told.problems[0] in {f"{name} was not as it was written." for name in names}
    assert sorted(path.name for path in folder.path.glob("objects/*/*.damaged")) == sorted(
        f"{name.rpartition('/')[2]}.damaged" for name in names
    )
    assert take(filled).proven_at
    assert damage_of(first.id, filled) == ""


def test_verifying_notes_damage_so_that_it_is_not_the_latest_nor_kept_instead_of_a_whole_one(filled):
    good = take(filled)
    (filled.kernel.data_dir / ARTIFACT).write_bytes(os.urandom(1_000))
    bad = take(filled)
    folder, settings = filled.kernel.backups.folder, filled.kernel.settings.backups
    name = damage_artifact(filled, bad)
    verified = verify(filled, bad)
    assert verified.damage == (f"{name}, a part of {ARTIFACT}",)
    assert folder.get_backup(bad.id).proven_at is None
    with open_backup("latest", folder) as opened:
        assert opened.backup == good
    assert rotate(folder, replace(settings, keep_count=1), filled.kernel.clock.now_ms()).backups == ()


def test_one_of_the_database_alone_is_verified_as_it_was_taken(filled):
    kernel = filled.kernel
    filled.write(lambda tx: tx.execute("INSERT INTO meta VALUES ('filler', 'x')"))
    backup = back_up_before("migration", kernel.directory, kernel.settings, "1", kernel.clock)
    refusing = replace(kernel.backups, inspection=None)  # what it needs are the files
    with open_backup(backup.id, kernel.backups.folder) as opened:
        assert verify_backup(refusing, opened, go_on).backup.proven_at


def test_one_that_is_removed_while_it_is_verified_stays_removed_and_a_lock_is_no_finding(filled):
    backup = take(filled)
    folder = filled.kernel.backups.folder
    with folder.locked():
        held = verify(filled, backup)
    assert (held.damage, held.unsaved.code) == ((), "BACKUP_BUSY")
    assert held.backup.proven_at

    def remove(_done_bytes: int) -> None:
        folder.remove(backup)

    with pytest.raises(NotFoundError):
        verify(filled, backup, remove)
    assert folder.list_backups()[0] == []


def test_a_record_that_may_not_have_reached_the_disk_goes_before_its_pieces(filled, monkeypatch):
    first = take(filled)
    folder = filled.kernel.backups.folder
    before = sorted(folder.path.rglob("*"))
    (filled.kernel.data_dir / ARTIFACT).write_bytes(os.urandom(1_000))
    save = type(folder).save

    def fail(self, backup):
        save(self, backup)
        raise StorageFailedError

    with monkeypatch.context() as patch:
        patch.setattr(type(folder), "save", fail)
        with pytest.raises(StorageFailedError):
            take(filled)
    assert [path for path in sorted(folder.path.rglob("*")) if path.is_file()] == [
        path for path in before if path.is_file()
    ]
    assert damage_of(first.id, filled) == ""


def test_one_file_is_not_replaced_by_one_that_is_not_proven(filled, tmp_path):
    target = tmp_path / "fleet.zip"
    take(filled, target)
    before = target.read_bytes()
    filled.write(lambda tx: tx.execute("INSERT INTO meta VALUES ('log_pruned_to', '999')"))
    with pytest.raises(BackupUnprovenError) as refused:
        take(filled, target)
    assert target.read_bytes() == before
    assert refused.value.details["place"] == str(tmp_path / "fleet.unproven.zip")
    with open_backup(str(tmp_path / "fleet.unproven.zip"), filled.kernel.backups.folder) as opened:
        assert opened.backup.proven_at is None
