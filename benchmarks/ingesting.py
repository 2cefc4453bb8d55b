"""Stores of a thousand to a million messages, each made by a real `synthetic ingest` whose memory was watched."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .sessions import write_session

MESSAGES = (1_000, 10_000, 100_000)
MESSAGES_FULL = 1_000_000

ENVIRONMENT = {
    "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0",
    # What is installed has been compiled; where it may not be, each start would compile it again.
    "PYTHONDONTWRITEBYTECODE": "",
}


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one ingest came to.

    Attributes:
        directory: The data directory.
        messages: How many it holds.
        size_bytes: Of the file that was read.
        peak_bytes: Most memory that the process had resident.
    """

    directory: Path
    messages: int
    size_bytes: int
    peak_bytes: int


def ingest_sizes(directory: Path, *, is_full: bool) -> list[Ingested]:
    """Ingest one file of each size into a store of its own, each in a new process."""
    sizes = [*MESSAGES, MESSAGES_FULL] if is_full else MESSAGES
    return [_ingest(directory, messages) for messages in sizes]


def _ingest(directory: Path, messages: int) -> Ingested:
    file = write_session(directory / f"{messages}.jsonl", messages)
    size_bytes = file.stat().st_size
    store = directory / f"store-{messages}"
    command = [sys.executable, "-m", "synthetic", "ingest", str(file), "--data", str(store), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **ENVIRONMENT})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"the ingest of {messages} messages ended with {process.returncode}"
    file.unlink()
    return Ingested(store, messages, size_bytes, _resident_bytes(usage))


def _resident_bytes(usage: resource.struct_rusage) -> int:
    """The peak; Linux counts it in KiB, macOS in bytes."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1_024)
