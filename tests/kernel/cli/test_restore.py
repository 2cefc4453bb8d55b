"""`synthetic restore`: into place at once or not at all, refused while the store is open, of an older version too."""

from __future__ import annotations

import errno
import itertools
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from synthetic.backups import replacement, restoring
from synthetic.backups.errors import BackupDamagedError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.objects import ArchiveObjects
from synthetic.backups.pieces import keep_content
from synthetic.backups.records import Backup, Contents, KeptFile, Piece, digest_of, encode_contents, seal
from synthetic.backups.sources import open_backup
from synthetic.cli.stores import open_store
from synthetic.data_directory import DataDirectory
from synthetic.log.positions import read_position
from synthetic.security.tokens import create_token
from thirdparty.distributions import write_plugins_toml

from .conftest import MIGRATION, THINGS, CommandLine

MORE = {"migrations/0001_things.sql": MIGRATION, "migrations/0002_more.sql": "ALTER TABLE things ADD COLUMN x TEXT;"}
"""The migrations of a later version of `alpha`."""


@pytest.fixture(autouse=True)
def stored(line) -> None:
    """A migrated store without plugins, with a token called `before` and a file of an artifact."""
    line.run("migrate")
    add_token(line.data_dir, "before")
    (line.data_dir / "artifacts").mkdir()
    (line.data_dir / "artifacts" / "kept").write_bytes(b"before")


def add_token(data_dir: Path, name: str) -> None:
    with open_store(data_dir) as store:
        store.write(create_token, name, ("read",))


def state_of(data_dir: Path) -> tuple[list[str], bytes | None, str]:
    """The names of tokens, the artifact, and the position."""
    file = data_dir / "artifacts" / "kept"
    with open_store(data_dir) as store:
        names = [
            name for (name,) in store.read(lambda snapshot: snapshot.rows("SELECT name FROM tokens ORDER BY name"))
        ]
        return names, file.read_bytes() if file.exists() else None, str(store.read(read_position))


def test_a_store_goes_back_to_a_backup_in_a_new_epoch_and_the_old_one_is_kept(line):
    taken = line.run_json("backup")
    add_token(line.data_dir, "later")
    (line.data_dir / "artifacts" / "kept").write_bytes(b"later")
    (line.data_dir / "token").write_text("the first token")
    before = state_of(line.data_dir)
    restored = line.run_json("restore", "latest")
    names, artifact, position = state_of(line.data_dir)
    assert (restored["backup"], restored["from"]) == (taken["id"], taken["position"])
    assert (names, artifact) == (["before"], b"before")
    assert position.split(":")[0] not in (before[2].split(":")[0], taken["position"].split(":")[0])
    assert int(position.split(":")[1]) > int(taken["position"].split(":")[1])  # the event that says so
    # What reported the backup and the later token are events of the old store alone.
    assert restored["lost"]["events"] >= 1
    assert (line.data_dir / "token").read_text() == "the first token"
    # The backup was being taken when it was copied; the store that comes from it knows that it was proven.
    status = line.run_json("status")
    assert status["lastProvenBackup"]["id"] == taken["id"]
    assert [each["status"] for each in status["modules"] if each["module"] == "backup"] == ["SYNCED"]
    kept = Path(restored["replaced"])
    assert state_of(_as_store(kept, line))[:2] == (["before", "later"], b"later")
    assert not (line.data_dir / "restoring").exists()
    assert "Nothing was found" in line.run("check")


def test_a_damaged_store_is_restored_over(line):
    line.run("backup", "--to", str(line.data_dir.parent / "one.zip"))
    database = line.data_dir / "synthetic.db"
    for path in line.data_dir.glob("synthetic.db*"):
        path.unlink()
    database.write_bytes(b"not a database, but long enough to be looked at " * 100)
    assert line.fail("status", code=78)["code"] == "NOT_A_STORE"
    page = line.run("restore", str(line.data_dir.parent / "one.zip"), "--discard-replaced")
    assert "none is kept" in page
    assert state_of(line.data_dir)[:2] == (["before"], b"before")
    assert not (line.data_dir / "quarantine").exists()


def test_a_store_that_a_process_has_open_is_left_alone(line):
    line.run("backup")
    add_token(line.data_dir, "later")
    with open_store(line.data_dir):
        error = line.fail("restore", "latest", code=75)
    assert error["code"] == "DATABASE_BUSY"
    assert "Stop the server" in error["action"]
    assert state_of(line.data_dir)[0] == ["before", "later"]


def test_one_of_an_older_version_is_migrated_beside_the_store_first(line, site):
    site.install("alpha", THINGS.format(package="sample_alpha"), modules={"migrations/0001_things.sql": MIGRATION})
    line.list_plugins({"alpha": ""})
    line.run("migrate")
    line.run("backup")
    site.install("alpha", THINGS.format(package="sample_alpha"), modules=MORE)
    site.forget()
    line.run("restore", "latest")
    assert line.run_json("status")["pendingMigrations"] == []
    with open_store(line.data_dir) as store:
        columns = store.read(lambda snapshot: snapshot.rows("SELECT name FROM pragma_table_info('things')"))
    assert columns == [("id",), ("x",)]
    # Of what was taken before the copy was migrated nothing is left.
    reasons = [each["reason"] for each in line.run_json("backup", "list")["backups"]]
    assert reasons == ["manual", "before-migration"]


def test_one_of_a_newer_version_is_refused_and_the_store_stays(line, site):
    code = THINGS.format(package="sample_alpha")
    site.install("alpha", code, modules=MORE)
    line.list_plugins({"alpha": ""})
    line.run("migrate")
    line.run("backup", "--to", str(line.data_dir.parent / "newer.zip"))
    site.install("alpha", code, modules={"migrations/0001_things.sql": MIGRATION})
    site.forget()
    (site.folder / "sample_alpha" / "migrations" / "0002_more.sql").unlink()
    shutil.rmtree(line.data_dir)
    line.list_plugins({"alpha": ""})
    line.run("migrate")
    add_token(line.data_dir, "older")
    error = line.fail("restore", str(line.data_dir.parent / "newer.zip"), code=78)
    assert error["code"] == "STORE_NEWER"
    assert state_of(line.data_dir)[0] == ["older"]
    assert not (line.data_dir / "restoring").exists()


def test_what_does_not_pass_the_checks_is_restored_only_when_that_is_accepted(line):
    with open_store(line.data_dir) as store:
        store.write(lambda tx: tx.execute("INSERT INTO meta VALUES ('log_pruned_to', '999')"))
    line.fail("backup", code=74)
    (taken,) = line.run_json("backup", "list")["backups"]
    assert taken["provenAt"] is None
    assert line.fail("restore", "latest", code=65)["code"] == "NOT_FOUND"
    refused = line.fail("restore", taken["id"], code=74)
    assert (refused["code"], refused["details"]["problems"][0]) == ("BACKUP_UNPROVEN", taken["problems"][0])
    assert line.run_json("restore", taken["id"], "--accept-problems")["problems"][0] == taken["problems"][0]


def test_a_backup_of_the_database_alone_leaves_the_files_as_they_are_now(line, things):
    line.list_plugins({"alpha": ""})
    line.run("migrate")  # takes one first
    (taken,) = line.run_json("backup", "list")["backups"]
    assert (taken["reason"], taken["isWhole"]) == ("before-migration", False)
    (line.data_dir / "artifacts" / "kept").write_bytes(b"later")
    line.run("restore", taken["id"])
    assert state_of(line.data_dir)[:2] == (["before"], b"later")


def test_a_directory_without_a_store_gets_one_and_keeps_what_was_there(line):
    one = line.data_dir.parent / "one.zip"
    line.run("backup", "--to", str(one))
    empty = line.data_dir.parent / "another"
    write_plugins_toml(empty, {}, extra="[kernel.database]\nfree_disk_bytes = 0\nreaders = 3\n")
    line.data_dir = empty
    restored = line.run_json("restore", str(one))
    assert state_of(empty)[:2] == (["before"], b"before")
    assert "readers = 3" in (Path(restored["replaced"]) / "plugins.toml").read_text()
    assert restored["lost"] is None


def test_a_crash_at_any_step_of_the_replacement_leaves_one_whole_store(line, monkeypatch):
    """Fails at the first rename, the second, and so on, until one run is clean; whoever comes next finishes it."""
    template = line.data_dir.with_name("template")
    shutil.copytree(line.data_dir, template)
    shutil.copytree(line.data_dir, template / "restoring")
    (template / "artifacts" / "kept").write_bytes(b"later")
    (template / "only-in-the-old-one").touch()
    for failed_at in itertools.count(1):
        shutil.rmtree(line.data_dir)
        shutil.copytree(template, line.data_dir)
        if not _fails_at(failed_at, line.data_dir, monkeypatch):
            break
        # Before the note is written it is the old one, and from then on the new one.
        is_begun = (line.data_dir / "restore.json").exists()
        line.run("token", "list")
        assert state_of(line.data_dir)[:2] == (["before"], b"before" if is_begun else b"later"), failed_at
        assert (line.data_dir / "only-in-the-old-one").exists() is not is_begun
        assert not (line.data_dir / "restore.json").exists()
    assert failed_at > 6
    assert state_of(line.data_dir)[:2] == (["before"], b"before")


def test_what_cannot_be_moved_away_is_put_back_and_the_old_store_goes_on(line, monkeypatch):
    line.run("backup")
    add_token(line.data_dir, "later")
    (line.data_dir / "zzz").mkdir()
    rename = Path.rename

    def busy(self: Path, target: Path) -> Path:
        if self.name == "zzz":
            raise OSError(errno.EBUSY, "Device or resource busy")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", busy)
        line.fail("restore", "latest", code=74)
    assert state_of(line.data_dir)[:2] == (["before", "later"], b"before")
    assert not (line.data_dir / "restore.json").exists()
    assert not (line.data_dir / "restoring").exists()


def test_a_backup_in_the_data_directory_is_not_moved_away_by_its_own_restore(line):
    line.run("backup", "--to", str(line.data_dir.parent / "one.zip"))
    inside = (line.data_dir.parent / "one.zip").rename(line.data_dir / "one.zip")
    error = line.fail("restore", str(inside), "--discard-replaced", code=74)
    assert "would be moved away" in error["message"]
    assert inside.exists()


def test_settings_that_were_damaged_with_the_store_are_not_in_the_way(line):
    one = line.data_dir.parent / "one.zip"
    line.run("backup", "--to", str(one))
    settings = line.data_dir / "plugins.toml"
    before = settings.read_bytes()
    settings.write_bytes(b"\0\0\0 damaged")
    restored = line.run_json("restore", str(one))
    assert str(settings) in restored["settingsIgnored"]
    assert settings.read_bytes() == before
    assert state_of(line.data_dir)[0] == ["before"]


def test_the_settings_of_the_old_store_are_its_own_after_one_of_the_database_alone(line, things):
    line.list_plugins({"alpha": ""})
    line.run("migrate")
    (taken,) = line.run_json("backup", "list")["backups"]
    replaced = Path(line.run_json("restore", taken["id"])["replaced"])
    settings = line.data_dir / "plugins.toml"
    assert settings.stat().st_nlink == 1
    assert settings.read_bytes() == (replaced / "plugins.toml").read_bytes()
    # What never changes takes no room twice.
    assert (line.data_dir / "artifacts" / "kept").samefile(replaced / "artifacts" / "kept")


def test_all_folders_of_the_new_store_are_on_the_disk_before_it_is_noted_that_it_takes_its_place(line, monkeypatch):
    (line.data_dir / "artifacts" / "a").mkdir()
    (line.data_dir / "artifacts" / "a" / "b").write_bytes(b"x")
    line.run("backup")
    reached: list[Path] = []
    reach, replace = restoring.reach_the_disk, restoring.replace_store

    def begin(directory: DataDirectory, name: str) -> None:
        assert [path for path in reached if path.is_dir()] == [
            line.data_dir / "restoring" / below for below in ("artifacts/a", "artifacts", "")
        ]
        replace(directory, name)

    monkeypatch.setattr(restoring, "reach_the_disk", lambda path: (reached.append(path), reach(path)))
    monkeypatch.setattr(restoring, "replace_store", begin)
    line.run("restore", "latest")
    assert reached


def write_hostile(target: Path, content_of: dict[str, bytes], **said: Any) -> None:
    """A backup in one file, sealed as it should be, whose record says something else than what is in it."""
    with zipfile.ZipFile(target, "w") as archive:
        objects = ArchiveObjects(archive)
        kept = tuple(KeptFile(path, len(each), 0, 0, keep_content(each, objects)) for path, each in content_of.items())
        listed = keep_content(encode_contents(Contents(files=kept)), objects)
        record = {
            "id": "20260101T000000-000-manual", "reason": "manual", "position": "", "taken_at": 0, "proven_at": 0,
            "is_whole": True, "database_bytes": 1, "files": len(content_of) - 1, "file_bytes": len(content_of) - 1,
            "added_bytes": 1, "contents": listed, "version": "1",
        }  # fmt: skip
        archive.writestr("backup.json", seal(Backup(**{**record, **said})))
        archive.comment = b"0" * 64
    content = target.read_bytes()[:-64]
    target.write_bytes(content + digest_of(content).encode())


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, "is not the one that its record names"),
        ({"database_bytes": 4_096}, "sizes"),
        ({"files": 2}, "sizes"),
        ({"contents": (Piece("0" * 64, 1_048_576),) * 257}, "longer than any"),
    ],
)
def test_a_record_that_does_not_fit_what_it_names_is_refused(line, tmp_path, said, found):
    target = tmp_path / "hostile.zip"
    write_hostile(target, {"synthetic.db": b"x", "archive/x": b"x"}, **said)
    before = state_of(line.data_dir)
    error = line.fail("restore", str(target), code=74)
    assert (error["code"], found in error["message"]) == ("BACKUP_DAMAGED", True), error
    assert state_of(line.data_dir) == before


def test_a_note_that_cannot_be_read_is_told_and_nothing_is_moved(line):
    (line.data_dir / "restore.json").write_text("{")
    with pytest.raises(BackupDamagedError, match="not as it was written"):
        replacement.finish_interrupted(line.data_dir)
    assert line.fail("token", "list", code=74)["code"] == "BACKUP_DAMAGED"


@pytest.mark.parametrize(
    "path", ["../outside", "/outside", "a/../../outside", "open.lock", "backups/x", "synthetic.db-wal", "a//b", "a\0b"]
)
def test_a_backup_that_names_paths_outside_of_a_store_is_refused_before_anything_is_written(line, tmp_path, path):
    target = tmp_path / "hostile.zip"
    with zipfile.ZipFile(target, "w") as archive:
        objects = ArchiveObjects(archive)
        files = tuple(KeptFile(each, 1, 0, 0, keep_content(b"x", objects)) for each in ("synthetic.db", path))
        listed = keep_content(encode_contents(Contents(files=files)), objects)
        backup = Backup(
            id="20260101T000000-000-manual", reason="manual", position="", taken_at=0, proven_at=None, is_whole=True,
            database_bytes=1, files=1, file_bytes=1, added_bytes=1, contents=listed, version="1",
        )  # fmt: skip
        archive.writestr("backup.json", seal(backup))
    before = files_below(tmp_path)
    with (
        open_backup(str(target), BackupFolder(tmp_path)) as opened,
        pytest.raises(BackupDamagedError, match="paths that no store has"),
    ):
        opened.read_contents()
    assert line.fail("restore", str(target), code=74)["code"] == "BACKUP_DAMAGED"
    after = files_below(tmp_path)
    assert {name: after[name] for name in before} == before


def _fails_at(step: int, data_dir: Path, monkeypatch) -> bool:
    """Replace the store, and break off before a rename; whether that came to pass."""
    rename, done = Path.rename, 0

    def broken(self: Path, target: Path) -> Path:
        nonlocal done
        done += 1
        if done == step:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", broken)
        try:
            replacement.replace_store(DataDirectory(data_dir), "replaced")
        except KeyboardInterrupt:
            return True
    return False


def files_below(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _as_store(folder: Path, line: CommandLine) -> Path:
    (folder / "plugins.toml").write_text((line.data_dir / "plugins.toml").read_text())
    return folder
