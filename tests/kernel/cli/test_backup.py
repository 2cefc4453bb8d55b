"""`synthetic backup`, `backup verify` and `restore`, stopped by Ctrl-C: as quietly as any command, and nothing done."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from synthetic.testing import wait_until
from synthetic.testing_commands import start_command

LARGE_BYTES = 12_000_000


def test_ctrl_c_ends_a_backup_a_verification_and_a_restore_with_130(line):
    line.run("migrate")
    data_dir, backups = line.data_dir, line.data_dir / "backups"
    (data_dir / "archive").mkdir(exist_ok=True)
    (data_dir / "archive" / "large").write_bytes(os.urandom(LARGE_BYTES))

    def interrupt(*words: str, has_begun: Callable[[], bool]) -> None:
        process = start_command([*words, "--data", str(data_dir)])
        wait_until(lambda: has_begun() or process.poll() is not None, f"the work of {words}")
        process.send_signal(signal.SIGINT)
        assert process.communicate() == ("", "")
        assert process.returncode == 130

    interrupt("backup", has_begun=lambda: len(list(backups.glob("objects/*/*"))) > 3)
    assert list(backups.glob("*/*/*")) == []
    line.run("backup")
    interrupt("backup", "verify", has_begun=lambda: any(data_dir.rglob("synthetic-scratch-*/*")))
    database = (data_dir / "synthetic.db").stat().st_ino
    interrupt("restore", "latest", has_begun=lambda: any(data_dir.glob("restoring/*")))
    assert (data_dir / "synthetic.db").stat().st_ino == database
    (row,) = line.run_json("backup", "list")["backups"]
    assert row["provenAt"]
