"""`PageFile`: the pages of a database and of its log, whatever state they are in.

The format is that of https://sqlite.org/fileformat2.html. Every store keeps
pointer maps (`auto_vacuum`), which say of each page what it is and which page
points at it: so a page still finds its tree when the pages above it are gone,
and what was deleted is told from what was not.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final, NamedTuple, Self

import apsw

from synthetic.database.raw_file import RawFile
from synthetic.recovery.write_ahead import WriteAhead, read_write_ahead

MAGIC = b"SQLite format 3\x00"
PAGE_SIZE_DEFAULT = 4_096
"""What SQLite uses where nobody says otherwise, as no store does."""

PENDING_BYTE = 0x40000000
"""The page with this byte is never used."""

ROOT, FREE, OVERFLOW_FIRST, OVERFLOW_NEXT, TREE = 1, 2, 3, 4, 5
"""What the pointer map says of a page: root of a tree, free, first or later page of a long value, part of a tree."""

KINDS: Final = (2, 5, 10, 13)
"""First byte of a page of a tree: of an index or a table, inner pages (2 and 5) or leaves (10 and 13)."""


class Pointer(NamedTuple):
    """What the pointer map says of a page.

    Attributes:
        kind: One of the five above.
        parent: The page that points at it; 0 for roots and free pages.
    """

    kind: int
    parent: int


class PageFile:
    """The pages of a database as of its last commit; to be closed, or used in a `with`.

    Attributes:
        page_size: In bytes.
        usable: Bytes of each page that hold something.
        count: How many pages there are.
        is_header_whole: Whether the header of the file says what the file is.
        unusable_frames: See `WriteAhead.unusable`.
    """

    def __init__(self, database: Path, log: Path) -> None:
        """Open a database that nobody writes to.

        Raises:
            apsw.Error, OSError: It cannot be opened.
        """
        self._ahead = read_write_ahead(log)
        self._file = RawFile(database) if database.exists() else None
        self._log = log.open("rb") if self._ahead.pages else None
        self.unusable_frames = self._ahead.unusable
        header = self._header()
        self.is_header_whole = header[:16] == MAGIC and _page_size_in(header) != 0
        self.page_size = self._find_page_size(header, self._ahead)
        size = 0 if self._file is None else self._file.size_bytes
        self.count = self._ahead.count or -(-size // self.page_size)
        reserved = header[20] if self.is_header_whole else 0
        self.usable = self.page_size - reserved
        self._has_pointers = not self.is_header_whole or header[52:56] != bytes(4)

    def read(self, number: int) -> bytes | None:
        """A page; None: there is nothing on it that could be read.

        A page of zeros holds nothing: SQLite writes none to a tree nor to a long value.
        """
        if not 1 <= number <= self.count:
            return None
        page = self._bytes(number)
        if len(page) < self.page_size or not any(page):
            return None
        return page

    def pointer(self, number: int) -> Pointer | None:
        """What the pointer map says of a page; None: it cannot be read, or there is none."""
        place = self._map_of(number)
        if not self._has_pointers or place == number or number < 3:
            return None
        page = self.read(place)
        if page is None:
            return None
        kind, parent = struct.unpack_from(">BI", page, 5 * (number - place - 1))
        return Pointer(kind, parent) if ROOT <= kind <= TREE and parent <= self.count else None

    def holds_content(self, number: int) -> bool:
        """Whether a page is one on which trees and long values may stand."""
        return number == 1 or (not (self._has_pointers and self._map_of(number) == number) and number != self._pending)

    def close(self) -> None:
        """Let go of the files."""
        if self._file is not None:
            self._file.close()
        if self._log is not None:
            self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    @property
    def _pending(self) -> int:
        return PENDING_BYTE // self.page_size + 1

    def _map_of(self, number: int) -> int:
        """The page with the pointer of a page."""
        if number < 2:
            return 0
        stride = self.usable // 5 + 1
        place = (number - 2) // stride * stride + 2
        return place + 1 if place == self._pending else place

    def _bytes(self, number: int) -> bytes:
        at = self._ahead.pages.get(number)
        try:
            if at is not None and self._log is not None:
                self._log.seek(at)
                return self._log.read(self.page_size)
            return b"" if self._file is None else self._file.read((number - 1) * self.page_size, self.page_size)
        except (apsw.IOError, OSError):
            return b""  # a disk that does not give a page is as bad as one that gives another

    def _header(self) -> bytes:
        at = self._ahead.pages.get(1)
        if at is not None and self._log is not None:
            self._log.seek(at)
            return self._log.read(100)
        try:
            header = b"" if self._file is None else self._file.read(0, 100)
        except apsw.IOError:
            header = b""
        return header.ljust(100, b"\x00")

    def _find_page_size(self, header: bytes, ahead: WriteAhead) -> int:
        if ahead.page_size:
            return ahead.page_size
        if self.is_header_whole:
            return _page_size_in(header)
        return PAGE_SIZE_DEFAULT


def _page_size_in(header: bytes) -> int:
    """The size of pages that a header names; 0: it names none."""
    size = int.from_bytes(header[16:18], "big")
    size = 65_536 if size == 1 else size
    return size if size >= 512 and size & (size - 1) == 0 else 0
