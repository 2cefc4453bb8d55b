"""Backups: whole, of one position, proven at once, incremental, and nothing left of one that was not taken."""

from __future__ import annotations

import contextlib
import os
import zipfile

import pytest

from synthetic.backups.archive_file import SUFFIX, check_archive, reading_archive, writing_archive
from synthetic.backups.beside import list_files
from synthetic.backups.errors import BackupBusyError, BackupDamagedError, BackupUnprovenError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.objects import FolderObjects, object_name
from synthetic.backups.pieces import keep_content, read_content
from synthetic.backups.proving import restore_files
from synthetic.backups.records import Backup, Piece, seal
from synthetic.backups.sources import open_backup
from synthetic.errors import CancelledError, OverloadedError
from synthetic.log.positions import read_position
from synthetic.testing import expect_data, open_test_store

from .kit import SAVE, contents_of, damage_of, files_below, go_on, ids_in, take

KEPT = ["archive/events-1-2.jsonl.zst", "artifacts/first/log/a.txt", "plugins.toml"]
"""Of the files of `filled`; the artifacts plugin may add its mark."""


FILLER = "x" * 3_000_000


def status_of(store):
    answer = expect_data(store.graphql('{ syncStatus(module: "backup") { status error { code } } }'))
    return answer["syncStatus"][0]


@pytest.mark.parametrize("target", ["folder", "file"])
def test_a_backup_has_everything_of_one_position_and_no_secret_and_is_proven(filled, tmp_path, target):
    (filled.kernel.data_dir / "replaced").mkdir()
    (filled.kernel.data_dir / "replaced" / "by-a-plugin").touch()
    position = str(filled.read(read_position))
    to = BackupFolder(tmp_path / "elsewhere") if target == "folder" else tmp_path / f"one{SUFFIX}"
    backup = take(filled, to)
    assert backup.proven_at is not None
    assert backup.position.split(":")[0] == position.split(":", maxsplit=1)[0]
    named = str(tmp_path / "elsewhere" / f"{backup.id}.json") if target == "folder" else str(to)
    with open_backup(named, filled.kernel.backups.folder) as opened:
        paths = contents_of(opened)
        restore_files(opened.read_contents(), opened.objects, tmp_path / "restored", go_on)
    assert [path for path in paths if path in KEPT] == KEPT
    assert "replaced/by-a-plugin" in paths
    assert not [path for path in paths if path.endswith(".partial") or "secret" in path or path == "token"]
    assert not [path for path in paths if path.startswith(("quarantine", "backups"))]
    assert (tmp_path / "restored" / "artifacts/first/log/a.txt").read_bytes() == b"kept"
    assert ids_in(tmp_path / "restored" / "synthetic.db") == ["first"]
    assert status_of(filled) == {"status": "SYNCED", "error": None}


def test_what_has_not_changed_is_not_copied_again(filled):
    (filled.kernel.data_dir / "artifacts/first/log/large").write_bytes(os.urandom(1_000_000))
    first = take(filled)
    folder = filled.kernel.backups.folder.path
    before = {path: path.stat() for path in (folder / "objects").rglob("*") if path.is_file()}
    second = take(filled)
    assert first.added_bytes > 1_000_000
    assert second.added_bytes < 200_000
    assert second.file_bytes == first.file_bytes
    assert {path: path.stat() for path in before} == before


def test_rows_that_are_written_while_the_database_is_copied_are_not_in_it(filled):
    """The hook writes in between; the backup is of the position that it names, and of nothing behind it."""
    written: list[str] = []

    def write(_done_bytes: int) -> None:
        if len(written) < 30:
            written.append(f"late-{len(written):02d}")
            expect_data(filled.graphql(SAVE, {"id": written[-1]}))

    backup = take(filled, hook=write)
    folder = filled.kernel.backups.folder
    restored = filled.kernel.data_dir / "quarantine" / "look"
    restore_files(folder.read_contents(backup), FolderObjects(folder.path), restored, go_on)
    ids = ids_in(restored / "synthetic.db")
    head = int(backup.position.split(":")[1])
    position_of = dict(filled.read(
        lambda snapshot: snapshot.rows("SELECT entity_id, position FROM domain_events WHERE type = 'construct.saved'")
    ))  # fmt: skip
    assert ids == sorted(id for id, position in position_of.items() if position <= head)
    assert len(written) == 30
    assert set(written) - set(ids)


def test_a_log_that_grows_beyond_its_bound_ends_the_backup_and_leaves_nothing(data_dir):
    with open_test_store(data_dir, settings={"kernel.backups.wal_bytes": "1048576"}) as store:
        expect_data(store.graphql(SAVE, {"id": "first"}))

        def write(_done_bytes: int) -> None:
            store.write(
                lambda tx: tx.execute("INSERT OR REPLACE INTO meta VALUES ('filler', :x)", {"x": "x" * 3_000_000})
            )

        with pytest.raises(OverloadedError, match="write-ahead log has grown"):
            take(store, hook=write)
        assert status_of(store) == {"status": "FAILED", "error": {"code": "OVERLOADED"}}
        assert list(files_below(store.kernel.backups.folder.path)) == ["lock"]


@pytest.mark.parametrize("after", [1, pytest.param(3, marks=pytest.mark.full), 6])
def test_a_backup_that_is_stopped_leaves_nothing(filled, after):
    calls = 0

    def stop(done_bytes: int) -> None:
        nonlocal calls
        calls += done_bytes > 0
        if calls >= after:
            raise CancelledError

    with pytest.raises(CancelledError):
        take(filled, hook=stop)
    assert calls == after
    folder = filled.kernel.backups.folder.path
    assert list(files_below(folder)) == ["lock"]
    assert list(folder.glob("*scratch*")) == []


def test_while_another_writes_to_the_folder_none_is_taken(filled):
    folder = filled.kernel.backups.folder
    with folder.locked(), pytest.raises(BackupBusyError):
        take(filled)
    assert take(filled).proven_at


def test_a_flipped_byte_anywhere_in_a_folder_is_named(filled):
    backup = take(filled)
    folder = filled.kernel.backups.folder.path
    assert damage_of(backup.id, filled) == ""
    for name, content in files_below(folder).items():
        if not content:
            continue  # the lock
        for place in {0, 3, 4, 5, 8, len(content) // 2, len(content) - 1}:
            (folder / name).write_bytes(_flipped(content, place))
            assert name.rpartition("/")[2].removesuffix(".json") in damage_of(backup.id, filled), (name, place)
        (folder / name).write_bytes(content)
    assert damage_of(backup.id, filled) == ""


def test_a_flipped_byte_in_one_file_is_named_with_what_it_is_a_part_of(filled, tmp_path):
    path = tmp_path / f"one{SUFFIX}"
    take(filled, path)
    content = path.read_bytes()
    assert damage_of(str(path), filled) == ""
    last = len(content) - 1_500
    for place in [*range(0, last, last // 8), *range(last, len(content), 300), len(content) - 1]:
        path.write_bytes(_flipped(content, place))
        assert damage_of(str(path), filled), place
    path.write_bytes(_flipped(content, 1_000))
    assert ", a part of " in damage_of(str(path), filled)
    path.write_bytes(content[:-1])
    assert "one.zip" in damage_of(str(path), filled)


@pytest.mark.full
def test_no_byte_of_one_file_can_be_flipped_unnoticed(tmp_path):
    """Every byte of a small one: the hash at its end finds each, and reading it ends with an error or well."""
    path = tmp_path / f"small{SUFFIX}"
    with writing_archive(path) as writer:
        listed = keep_content(b"content" * 50, writer.objects)
        writer.finish(backup_with(listed))
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(_flipped(content, place))
        with pytest.raises(BackupDamagedError):
            check_archive(path)
        with contextlib.suppress(BackupDamagedError), reading_archive(path) as (backup, objects):
            assert read_content(backup.contents, objects) == b"content" * 50


def test_a_bomb_in_one_file_is_refused_before_it_is_decompressed(tmp_path):
    path = tmp_path / "bomb.zip"
    piece = Piece("0" * 64, 1_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(object_name(piece.digest), bytes(50_000_000))
        archive.writestr("backup.json", seal(backup_with((piece,))), zipfile.ZIP_STORED)
    with reading_archive(path) as (backup, objects), pytest.raises(BackupDamagedError, match="objects/00/"):
        objects.get(backup.contents[0])


def test_a_damaged_piece_that_backups_share_is_found_by_the_next_one_and_then_stored_anew(filled):
    take(filled)
    folder = filled.kernel.backups.folder.path
    objects = sorted((folder / "objects").glob("*/*"), key=lambda path: path.stat().st_size)
    objects[-1].write_bytes(_flipped(objects[-1].read_bytes(), 100))
    with pytest.raises(BackupDamagedError, match=objects[-1].name):
        take(filled)
    assert status_of(filled)["error"] == {"code": "BACKUP_DAMAGED"}
    healed = take(filled)
    assert healed.proven_at
    assert damage_of(healed.id, filled) == ""


def test_what_is_not_as_it_must_be_is_kept_told_and_not_called_proven(filled):
    proven = take(filled)
    filled.write(lambda tx: tx.execute("UPDATE meta SET value = 'no epoch' WHERE key = 'epoch'"))
    with pytest.raises(BackupUnprovenError, match=r"kernel\.") as refused:
        take(filled)
    unproven, before = filled.kernel.backups.folder.list_backups()[0]
    assert (unproven.id, unproven.proven_at) == (refused.value.details["backup"], None)
    assert unproven.problems
    assert before == proven
    backups = expect_data(filled.graphql("{ backups { lastProvenId totalCount nodes { id provenAt problems } } }"))
    assert backups["backups"]["lastProvenId"] == proven.id
    assert backups["backups"]["nodes"][0] == {"id": unproven.id, "provenAt": None, "problems": list(unproven.problems)}


def test_links_are_not_followed(filled, tmp_path):
    data_dir = filled.kernel.data_dir
    (tmp_path / "outside").write_text("not ours")
    (data_dir / "artifacts" / "link").symlink_to(tmp_path / "outside")
    (data_dir / "artifacts" / "first" / "linked").symlink_to(tmp_path)
    assert [path for path in list_files(data_dir) if "link" in path] == []


def backup_with(contents) -> Backup:
    return Backup(
        id="20260101T000000-000-manual", reason="manual", position="", taken_at=0, proven_at=0, is_whole=True,
        database_bytes=1, files=0, file_bytes=0, added_bytes=0, contents=contents, version="1",
    )  # fmt: skip


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]
