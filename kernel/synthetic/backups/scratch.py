"""Scratch folders: where a copy is cut up from, and a backup is restored to be proven."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import time
from collections.abc import Generator
from pathlib import Path

from synthetic.durable_files import DIRECTORY_MODE, FILE_MODE, translate_system_error
from synthetic.steady_files import remove_steadily

PREFIX = "synthetic-scratch-"
_NAME = re.compile(rf"{PREFIX}[0-9a-f]{{16}}")
MARK = "scratch-of-synthetic"
"""An empty file in each, without which none is removed: its parent may be a folder that others use too."""

INSIDE = "content"
YOUNG_SECONDS = 2.0
"""What was made just now may not be locked yet."""


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Generator[Path]:
    """An empty folder that only its owner can read, which goes with the block.

    What killed processes have left of theirs goes too: whoever uses one holds a lock on it.

    Args:
        parent: Where it is made; itself made if it is not there, the folder that it is in is not.

    Raises:
        StorageReadOnlyError, StorageFullError: It cannot be made.
    """
    path = parent / f"{PREFIX}{secrets.token_hex(8)}"
    descriptor: int | None = None
    try:
        try:
            parent.mkdir(DIRECTORY_MODE, exist_ok=True)
            _remove_left(parent)
            path.mkdir(DIRECTORY_MODE)
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            (path / MARK).touch(FILE_MODE, exist_ok=False)
            (path / INSIDE).mkdir(DIRECTORY_MODE)
        except OSError as error:
            raise translate_system_error(error, f"The scratch folder in {parent}") from error
        yield path / INSIDE
    finally:
        if descriptor is not None:
            os.close(descriptor)
            remove_steadily(path)


def is_abandoned(descriptor: int) -> bool:
    """Whether nobody holds the lock on a file or folder that was made for one run, and it was not made just now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return time.time() - os.fstat(descriptor).st_ctime >= YOUNG_SECONDS


def _remove_left(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*"):
        if not _NAME.fullmatch(path.name):
            continue
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue  # a file, a link, another user's, or gone
        try:
            is_ours = os.fstat(descriptor).st_uid == os.geteuid() and (path / MARK).is_file()
            if is_ours and is_abandoned(descriptor):
                remove_steadily(path)
        finally:
            os.close(descriptor)
