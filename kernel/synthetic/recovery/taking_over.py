"""`take_over_readable`: the files of a damaged store for the new one, as far as they can be read."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from synthetic.backups.beside import PARTIAL
from synthetic.backups.records import DATABASE, NOT_KEPT
from synthetic.backups.restoring import take_over_file
from synthetic.recovery.loading import GoOn

_OF_THE_TARGET = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What the disk that is written to says, and not the one that is read."""


def take_over_readable(data_dir: Path, staging: Path, left_out: Collection[str], go_on: GoOn) -> tuple[str, ...]:
    """Give a new store the files beside a damaged database: a disk that spoils one thing spoils others too.

    Args:
        data_dir: Of the damaged store.
        staging: Of the new one.
        left_out: Names in the data directory that are passed over.
        go_on: Told how many bytes were copied; raises where the work should stop.

    Returns:
        Files and folders that could not be read, relative to the directory.

    Raises:
        OSError: The new store has no room for them.
    """
    unreadable: list[str] = []
    for path in _list_files(data_dir, left_out, unreadable):
        try:
            (staging / path).unlink(missing_ok=True)
            take_over_file(data_dir, path, staging, go_on)
        except OSError as error:
            if error.errno in _OF_THE_TARGET:
                raise
            with contextlib.suppress(OSError):
                (staging / path).unlink()  # the half of it that was written
            unreadable.append(_as_text(path))
    return tuple(unreadable)


def room_for_files(data_dir: Path, staging: Path, left_out: Collection[str]) -> int:
    """Bytes that the files beside a database take in a new store; on the same disk most only get a second name."""
    if data_dir.stat().st_dev == staging.stat().st_dev:
        return 0
    total = 0
    for path in _list_files(data_dir, left_out, []):
        with contextlib.suppress(OSError):
            total += (data_dir / path).stat().st_size
    return total


def _list_files(data_dir: Path, left_out: Collection[str], unreadable: list[str]) -> Iterator[str]:
    """All files that a store has beside its database, in order; links are not followed."""

    def is_wanted(folder: str, name: str) -> bool:
        if Path(folder) != data_dir:
            return True
        return not (name in NOT_KEPT or name in left_out or name == DATABASE or name.startswith("token."))

    def note(error: OSError) -> None:
        unreadable.append(_as_text(os.path.relpath(error.filename, data_dir)))

    for folder, folders, names in os.walk(data_dir, onerror=note):
        folders[:] = sorted(name for name in folders if is_wanted(folder, name))
        for name in sorted(names):
            path = Path(folder, name)
            if is_wanted(folder, name) and not name.endswith(PARTIAL) and path.is_file() and not path.is_symlink():
                yield str(path.relative_to(data_dir))


def _as_text(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
