from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from synthetic.graphql.disk_reads import count_disk_reads

SIZE = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the whole process is counted")
def test_what_comes_from_the_disk_is_counted_and_what_was_cached_is_not(tmp_path: Path):
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
        if count_disk_reads() == before:
            pytest.skip("the file system keeps its files in memory")
    finally:
        os.close(file)
