"""Where pieces are kept: in a folder that many backups share, or in the one file of a single backup.

A piece is stored as a CRC-32 (big-endian) and a frame of Zstandard behind it.
The checksum covers the frame, in which not every bit has a meaning, so that a
flipped byte is found wherever it is; the name, which is the hash of the
content, covers what comes out.
"""

from __future__ import annotations

import os
import secrets
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import zstandard

from synthetic.backups.errors import BackupDamagedError
from synthetic.backups.records import PIECE_BYTES_MAX, Piece, digest_of
from synthetic.durable_files import DIRECTORY_MODE, FILE_MODE, reach_the_disk, translate_system_error

LEVEL = 3
CHECKSUM_BYTES = 4
FOLDER = "objects"
PREFIX_LENGTH = 2
"""So many digits of a name are that of a folder: at most 256 folders."""


STORED_BYTES_MAX = 2 * PIECE_BYTES_MAX
"""More no piece takes as it is stored."""

UNREADABLE = (
    zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError, struct.error,
    zlib.error,
)  # fmt: skip
"""What Python's reader of zip files raises for one in which bytes are wrong."""


class Objects(Protocol):
    """Where the pieces of a backup are."""

    def get(self, piece: Piece) -> bytes:
        """The content of a piece.

        Raises:
            BackupDamagedError: It is not there, or not as it was written.
        """
        ...

    def has(self, piece: Piece) -> bool:
        """Whether a piece is there, whatever may have become of its bytes."""
        ...

    def put(self, piece: Piece, content: bytes) -> int:
        """Keep a piece; how many bytes that took, 0 where it is kept already.

        Raises:
            OSError: It cannot be written.
        """
        ...


def pack(content: bytes) -> bytes:
    """A content as it is stored."""
    frame = zstandard.ZstdCompressor(level=LEVEL).compress(content)
    return zlib.crc32(frame).to_bytes(CHECKSUM_BYTES) + frame


def unpack(stored: bytes, piece: Piece, name: str) -> bytes:
    """The content of what `pack` has made.

    Args:
        stored: As it was read.
        piece: What it must be; no more than its size is ever decompressed.
        name: Where it lies, for the message.

    Raises:
        BackupDamagedError: It is not as it was written.
    """
    frame = memoryview(stored)[CHECKSUM_BYTES:]
    if zlib.crc32(frame).to_bytes(CHECKSUM_BYTES) != stored[:CHECKSUM_BYTES]:
        raise damaged(name)
    try:
        if zstandard.get_frame_parameters(frame).content_size != piece.size_bytes:
            raise damaged(name)
        content = zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError as error:
        raise damaged(name) from error
    if digest_of(content) != piece.digest:
        raise damaged(name)
    return content


def damaged(name: str) -> BackupDamagedError:
    """The error for a part that is not as it was written."""
    return BackupDamagedError(f"{name} is not as it was written.", details={"file": name})


def missing(name: str) -> BackupDamagedError:
    """The error for a part that is not there."""
    return BackupDamagedError(f"{name} is not there.", details={"file": name})


def object_name(digest: str) -> str:
    """The path of a piece below the folder, or in the file, of backups."""
    return f"{FOLDER}/{digest[:PREFIX_LENGTH]}/{digest}"


class FolderObjects:
    """Pieces as files, in a folder of backups.

    Attributes:
        added: Those that were put there by this object, and their sizes as stored.
    """

    def __init__(self, folder: Path) -> None:
        """Look into a folder of backups, which need not be there yet."""
        self._folder = folder
        self.added: dict[str, int] = {}

    def get(self, piece: Piece) -> bytes:
        """See `Objects`."""
        name = object_name(piece.digest)
        try:
            stored = (self._folder / name).read_bytes()
        except FileNotFoundError:
            raise missing(name) from None
        except OSError as error:
            raise BackupDamagedError(f"{name} cannot be read: {error.strerror}.", details={"file": name}) from error
        return unpack(stored, piece, name)

    def has(self, piece: Piece) -> bool:
        """See `Objects`."""
        return (self._folder / object_name(piece.digest)).exists()

    def put(self, piece: Piece, content: bytes) -> int:
        """See `Objects`; its content is on the disk when this returns, its name after `settle`."""
        target = self._folder / object_name(piece.digest)
        if target.exists():
            return 0
        stored = pack(content)
        for folder in (target.parent.parent, target.parent):
            folder.mkdir(DIRECTORY_MODE, exist_ok=True)
        partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(stored)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        self.added[piece.digest] = len(stored)
        return len(stored)

    def settle(self) -> None:
        """Wait until the names of all that was put there are on the disk.

        Raises:
            OSError: They cannot be written.
        """
        if self.added:
            for prefix in {digest[:PREFIX_LENGTH] for digest in self.added}:
                reach_the_disk(self._folder / FOLDER / prefix)
            reach_the_disk(self._folder / FOLDER)

    def give_up(self) -> None:
        """Remove what was put there by this object: no backup will name it."""
        for digest in self.added:
            (self._folder / object_name(digest)).unlink(missing_ok=True)
        self.added.clear()

    def set_aside(self, name: str) -> None:
        """Take a damaged piece out of the way under another name, so that the next backup stores it anew."""
        path = self._folder / name
        path.rename(path.with_name(f"{path.name}.damaged"))

    def is_piece(self, name: str) -> bool:
        """Whether a path below the folder is that of a piece that is there."""
        return name.startswith(f"{FOLDER}/") and (self._folder / name).is_file()

    def names(self) -> Iterator[Path]:
        """The files of all pieces, those too that are half written or were set aside."""
        yield from (self._folder / FOLDER).glob("*/*")


class ArchiveObjects:
    """Pieces as members of a zip file, which stores them as they are."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Use a file that is open, to write or to read."""
        self._archive = archive
        self._sizes: dict[str, int] = {each.filename: each.file_size for each in archive.infolist()}
        self._compressed = {each.filename for each in archive.infolist() if each.compress_type != zipfile.ZIP_STORED}

    @property
    def stored_bytes(self) -> int:
        """What all members take."""
        return sum(self._sizes.values())

    def get(self, piece: Piece) -> bytes:
        """See `Objects`."""
        name = object_name(piece.digest)
        if name not in self._sizes:
            raise missing(name)
        # What is compressed once more, or too large, was not written so, and may be a bomb.
        if name in self._compressed or self._sizes[name] > STORED_BYTES_MAX:
            raise damaged(name)
        try:
            stored = self._archive.read(name)
        except UNREADABLE as error:
            raise damaged(name) from error
        return unpack(stored, piece, name)

    def has(self, piece: Piece) -> bool:
        """See `Objects`."""
        return object_name(piece.digest) in self._sizes

    def put(self, piece: Piece, content: bytes) -> int:
        """See `Objects`."""
        name = object_name(piece.digest)
        if name in self._sizes:
            return 0
        stored = pack(content)
        self._archive.writestr(name, stored)
        self._sizes[name] = len(stored)
        return len(stored)


def explain(error: OSError, where: Path) -> Exception:
    """The error of the contract for a backup that cannot be written."""
    return translate_system_error(error, f"The backup in {where}")
