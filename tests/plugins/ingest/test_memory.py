"""How much memory a reading takes does not depend on how much there is to read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from synthetic.testing_commands import start_command
from tests.plugins.ingest.samples import jsonl

MEASURED = """
import resource, sys
from synthetic.cli import main
code = main(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
MEGABYTE = 1_000_000
ALLOWED = 64 * MEGABYTE
"""What the caches of the store may grow by, and the allocator."""


def write_chat(path: Path, size: int) -> Path:
    """A chat of about so many bytes, in lines of 2 KB, no two the same."""
    with path.open("wb") as file:
        for number in range(size // 2_000):
            file.write(jsonl({"role": "user", "content": f"{number} " * (1_900 // len(f"{number} "))}))
    return path


def most_memory(path: Path, data_dir: Path) -> int:
    """Bytes that a reading of the file takes at most."""
    program = path.with_name("measured.py")
    program.write_text(MEASURED)
    settings = ["--set", "kernel.database.synchronous=OFF", "--set", "kernel.database.free_disk_bytes=0"]
    reading = start_command(["ingest", str(path), "--data", str(data_dir), "--json", *settings], program=program)
    written, errors = reading.communicate()
    code, peak = errors.split()
    assert code == "0", errors
    assert json.loads(written)["files"]["new"] == 1
    return int(peak) * 1_024


@pytest.mark.parametrize(
    "size", [40 * MEGABYTE, pytest.param(1_000 * MEGABYTE, marks=[pytest.mark.full, pytest.mark.timeout(1_800)])]
)
def test_a_large_file_takes_no_more_than_a_small_one(tmp_path, size):
    # Caches are filled by both, so that they do not count.
    small = most_memory(write_chat(tmp_path / "small.jsonl", 10 * MEGABYTE), tmp_path / "first")
    large = most_memory(write_chat(tmp_path / "large.jsonl", size), tmp_path / "second")
    assert large < small + ALLOWED


def test_what_is_packed_tight_is_unpacked_in_small_parts(tmp_path):
    first = jsonl({"role": "user", "content": "Hello"})
    small = tmp_path / "small.jsonl.gz"
    small.write_bytes(gzip.compress(first))
    bomb = tmp_path / "bomb.jsonl.gz"
    bomb.write_bytes(gzip.compress(first) + gzip.compress(b" " * 150 * MEGABYTE + b"\n", 1))
    assert most_memory(bomb, tmp_path / "second") < most_memory(small, tmp_path / "first") + ALLOWED
