from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from synthetic.graphql.disk_reads import count_disk_reads

SIZE = 1 << 20
IN_MEMORY = ("tmpfs", "ramfs")


def kind_of_file_system(path: Path) -> str:
    return subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the whole process is counted")
def test_what_comes_from_the_disk_is_counted_and_what_was_cached_is_not(tmp_path: Path):
    if kind_of_file_system(tmp_path) in IN_MEMORY:
        pytest.skip("nothing comes from a disk here")
    path = tmp_path / "file"
    path.write_bytes(os.urandom(SIZE))
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
        os.pread(file, SIZE, 0)
        before = count_disk_reads()
        os.pread(file, SIZE, 0)
        assert count_disk_reads() == before
        os.posix_fadvise(file, 0, SIZE, os.POSIX_FADV_DONTNEED)
        os.pread(file, SIZE, 0)
        assert count_disk_reads() > before
    finally:
        os.close(file)
