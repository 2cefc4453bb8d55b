"""What a write-ahead log adds to its database, read without SQLite.

The format is that of https://sqlite.org/fileformat2.html#the_write_ahead_log:
a header of 32 bytes, then frames, each a header of 24 bytes and a page. The
checksums go on from frame to frame, so that what follows a damaged frame cannot
be believed, and only what a commit has ended counts.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from pathlib import Path

HEADER_BYTES = 32
FRAME_BYTES = 24
_MAGIC_LITTLE, _MAGIC_BIG = 0x377F0682, 0x377F0683
_WORD = 0xFFFFFFFF
_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")


@dataclass(frozen=True, slots=True)
class WriteAhead:
    """What a log holds.

    Attributes:
        page_size: Of its pages in bytes; 0: there is no log that could be read.
        pages: For each page, where its newest committed version begins in the file.
        count: How many pages the database has with it; 0: as the database says.
        unusable: Frames of the log that are damaged or follow a damaged one, and so are not used.
    """

    page_size: int = 0
    pages: dict[int, int] = field(default_factory=dict[int, int])
    count: int = 0
    unusable: int = 0


def read_write_ahead(path: Path) -> WriteAhead:
    """What the log of a database holds; nothing where there is none.

    Raises:
        OSError: It cannot be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return WriteAhead()
    with file:
        head = file.read(HEADER_BYTES)
        if len(head) < HEADER_BYTES:
            return WriteAhead()
        magic, _version, page_size, _sequence, *salts, first, second = _HEADER.unpack(head)
        if magic not in (_MAGIC_LITTLE, _MAGIC_BIG) or page_size not in _PAGE_SIZES:
            return WriteAhead()
        order = "<" if magic == _MAGIC_LITTLE else ">"
        sums = _checksum(head[:24], (0, 0), order)
        whole = (os.fstat(file.fileno()).st_size - HEADER_BYTES) // (FRAME_BYTES + page_size)
        if sums != (first, second):
            return WriteAhead(unusable=whole)
        pages: dict[int, int] = {}
        pending: dict[int, int] = {}
        count = 0
        for number in range(whole):
            at = HEADER_BYTES + number * (FRAME_BYTES + page_size)
            frame = file.read(FRAME_BYTES + page_size)
            page, size, *found_salts, one, two = _FRAME.unpack(frame[:FRAME_BYTES])
            if found_salts != salts:
                # Left by an earlier round of the log; where frames of this round follow, it is a damaged one.
                later = _count_round(file.fileno(), salts, number + 1, whole, page_size)
                return WriteAhead(page_size, pages, count, later + 1 if later else 0)
            sums = _checksum(frame[FRAME_BYTES:], _checksum(frame[:8], sums, order), order)
            if sums != (one, two) or page == 0:
                later = _count_round(file.fileno(), salts, number + 1, whole, page_size)
                return WriteAhead(page_size, pages, count, later + 1)
            pending[page] = at + FRAME_BYTES
            if size:
                pages.update(pending)
                pending.clear()
                count = size
        return WriteAhead(page_size, pages, count)


_PAGE_SIZES = frozenset(1 << power for power in range(9, 17))


def _count_round(descriptor: int, salts: list[int], begin: int, end: int, page_size: int) -> int:
    """How many frames from one on are of the same round of the log."""
    found = 0
    for number in range(begin, end):
        head = os.pread(descriptor, FRAME_BYTES, HEADER_BYTES + number * (FRAME_BYTES + page_size))
        if list(_FRAME.unpack(head)[2:4]) == salts:
            found += 1
    return found


def _checksum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    one, two = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & _WORD
        two = (two + second + one) & _WORD
    return one, two
