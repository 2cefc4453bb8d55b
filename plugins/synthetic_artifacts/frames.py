"""Text in compressed frames: small on the disk, and a range of it costs no more than the frames that it lies in.

A file of frames has Zstandard's seekable format: each frame is compressed by
itself, and a table at the end, in a frame that decoders skip, says how long
each one is. So `zstd -d` makes the text of it, and so does any other program
that knows Zstandard. Each frame carries a checksum, which its decoder compares.

What file is compressed at all is decided by `is_text` and `pays`.
"""

from __future__ import annotations

import os
import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import zstandard

FRAME_BYTES = 262_144
"""Bytes of the content in one frame: decompressed in a fraction of a millisecond, and long enough to compress well."""

STORED_FRAME_BYTES_MAX = FRAME_BYTES + FRAME_BYTES // 128 + 512
"""What such a frame takes at most, with content that cannot be compressed."""

LEVEL = 3
PAYING_RATIO = 0.9
"""Compression pays where it leaves no more than this of the beginning."""

SKIPPABLE_MAGIC = 0x184D2A5E
SEEKABLE_MAGIC = 0x8F92EAB1
HEAD = struct.Struct("<II")
FOOT = struct.Struct("<IBI")
FRAMES_MAX = 0x0800_0000
"""Most frames of a file in this format."""

TEXT_ENDINGS = ("+json", "+xml", "+yaml")
TEXT_TYPES = frozenset(
    {
        "application/json",
        "application/ld+json",
        "application/ndjson",
        "application/x-ndjson",
        "application/jsonl",
        "application/javascript",
        "application/sql",
        "application/toml",
        "application/x-sh",
        "application/xml",
        "application/yaml",
        "application/x-yaml",
        "application/graphql",
        "application/x-patch",
    }
)


class FramesDamagedError(ValueError):
    """A file is not, or is no longer, one that `FrameEncoder` has written."""


def is_text(content_type: str) -> bool:
    """Whether content of a media type is text, which compression may make smaller; parameters are ignored."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in TEXT_TYPES or kind.endswith(TEXT_ENDINGS)


def pays(beginning: bytes) -> bool:
    """Whether compression makes content clearly smaller, judged by its first bytes (up to `FRAME_BYTES`)."""
    if not beginning:
        return False
    sample = beginning[:FRAME_BYTES]
    return len(zstandard.ZstdCompressor(level=LEVEL).compress(sample)) <= PAYING_RATIO * len(sample)


class FrameEncoder:
    """Compresses content as it comes, with one frame of it in memory.

    Attributes:
        stored_bytes: How much it has written.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        """Begin a file; `write` takes its bytes, whole, in order."""
        self._write = write
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True)
        self._waiting = bytearray()
        self._lengths = array("I")
        self.stored_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the content.

        Raises:
            ValueError: There is more content than the format can tell of (32 TiB).
            Exception: What `write` raises.
        """
        self._waiting += data
        while len(self._waiting) >= FRAME_BYTES:
            with memoryview(self._waiting) as waiting:
                frame = bytes(waiting[:FRAME_BYTES])
            del self._waiting[:FRAME_BYTES]
            self._write_frame(frame)

    def finish(self) -> int:
        """Write what is left, and the table; returns the length of the file in bytes.

        Raises:
            Exception: What `write` raises.
        """
        if self._waiting:
            self._write_frame(bytes(self._waiting))
            self._waiting.clear()
        frames = len(self._lengths) // 2
        table = struct.pack(f"<{len(self._lengths)}I", *self._lengths) + FOOT.pack(frames, 0, SEEKABLE_MAGIC)
        self._store(HEAD.pack(SKIPPABLE_MAGIC, len(table)) + table)
        return self.stored_bytes

    def _write_frame(self, content: bytes) -> None:
        if len(self._lengths) // 2 >= FRAMES_MAX:
            raise ValueError("the content has more frames than the format can tell of")
        stored = self._compressor.compress(content)
        self._lengths.extend((len(stored), len(content)))
        self._store(stored)

    def _store(self, data: bytes) -> None:
        self._write(data)
        self.stored_bytes += len(data)


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Where the frames of a file are.

    Attributes:
        stored: Offset in the file of each frame, and of the end of the last.
        content: Offset in the content of each frame, and of its end.
    """

    stored: array[int]
    content: array[int]

    @property
    def size_bytes(self) -> int:
        """Length of the content."""
        return self.content[-1]

    @property
    def held_bytes(self) -> int:
        """How much memory it takes."""
        return 2 * len(self.stored) * self.stored.itemsize


def read_index(fd: int) -> FrameIndex:
    """Read the table at the end of a file.

    Args:
        fd: The file, open to read; its offset is neither used nor moved.

    Raises:
        FramesDamagedError: It has none, or one that does not fit the file.
        OSError: It cannot be read.
    """
    file_bytes = os.fstat(fd).st_size
    if file_bytes < HEAD.size + FOOT.size:
        raise FramesDamagedError("the file is too short to have a table of frames")
    frames, descriptor, magic = FOOT.unpack(read_exactly(fd, FOOT.size, file_bytes - FOOT.size))
    entries_bytes = frames * HEAD.size
    begin = file_bytes - FOOT.size - entries_bytes - HEAD.size
    if magic != SEEKABLE_MAGIC or descriptor != 0 or frames > FRAMES_MAX or begin < 0:
        raise FramesDamagedError("the file has no table of frames")
    table = read_exactly(fd, HEAD.size + entries_bytes, begin)
    if HEAD.unpack_from(table) != (SKIPPABLE_MAGIC, entries_bytes + FOOT.size):
        raise FramesDamagedError("the table of frames has a wrong length")
    stored, content = array("Q", (0,)), array("Q", (0,))
    stored_at = content_at = 0
    for stored_bytes, content_bytes in HEAD.iter_unpack(memoryview(table)[HEAD.size :]):
        if not 0 < stored_bytes <= STORED_FRAME_BYTES_MAX or not 0 < content_bytes <= FRAME_BYTES:
            raise FramesDamagedError("the table has a frame that cannot be")
        stored_at += stored_bytes
        content_at += content_bytes
        stored.append(stored_at)
        content.append(content_at)
    if stored_at != begin:
        raise FramesDamagedError("the table does not fit the frames")
    return FrameIndex(stored, content)


class FrameReader:
    """Reads the content of a file of frames, or a range of it, with one frame of it in memory."""

    def __init__(self, fd: int, index: FrameIndex) -> None:
        """Read from a file that stays open meanwhile; `index` is what `read_index` has found in it."""
        self._fd = fd
        self._index = index
        self._decompressor = zstandard.ZstdDecompressor()

    @property
    def size_bytes(self) -> int:
        """Length of the content."""
        return self._index.size_bytes

    def pieces(self, offset: int, length: int) -> Iterator[memoryview]:
        """The bytes of a range, one piece for each frame that it touches.

        Args:
            offset: Where it begins, within the content.
            length: How many bytes it has; it ends within the content.

        Raises:
            FramesDamagedError: A frame is not as it was written.
            OSError: The file cannot be read.
        """
        if not 0 <= offset <= offset + length <= self.size_bytes:
            raise ValueError(f"the range {offset}+{length} is not within {self.size_bytes} bytes")
        content, end = self._index.content, offset + length
        number = bisect_right(content, offset) - 1
        while offset < end:
            frame = self._frame(number)
            begin = content[number]
            piece = memoryview(frame)[offset - begin : end - begin]
            yield piece
            offset += len(piece)
            number += 1

    def _frame(self, number: int) -> bytes:
        stored, content = self._index.stored, self._index.content
        size_bytes = content[number + 1] - content[number]
        data = read_exactly(self._fd, stored[number + 1] - stored[number], stored[number])
        try:
            # The length is compared first, since the decoder makes room for as much as the frame says.
            if zstandard.frame_content_size(data) != size_bytes:
                raise FramesDamagedError(f"frame {number} has another length than the table says")
            return self._decompressor.decompress(data, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise FramesDamagedError(f"frame {number} is damaged: {error}") from error


def read_exactly(fd: int, length: int, offset: int) -> bytes:
    """Bytes of a file, as many as are asked for.

    Raises:
        FramesDamagedError: The file ends before.
        OSError: It cannot be read.
    """
    data = os.pread(fd, length, offset)
    while len(data) < length:
        more = os.pread(fd, length - len(data), offset + len(data))
        if not more:
            raise FramesDamagedError("the file ends too early")
        data += more
    return data
