"""The bytes of a file, unpacked, in blocks of bounded size.

A file is opened so that nothing can hang (a pipe without a writer) or be
mistaken (a device, a folder), and is read forward only: places are counted in
unpacked bytes, so a packed file is resumed by unpacking it anew up to there.
Several gzip members, or zstd frames, one after the other are read as one.

What ends in the middle of a member or frame is being written still, or was cut
off: it ends there, without an error. What cannot be unpacked raises.
"""

from __future__ import annotations

import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import zstandard

from synthetic_ingest.fingerprints import TAIL_BYTES
from synthetic_ingest.model import Compression, UnreadableFileError

BLOCK_BYTES = 1_048_576
_PACKED_BYTES = 262_144
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
"""The second to fourth byte of a skippable frame; the first is 0x50 to 0x5f."""


class ByteStream(Protocol):
    """What is read from: `read(n)` returns up to n bytes, and b"" at the end for now."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What the file system says of a file that is open.

    Attributes:
        device: Number of its file system, as a signed 64-bit integer.
        inode: Number within the file system, likewise.
        size_bytes: As on disk.
        modified_at: Unix milliseconds.
    """

    device: int
    inode: int
    size_bytes: int
    modified_at: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileStatus:
        """From `os.stat` or `os.fstat`."""
        return cls(
            _signed(status.st_dev), _signed(status.st_ino), status.st_size, max(0, status.st_mtime_ns // 1_000_000)
        )


def _signed(number: int) -> int:
    """A 64-bit number as SQLite keeps it; file systems count up to 2^64."""
    return number - 2**64 if number >= 2**63 else number


class Source:
    """An open file, unpacked, with its place in unpacked bytes.

    Attributes:
        status: Of the moment when it was opened.
        compression: As its first bytes say.
        offset: Unpacked bytes read so far.
    """

    def __init__(self, file: io.FileIO, status: FileStatus) -> None:
        self._file = file
        self.status = status
        self.compression = _compression_of(file)
        self._stream = _stream_of(file, self.compression)
        self.offset = 0

    @property
    def position_bytes(self) -> int:
        """How far reading has come in bytes on disk."""
        return self._file.tell()

    def rewind(self) -> None:
        """Go back to the beginning."""
        self._file.seek(0)
        self._stream = _stream_of(self._file, self.compression)
        self.offset = 0

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        """The next bytes, at most `size`; b"" when there are no more for now.

        Raises:
            UnreadableFileError: The disk fails, or it cannot be unpacked.
        """
        try:
            content = self._stream.read(size)
        except OSError as error:
            raise UnreadableFileError(f"It cannot be read: {error.strerror or error}.") from error
        except (zlib.error, zstandard.ZstdError) as error:
            raise UnreadableFileError(f"It cannot be unpacked beyond byte {self.offset}: {error}.") from error
        self.offset += len(content)
        return content

    def read_fully(self, size: int) -> bytes:
        """The next `size` bytes, or all that there are.

        Raises:
            UnreadableFileError: As `read`.
        """
        parts: list[bytes] = []
        while size > 0 and (part := self.read(min(size, BLOCK_BYTES))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip_to(self, offset: int) -> bytes | None:
        """Go to a place.

        Returns:
            What stands right before it (TAIL_BYTES, or all if it is less);
            None if the file ends before the place.

        Raises:
            UnreadableFileError: As `read`.
        """
        start = max(0, offset - TAIL_BYTES)
        if start < self.offset:
            self.rewind()
        if self.compression is Compression.NONE:
            self._file.seek(start)
            self.offset = start
        while self.offset < start:
            if not self.read(min(BLOCK_BYTES, start - self.offset)):
                return None
        tail = self.read_fully(offset - start)
        return tail if self.offset == offset else None


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file for reading.

    Raises:
        UnreadableFileError: It is no regular file, has vanished, or may not be read.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for its writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise UnreadableFileError(_why(error)) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise UnreadableFileError(f"It is {kind_of(status.st_mode)}, not a file.")
    with io.FileIO(descriptor) as file:
        try:
            source = Source(file, FileStatus.of(status))
        except OSError as error:
            raise UnreadableFileError(_why(error)) from error
        yield source


def kind_of(mode: int) -> str:
    """What a file that is no regular one is, in words."""
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "It is not there (any more)."
    if isinstance(error, PermissionError):
        return "It may not be read by this user."
    return f"It cannot be opened: {error.strerror or error}."


def _compression_of(file: io.FileIO) -> Compression:
    magic = file.read(4) or b""
    file.seek(0)
    if magic.startswith(_GZIP):
        return Compression.GZIP
    if magic == _ZSTD or (len(magic) == 4 and magic[0] >> 4 == 5 and magic[1:] == _ZSTD_SKIPPABLE):
        return Compression.ZSTD
    return Compression.NONE


def _stream_of(file: io.FileIO, compression: Compression) -> ByteStream:
    if compression is Compression.GZIP:
        return GzipStream(file)
    if compression is Compression.ZSTD:
        return ZstdStream(file)
    return file


class ZstdStream:
    """Unpacks zstd frames, one after the other, and gives out what comes before damage."""

    def __init__(self, file: io.FileIO) -> None:
        self._reader = zstandard.ZstdDecompressor().stream_reader(
            file, read_size=_PACKED_BYTES, read_across_frames=True, closefd=False
        )

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" where the file ends for now.

        Raises:
            zstandard.ZstdError: It is no zstd from here on.
        """
        # `read` would go on until it has `size` bytes, and lose them all where it meets damage on the way.
        return self._reader.read1(size)


class GzipStream:
    """Unpacks gzip members, one after the other, without ever holding more than was asked for.

    The standard library's reader gives up what it has unpacked when a file
    ends in the middle of a member; a file that is still written ends so.
    """

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._unpacker = zlib.decompressobj(wbits=31)
        self._packed = b""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; b"" where the file ends for now.

        Raises:
            zlib.error: It is no gzip from here on.
        """
        while True:
            if self._unpacker.eof:
                # Writers of tapes pad the end with zeros, which gzip itself ignores too.
                self._packed = self._unpacker.unused_data.lstrip(b"\0") or self._fill().lstrip(b"\0")
                if not self._packed:
                    return b""
                self._unpacker = zlib.decompressobj(wbits=31)
            elif not self._packed:
                self._packed = self._fill()
                if not self._packed:
                    return b""
            content = self._unpacker.decompress(self._packed, size)
            self._packed = self._unpacker.unconsumed_tail
            if content:
                return content

    def _fill(self) -> bytes:
        return self._file.read(_PACKED_BYTES) or b""
