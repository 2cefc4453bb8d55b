"""`BackupArchive`: one backup in one file, which can be carried anywhere.

It is a zip file whose members are stored as they are: the pieces, and the
record `backup.json`. Its comment, the last bytes of the file, is the hash of
all the bytes before it, so a byte that no member holds cannot be flipped
without being found either.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import zipfile
from collections.abc import Generator
from pathlib import Path

from synthetic.backups.errors import BackupDamagedError, BackupUnsupportedError
from synthetic.backups.objects import UNREADABLE, ArchiveObjects, damaged, explain
from synthetic.backups.records import HASH_BYTES, Backup, seal, unseal
from synthetic.backups.scratch import is_abandoned
from synthetic.durable_files import FILE_MODE, reach_the_disk
from synthetic.errors import NotFoundError
from synthetic.steady_files import steady_file

SUFFIX = ".zip"
RECORD = "backup.json"
HASH_LENGTH = 2 * HASH_BYTES
RECORD_BYTES_MAX = 16_777_216
READ_BYTES = 1_048_576


class ArchiveWriter:
    """A file that is being written.

    Attributes:
        objects: Its pieces.
        is_proven: Whether what was written has passed the checks.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.objects = ArchiveObjects(archive)
        self.is_proven = False

    def finish(self, backup: Backup) -> None:
        """Add the record, last of all, and end the file.

        Raises:
            OSError: It cannot be written.
        """
        self._archive.writestr(RECORD, seal(backup))
        self._archive.comment = b"0" * HASH_LENGTH
        self._archive.close()
        self.is_proven = backup.proven_at is not None


@contextlib.contextmanager
def writing_archive(target: Path) -> Generator[ArchiveWriter]:
    """Write a backup to one file; it has its name once the block has ended, whole and on the disk.

    One that is not proven gets the name that `unproven_name` gives it, so that it replaces no better one.

    Raises:
        SyntheticError: It cannot be written; no part of it is left.
    """
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")
    try:
        _remove_left(target)
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        with steady_file(descriptor, is_read=True) as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                writer = ArchiveWriter(archive)
                yield writer
            size = file.seek(0, os.SEEK_END)
            digest = _digest(partial, size - HASH_LENGTH)
            file.seek(size - HASH_LENGTH)
            file.write(digest)
            file.flush()
            os.fsync(descriptor)
        partial.rename(target if writer.is_proven else unproven_name(target))
        reach_the_disk(target.parent)
    except OSError as error:
        raise explain(error, target) from error
    finally:
        partial.unlink(missing_ok=True)


def unproven_name(target: Path) -> Path:
    """Where a backup goes that was to be one file, and did not pass the checks."""
    return target.with_name(f"{target.stem}.unproven{target.suffix}")


def _remove_left(target: Path) -> None:
    """Remove what killed processes have left of a file; whoever writes one holds a lock on it."""
    name = re.compile(rf"{re.escape(target.name)}\.[0-9a-f]{{8}}\.partial")
    for path in target.parent.iterdir():
        if not name.fullmatch(path.name):
            continue
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue  # a link, another user's, or gone
        try:
            if path.is_file() and is_abandoned(descriptor):
                path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def reading_archive(path: Path) -> Generator[tuple[Backup, ArchiveObjects]]:
    """The record of the backup in a file, and its pieces, for the block.

    Raises:
        NotFoundError: There is no such file.
        BackupDamagedError: It is not as it was written; of a file that is no backup at all, that is all that is known.
        BackupUnsupportedError: It is of a newer format.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path}.", action="Name a backup that is there.") from None
    except UNREADABLE as error:
        raise damaged(path.name) from error
    with archive:
        try:
            found = archive.getinfo(RECORD)
            is_plain = found.compress_type == zipfile.ZIP_STORED and found.file_size <= RECORD_BYTES_MAX
            content = archive.read(RECORD) if is_plain else b""
        except KeyError:
            check_archive(path)
            raise BackupUnsupportedError(f"{path.name} is no backup of a store.") from None
        except UNREADABLE as error:
            raise damaged(f"{path.name}/{RECORD}") from error
        yield unseal(content, f"{path.name}/{RECORD}"), ArchiveObjects(archive)


def check_archive(path: Path) -> None:
    """Compare all bytes of a file with the hash at its end.

    Raises:
        BackupDamagedError: One is not as it was written.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - HASH_LENGTH))
            said = file.read(HASH_LENGTH)
        if size < HASH_LENGTH or said != _digest(path, size - HASH_LENGTH):
            raise damaged(path.name)
    except OSError as error:
        raise BackupDamagedError(f"{path.name} cannot be read: {error.strerror}.") from error


def _digest(path: Path, size_bytes: int) -> bytes:
    """The hash of the first bytes of a file."""
    hashed = hashlib.blake2b(digest_size=HASH_BYTES)
    left = size_bytes
    with path.open("rb") as file:
        while left > 0 and (content := file.read(min(READ_BYTES, left))):
            hashed.update(content)
            left -= len(content)
    return hashed.hexdigest().encode()
