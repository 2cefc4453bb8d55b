"""The files beside the database: which there are, and keeping those that have changed.

A row that names a file is added after the file has reached the disk, and
deleted before it. So the files are gone through twice, before the database is
copied and after it: what the copy's rows name was there the first time, or has
come since. A file that has gone in between stays in the backup, where no row
names it; whoever owns its folder sweeps it away after a restore.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from synthetic.backups.objects import Objects
from synthetic.backups.pieces import keep_stream
from synthetic.backups.records import DATABASE, NOT_KEPT, KeptFile
from synthetic.errors import StorageFailedError

PARTIAL = ".partial"
"""How the names end of what is being written, or was cut short."""

Identity = tuple[int, int]
"""Number of the device and of the file on it."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def identities_of(*paths: Path) -> frozenset[Identity]:
    """What the file system knows some files and folders by, under whatever paths they are met; of those that exist."""
    found: set[Identity] = set()
    for path in paths:
        with contextlib.suppress(OSError):
            status = path.stat()
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)


def list_files(data_dir: Path, left_out: frozenset[Identity] = frozenset()) -> Iterator[str]:
    """Paths of all files of a store beside the database, in order; links are not followed.

    Args:
        data_dir: Of the store.
        left_out: Files and folders that are passed over, such as what the backup itself is written to.

    Raises:
        StorageFailedError: A folder cannot be read, or a name is no text.
    """
    for name in _names(data_dir):
        if name not in NOT_KEPT and name != DATABASE and not name.startswith("token."):
            yield from _below(data_dir, name, left_out)


def keep_files(
    data_dir: Path,
    left_out: frozenset[Identity],
    known: Mapping[str, KeptFile],
    objects: Objects,
    go_on: Callable[[int], None],
) -> dict[str, KeptFile]:
    """Keep all files beside the database; what has not changed since it was kept is not read again.

    Args:
        data_dir: Of the store.
        left_out: See `list_files`.
        known: Files as they were kept before, by path.
        objects: Where to keep them.
        go_on: Told how many bytes were kept; raises where the work should stop.

    Returns:
        The files that there are, by path; one that goes meanwhile is left out.

    Raises:
        StorageFailedError: A file cannot be read.
        OSError: The pieces cannot be written.
    """
    kept: dict[str, KeptFile] = {}
    for path in list_files(data_dir, left_out):
        found = _keep_file(data_dir, path, known.get(path), objects, go_on)
        if found is not None:
            kept[path] = found
    return kept


def _keep_file(
    data_dir: Path, path: str, before: KeptFile | None, objects: Objects, go_on: Callable[[int], None]
) -> KeptFile | None:
    try:
        descriptor = os.open(data_dir / path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        now = KeptFile(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, ())
        # A piece that was found damaged was set aside since, and is to be stored anew.
        if before is not None and before[:4] == now[:4] and all(map(objects.has, before.pieces)):
            go_on(0)
            return before
        pieces = keep_stream(file, objects, go_on)
        # A file that grew while it was read is kept as it was read.
        return now._replace(size_bytes=sum(piece.size_bytes for piece in pieces), pieces=pieces)


def _below(data_dir: Path, path: str, left_out: frozenset[Identity]) -> Iterator[str]:
    """The path itself, if it is of a file, or those of the files below it."""
    try:
        status = os.lstat(data_dir / path)
    except FileNotFoundError:
        return
    if (status.st_dev, status.st_ino) in left_out:
        return
    if stat.S_ISREG(status.st_mode) and not path.endswith(PARTIAL):
        yield path
    elif stat.S_ISDIR(status.st_mode):
        for name in _names(data_dir / path):
            yield from _below(data_dir, f"{path}/{name}", left_out)


def _names(folder: Path) -> list[str]:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(str(folder), error) from error
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            shown = os.fsencode(name).decode("utf-8", "backslashreplace")
            raise StorageFailedError(
                f"The name {shown} is no text, so the file cannot be backed up.",
                action="Rename it, or move it out of the data directory.",
            ) from error
    return names


def _unreadable(path: str, error: OSError) -> StorageFailedError:
    return StorageFailedError(
        f"{path} cannot be read, so it cannot be backed up: {error.strerror}.",
        action="Let the user of the server read it, or move it out of the data directory.",
        details={"path": path},
    )
