"""Backups that are killed, and backups onto a disk that is full: the store is as it was, and so are other backups."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from synthetic.testing import running_server, wait_until
from synthetic.testing_commands import start_command

from .kit import SAVE, Disk, ask, check_sound, code_of, command, refused

ENVIRONMENT = {**os.environ, "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0"}


def add_artifact_file(data, size_bytes: int) -> None:
    """A file beside the database that does not become smaller."""
    folder = data / "archive"
    folder.mkdir(exist_ok=True)
    (folder / "large").write_bytes(os.urandom(size_bytes))


@pytest.mark.parametrize("pieces", [1, pytest.param(40, marks=pytest.mark.full)])
def test_a_backup_that_is_killed_leaves_no_record_and_the_next_one_is_whole(data_dir, pieces):
    add_artifact_file(data_dir, 24_000_000)
    folder = data_dir / "backups"
    process = start_command(["backup", "--data", str(data_dir)], environment=ENVIRONMENT)
    wait_until(
        lambda: len(list(folder.glob("objects/*/*"))) >= pieces or process.poll() is not None, "the first pieces"
    )
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert list(folder.glob("*.json")) == []
    done = command("backup", "--json", data=data_dir)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["provenAt"]
    # What the killed one had stored was used, or has gone; its scratch folder too.
    assert list(folder.glob("objects/*/*.partial")) == []
    check_sound(data_dir).close()


@pytest.mark.full
def test_a_disk_that_becomes_full_ends_the_backup_and_leaves_the_others_and_the_store(data_dir, disk: Disk):
    to = ["--to", str(disk.path / "backups"), "--set", f"kernel.backups.scratch={data_dir / 'backups'}"]
    first = command("backup", *to, "--json", data=data_dir)
    assert first.returncode == 0, first.stderr
    before = sorted((disk.path / "backups").rglob("*"))
    add_artifact_file(data_dir, 30_000_000)
    with running_server(data_dir) as server:
        assert refused("backup", *to, data=data_dir) == {"code": "STORAGE_FULL", "exit": 74}
        assert code_of(ask(server, SAVE, id="after")) == "OK"
        status = ask(server, '{ syncStatus(module: "backup") { status error { code } } }')
        assert status["data"]["syncStatus"] == [{"status": "FAILED", "error": {"code": "STORAGE_FULL"}}]
    assert sorted((disk.path / "backups").rglob("*.json")) == [path for path in before if path.suffix == ".json"]
    assert {path for path in before if path.is_file()} == {
        path for path in (disk.path / "backups").rglob("*") if path.is_file()
    }
    named = str(disk.path / "backups" / f"{json.loads(first.stdout)['id']}.json")
    assert command("backup", "verify", named, data=data_dir).returncode == 0
    check_sound(data_dir).close()


def test_a_restore_over_a_mounted_folder_is_refused_and_the_store_goes_on(data_dir, disk: Disk, tmp_path):
    one = tmp_path / "one.zip"
    assert command("backup", "--to", str(one), data=data_dir).returncode == 0
    (data_dir / "artifacts").mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", str(disk.path), str(data_dir / "artifacts")], check=True)
    try:
        assert refused("restore", str(one), data=data_dir) == {"code": "FILE_SYSTEM_UNSUPPORTED", "exit": 78}
        assert not (data_dir / "restore.json").exists()
        assert command("status", data=data_dir).returncode == 0
    finally:
        subprocess.run(["umount", str(data_dir / "artifacts")], check=True)
    assert command("restore", str(one), data=data_dir).returncode == 0


def test_one_file_onto_a_full_disk_leaves_no_part_of_it(data_dir, disk: Disk):
    disk.fill(leave_bytes=20_000)
    target = disk.path / "one.zip"
    assert refused("backup", "--to", str(target), data=data_dir) == {"code": "STORAGE_FULL", "exit": 74}
    assert [path.name for path in disk.path.iterdir()] == ["filler"]
