"""Files as pieces: cutting one up, and putting one together again.

The cuts are at fixed places, which suits databases: a page that does not change
stays where it is, so a piece of the next copy is the same unless one of its
pages was written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from synthetic.backups.errors import BackupDamagedError
from synthetic.backups.objects import Objects
from synthetic.backups.records import Backup, Contents, KeptFile, Piece, decode_contents, digest_of
from synthetic.durable_files import DIRECTORY_MODE, FILE_MODE
from synthetic.steady_files import steady_file

PIECE_BYTES = 262_144
"""64 pages of a database: what one changed page adds to the next backup at most, before compression."""

CONTENTS_BYTES_MAX = 268_435_456
"""Room for the list of about a million files."""


def keep_stream(file: BinaryIO, objects: Objects, go_on: Callable[[int], None]) -> tuple[Piece, ...]:
    """Cut up what is read from a file, and keep what is not kept yet.

    Args:
        file: Open to read.
        objects: Where to keep it.
        go_on: Told the size of each piece; raises where the work should stop.

    Raises:
        OSError: It cannot be read, or the pieces not be written.
    """
    pieces: list[Piece] = []
    while content := file.read(PIECE_BYTES):
        piece = Piece(digest_of(content), len(content))
        objects.put(piece, content)
        pieces.append(piece)
        go_on(len(content))
    return tuple(pieces)


def keep_content(content: bytes, objects: Objects) -> tuple[Piece, ...]:
    """Keep some bytes as pieces.

    Raises:
        OSError: They cannot be written.
    """
    parts = [content[start : start + PIECE_BYTES] for start in range(0, len(content), PIECE_BYTES)]
    pieces = tuple(Piece(digest_of(part), len(part)) for part in parts)
    for piece, part in zip(pieces, parts, strict=True):
        objects.put(piece, part)
    return pieces


def read_content(pieces: Iterable[Piece], objects: Objects) -> bytes:
    """The bytes that `keep_content` has kept.

    Raises:
        BackupDamagedError: They are not as they were.
    """
    content = bytearray()
    for piece in pieces:
        content += objects.get(piece)
    return bytes(content)


def read_contents(backup: Backup, objects: Objects) -> Contents:
    """The list of what is in a backup, which fits what the record says of it.

    Raises:
        BackupDamagedError, BackupUnsupportedError: It cannot be read, or the sizes in it do not add up.
    """
    # One piece can be named many times, so what is stored says nothing about the memory that the list would take.
    if sum(piece.size_bytes for piece in backup.contents) > CONTENTS_BYTES_MAX:
        raise BackupDamagedError(f"The list of what is in the backup {backup.id} is longer than any that is written.")
    contents = decode_contents(read_content(backup.contents, objects))
    database, *files = contents.files
    if (
        any(file.size_bytes != sum(piece.size_bytes for piece in file.pieces) for file in contents.files)
        or database.size_bytes != backup.database_bytes
        or len(files) != backup.files
        or sum(file.size_bytes for file in files) != backup.file_bytes
    ):
        raise BackupDamagedError(f"The sizes of what is in the backup {backup.id} are not those of its record.")
    return contents


def restore_file(file: KeptFile, objects: Objects, folder: Path, go_on: Callable[[int], None]) -> None:
    """Put a file together in a folder, on the disk when this returns, with the time at which it was last written.

    Args:
        file: Which; its path is known to be harmless.
        objects: Where its pieces are.
        folder: Where it goes, with the folders of its path; nothing of its name may be there.
        go_on: Told the size of each piece; raises where the work should stop.

    Raises:
        BackupDamagedError: A piece is not as it was written.
        OSError: It cannot be written.
    """
    target = folder / file.path
    target.parent.mkdir(DIRECTORY_MODE, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    with steady_file(descriptor) as opened:
        for piece in file.pieces:
            opened.write(objects.get(piece))
            go_on(piece.size_bytes)
        opened.flush()
        os.fsync(descriptor)
    if file.modified_ns:
        os.utime(target, ns=(file.modified_ns, file.modified_ns))
