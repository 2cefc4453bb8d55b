"""Scratch folders: where a copy is cut up from, and a backup is restored to be proven."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Generator
from pathlib import Path

from synthetic.durable_files import DIRECTORY_MODE, translate_system_error

PREFIX = "scratch-"
YOUNG_SECONDS = 2.0
"""A folder that was made just now may not be locked yet."""


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Generator[Path]:
    """An empty folder that only its owner can read, which goes with the block.

    What killed processes have left of theirs goes too: whoever uses one holds a lock on it.

    Args:
        parent: Where it is made; itself made if it is not there.

    Raises:
        StorageReadOnlyError, StorageFullError: It cannot be made.
    """
    try:
        parent.mkdir(DIRECTORY_MODE, parents=True, exist_ok=True)
        _remove_left(parent)
        path = parent / f"{PREFIX}{secrets.token_hex(8)}"
        path.mkdir(DIRECTORY_MODE)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        raise translate_system_error(error, f"The scratch folder in {parent}") from error
    try:
        yield path
    finally:
        os.close(descriptor)
        shutil.rmtree(path, ignore_errors=True)


def _remove_left(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*"):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue  # a file, a link, or gone
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_young = time.time() - os.fstat(descriptor).st_ctime < YOUNG_SECONDS
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
        if not is_young:
            shutil.rmtree(path, ignore_errors=True)
