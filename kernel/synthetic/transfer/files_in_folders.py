"""Files of the data directory that rows name: read and written so that no symbolic link is ever followed.

A path is what a row says, so what an export brings may say anything. It is
taken apart into names, each of which must be a plain one, and every folder is
entered through a descriptor, with O_NOFOLLOW.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Generator
from io import BufferedReader
from pathlib import Path
from typing import IO

from synthetic.durable_files import DIRECTORY_MODE, FILE_MODE, translate_system_error
from synthetic.steady_files import steady_file

STEPS_MAX = 8
NAME_BYTES_MAX = 255
CHUNK_BYTES = 1_048_576

_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, to open a pipe that somebody has put there would wait for ever.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.ENAMETOOLONG})


def steps_of(path: str) -> list[str] | None:
    """The names of a path below a folder; None: it is not made of plain names."""
    steps = path.split("/")
    return steps if 1 <= len(steps) <= STEPS_MAX and all(map(_is_plain, steps)) else None


def open_named_file(folder: Path, path: str) -> BufferedReader | None:
    """A regular file below a folder, open to read; None: there is none, or a link is in the way.

    Raises:
        StorageReadOnlyError, StorageFailedError: It cannot be opened.
    """
    steps = steps_of(path)
    if steps is None:
        return None
    try:
        with _entered(folder, steps[:-1], make=False) as inner:
            descriptor = os.open(steps[-1], _READ, dir_fd=inner)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise translate_system_error(error, f"The file {path}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")


def is_there(folder: Path, path: str) -> bool:
    """Whether anything has this path below a folder."""
    steps = steps_of(path)
    if steps is None:
        return False
    try:
        with _entered(folder, steps[:-1], make=False) as inner:
            os.stat(steps[-1], dir_fd=inner, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return False
        raise translate_system_error(error, f"The file {path}") from error
    return True


def write_named_file(folder: Path, path: str, source: IO[bytes], is_stopped: Callable[[], None]) -> None:
    """Write a new file below a folder; it and its folders are on the disk when this returns.

    Args:
        folder: In the data directory; made if it is not there.
        path: Of plain names, and of no file.
        source: What is written.
        is_stopped: Asked before each piece; raises to stop.

    Raises:
        StorageFullError, StorageReadOnlyError, StorageFailedError: No part of it is left.
    """
    steps = steps_of(path) or ["_"]
    partial = f"{steps[-1][:200]}.{secrets.token_hex(4)}.partial"
    try:
        with _entered(folder, steps[:-1], make=True) as inner:
            descriptor = os.open(partial, _CREATE, FILE_MODE, dir_fd=inner)
            try:
                with steady_file(descriptor) as file:
                    while data := source.read(CHUNK_BYTES):
                        is_stopped()
                        file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.rename(partial, steps[-1], src_dir_fd=inner, dst_dir_fd=inner)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(partial, dir_fd=inner)
                raise
            os.fsync(inner)
    except OSError as error:
        raise translate_system_error(error, f"The file {path}") from error


def remove_named_file(folder: Path, path: str) -> None:
    """Remove a file that was written in vain, and the folders that it leaves empty.

    What cannot be removed is left to the plugin whose folder it is.
    """
    steps = steps_of(path) or ["_"]
    with contextlib.suppress(OSError):
        with _entered(folder, steps[:-1], make=False) as inner:
            os.unlink(steps[-1], dir_fd=inner)
        for depth in range(len(steps) - 1, 0, -1):
            with _entered(folder, steps[: depth - 1], make=False) as above:
                os.rmdir(steps[depth - 1], dir_fd=above)


def another_path(path: str) -> str:
    """A path beside a file's, with a name that no file has had."""
    above, _, name = path.rpartition("/")
    stem, dot, ending = name.partition(".")
    token = f"~{secrets.token_hex(6)}"
    changed = f"{stem[:100]}{token}{dot}{ending}"
    return f"{above}/{changed}" if above else changed


def _is_plain(name: str) -> bool:
    """Whether a name leads nowhere else, is not hidden, and says nothing to a terminal or to another system."""
    return (
        name.isprintable()
        and 1 <= len(name.encode(errors="replace")) <= NAME_BYTES_MAX
        and not name.startswith(".")
        and not name.endswith((".", " "))
        and not set(name) & set('\\/:*?"<>|')
    )


@contextlib.contextmanager
def _entered(folder: Path, steps: list[str], *, make: bool) -> Generator[int]:
    """A descriptor of a folder below another, entered step by step.

    Raises:
        OSError: It is not there, or a link is in the way.
    """
    if make:
        folder.mkdir(DIRECTORY_MODE, exist_ok=True)
    descriptor = os.open(folder, _ENTER)
    try:
        for step in steps:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(step, DIRECTORY_MODE, dir_fd=descriptor)
                    os.fsync(descriptor)
            following = os.open(step, _ENTER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = following
        yield descriptor
    finally:
        os.close(descriptor)
