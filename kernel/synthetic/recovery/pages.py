"""`PageFile`: the pages of a database and of its log, whatever state they are in.

The format is that of https://sqlite.org/fileformat2.html. Every store keeps
pointer maps (`auto_vacuum`), which say of each page what it is and which page
points at it: so a page still finds its tree when the pages above it are gone,
and what was deleted is told from what was not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
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
        count: How many pages there are, with those beyond the end of the file of which a pointer map tells.
        missing: How many pages the header counts beyond the end of the file.
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
        # No store reserves bytes at the end of pages: where the header says so, the header is damaged.
        self.usable = self.page_size
        size = 0 if self._file is None else self._file.size_bytes
        there = -(-size // self.page_size)
        named = self._ahead.count or (_count_in(header) if self.is_header_whole else 0)
        self.missing = max(0, named - there) if not self._ahead.count else 0
        # Of a file that was cut short, the pointer maps that are left still tell of pages that are gone.
        self.count = self._ahead.count or max(there, min(named, self._told_of(there)))
        self._has_pointers = True
        if self.is_header_whole and header[52:56] == bytes(4):
            # Every store keeps pointer maps, so the header is wrong, unless no page is one.
            self._has_pointers = any(self._is_map(place) for place in self._places_of_maps(there))

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
        # Roots and free pages have none above them, and all others have one: what says otherwise is damaged.
        is_possible = ROOT <= kind <= TREE and parent <= self.count and (kind in (ROOT, FREE)) == (parent == 0)
        return Pointer(kind, parent) if is_possible else None

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

    def _told_of(self, there: int) -> int:
        """The last page of which the last pointer map of a file of so many pages tells."""
        return self._map_of(there) + self.usable // 5 if there > 1 else there

    def _places_of_maps(self, count: int) -> Iterator[int]:
        """The places of the pointer maps among so many pages."""
        for number in range(3, count + 1, self.usable // 5 + 1):
            yield self._map_of(number)

    def _is_map(self, place: int) -> bool:
        """Whether a page is a pointer map: each entry is one, or empty."""
        page = self.read(place)
        return page is not None and max(page[: self.usable // 5 * 5 : 5]) <= TREE

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


def _count_in(header: bytes) -> int:
    """How many pages a header counts; 0: it was written by a version that does not keep this up to date."""
    return int.from_bytes(header[28:32], "big") if header[24:28] == header[92:96] else 0
