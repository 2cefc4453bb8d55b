"""Writing and removing large files beside a database whose commits must not wait for them.

A commit waits until the disk has taken it, and a disk that was given hundreds
of megabytes at once takes those first. So what is written goes to the disk in
steps, as it comes, instead of in one flood when the file is complete; and what
is removed goes in steps too, since a file system that frees many blocks at once
keeps the commits of others waiting for its journal.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STEP_BYTES = 8_388_608


class _SteadyFile(io.FileIO):
    """A file that waits for the disk after each `STEP_BYTES`."""

    def __init__(self, descriptor: int, mode: str) -> None:
        super().__init__(descriptor, mode)
        self._waiting_bytes = 0

    def write(self, data: ReadableBuffer, /) -> int:
        """Write as much of it as the system takes at once; how many bytes that were."""
        written = super().write(data)
        self._waiting_bytes += written
        if self._waiting_bytes >= STEP_BYTES:
            self._waiting_bytes = 0
            os.fdatasync(self.fileno())
        return written


def steady_file(descriptor: int, *, is_read: bool = False) -> BinaryIO:
    """A file to write to, steadily; whoever needs it on the disk still has to sync its end.

    Args:
        descriptor: Open to write; it is closed with the file.
        is_read: Whether what was written is read too, for which the descriptor must be open as well.
    """
    return (
        io.BufferedRandom(_SteadyFile(descriptor, "r+b"))
        if is_read
        else io.BufferedWriter(_SteadyFile(descriptor, "wb"))
    )


def remove_steadily(folder: Path) -> None:
    """Remove a folder that nobody else writes to, with all that is in it, as far as that can be done."""
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                _shrink(Path(parent, name))
    shutil.rmtree(folder, ignore_errors=True)


def _shrink(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        # Under another name the content may still be wanted.
        if found.st_nlink > 1:
            return
        for size in range(found.st_size - STEP_BYTES, 0, -STEP_BYTES):
            os.ftruncate(descriptor, size)
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
