"""Files beside the database: whole and on the disk under their final name, or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from synthetic.errors import StorageFailedError, StorageFullError, StorageReadOnlyError, SyntheticError
from synthetic.steady_files import steady_file

FULL = (errno.ENOSPC, errno.EDQUOT)
DIRECTORY_MODE = 0o700
FILE_MODE = 0o600

PARTIAL_KEPT_SECONDS = 86_400
"""After so long, nobody writes to a `.partial` file any more."""


@contextmanager
def durable_path(target: Path) -> Generator[Path]:
    """Where to write a file that only its owner can read; when the block ends, it is on the disk as `target`.

    Until then it is called `.partial`, which is what a crash leaves of one, with
    a name of its own: two processes that write the same file write two, and the
    one that ends last stays.

    Args:
        target: Its final name; its directory is made if it is not there. A file of that name is replaced.

    Yields:
        The path of an empty file.

    Raises:
        OSError: No part of it is left.
    """
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")
    target.parent.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    try:
        yield partial
        reach_the_disk(partial)
        partial.rename(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    # The names of the file and of its directory must outlive a power cut too.
    reach_the_disk(target.parent)
    # A directory that may be passed through only was made by somebody else, with what is in it.
    with contextlib.suppress(PermissionError):
        reach_the_disk(target.parent.parent)


@contextmanager
def durable_file(target: Path) -> Generator[BinaryIO]:
    """As `durable_path`, with the file open to write.

    Raises:
        StorageFullError, StorageReadOnlyError, StorageFailedError: No part of it is left.
    """
    try:
        with durable_path(target) as partial, steady_file(os.open(partial, os.O_WRONLY | os.O_CLOEXEC)) as file:
            yield file
    except OSError as error:
        raise translate_system_error(error, f"The file {target}") from error


def remove_partial_files(directory: Path) -> None:
    """Remove what crashes have left half written in a directory; what may still be written to stays.

    Raises:
        StorageReadOnlyError, StorageFailedError: One cannot be removed.
    """
    try:
        for path in directory.glob("*.partial"):
            if time.time() - path.stat().st_mtime > PARTIAL_KEPT_SECONDS:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise translate_system_error(error, f"The directory {directory}") from error


def reach_the_disk(path: Path) -> None:
    """Wait until a file or a directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def translate_system_error(error: OSError, what: str) -> SyntheticError:
    """The error of the contract for what the operating system says of a file.

    Args:
        error: What it says.
        what: What could not be written, as the beginning of a sentence.
    """
    if error.errno in FULL:
        return StorageFullError(
            f"There is no room: {what[:1].lower()}{what[1:]} was not written.", retry_after_ms=5_000
        )
    if error.errno == errno.EIO:
        return StorageFailedError()
    return StorageReadOnlyError(f"{what} cannot be written: {error.strerror}.")
