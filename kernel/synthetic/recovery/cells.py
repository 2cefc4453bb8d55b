"""The cells of a page: rows, entries of indexes, and pointers to pages below.

Nothing on a page is believed before it fits: a page may have been overwritten
in part, and a row that was deleted may still lie where nothing points.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from synthetic.database.snapshot import Value
from synthetic.recovery.pages import KINDS, OVERFLOW_FIRST, OVERFLOW_NEXT, PageFile, Pointer
from synthetic.recovery.records import MalformedError, decode_record, read_varint

INDEX_INNER, TABLE_INNER, INDEX_LEAF, TABLE_LEAF = KINDS
PAYLOAD_BYTES_MAX = 1_000_000_000
"""SQLite's own limit for a row."""


class Cell(NamedTuple):
    """A row of a table, or an entry of an index.

    Attributes:
        rowid: Of a row of a table that has any; None otherwise.
        values: As stored.
    """

    rowid: int | None
    values: tuple[Value, ...]


@dataclass(slots=True)
class Page:
    """What stands on a page of a tree.

    Attributes:
        kind: One of `KINDS`.
        children: Pages below, in order.
        cells: Those that can be read, in order.
        broken: How many cannot be read.
    """

    kind: int
    children: list[int] = field(default_factory=list[int])
    cells: list[Cell] = field(default_factory=list[Cell])
    broken: int = 0

    @property
    def is_of_table(self) -> bool:
        """Whether it is of a table with rowids; else of an index, or of a table without."""
        return self.kind in (TABLE_INNER, TABLE_LEAF)


def read_page(file: PageFile, number: int, *, with_cells: bool = True) -> Page | None:
    """What stands on a page of a tree; None: it is none, or cannot be read.

    Args:
        file: To read from.
        number: Of the page.
        with_cells: Read rows and entries too, and not the pages below alone.
    """
    data = file.read(number)
    if data is None:
        return None
    head = 100 if number == 1 else 0
    kind, free, count, content, _ = struct.unpack_from(">BHHHB", data, head)
    if kind not in KINDS:
        return None
    page = Page(kind)
    is_inner = kind in (INDEX_INNER, TABLE_INNER)
    begins = head + (12 if is_inner else 8)
    ends = begins + 2 * count
    if ends > file.usable:
        return None
    if is_inner or with_cells:
        content = content or 65_536
        lowest = max(ends, content) if content <= file.usable else ends
        _read_cells(file, number, data, page, Places(begins, ends, lowest, free), with_cells=with_cells)
    if is_inner:
        page.children.append(int.from_bytes(data[head + 8 : head + 12], "big"))
    return page


class Places(NamedTuple):
    """Where on a page its cells are.

    Attributes:
        begins: Of the list of their places.
        ends: Of that list.
        lowest: Before which there is none.
        free: The first of the places where nothing stands any more; 0: there is none.
    """

    begins: int
    ends: int
    lowest: int
    free: int


def _read_cells(file: PageFile, number: int, data: bytes, page: Page, places: Places, *, with_cells: bool) -> None:
    """Add what stands on a page to it."""
    taken = _free_places(data, places.free, file.usable)
    last = None
    for (at,) in struct.iter_unpack(">H", data[places.begins : places.ends]):
        try:
            if not places.lowest <= at <= file.usable - 4:
                raise MalformedError("a cell is not where cells are")
            child, cell, end = _read_cell(file, number, data, at, page.kind, with_cells=with_cells)
            if taken.find(1, at, end) >= 0:
                raise MalformedError("a cell lies in another one")
            rowid = None if cell is None else cell.rowid
            if rowid is not None and last is not None and rowid <= last:
                raise MalformedError("a row is out of order")
        except (MalformedError, struct.error):
            page.broken += 1
            continue
        taken[at:end] = b"\x01" * (end - at)
        last = rowid
        if child is not None:
            page.children.append(child)
        if cell is not None:
            page.cells.append(cell)


def _free_places(data: bytes, first: int, usable: int) -> bytearray:
    """Ones where a page holds nothing any more, as far as its list of such places can be followed."""
    found = bytearray(usable)
    at, before = first, 0
    while before < at <= usable - 4:
        following, size = struct.unpack_from(">HH", data, at)
        if size < 4 or at + size > usable:
            break
        found[at : at + size] = b"\x01" * size
        at, before = following, at
    return found


def _read_cell(
    file: PageFile, number: int, data: bytes, at: int, kind: int, *, with_cells: bool
) -> tuple[int | None, Cell | None, int]:
    """The page below, the row or entry, and where the cell ends.

    Raises:
        MalformedError: It is no cell.
    """
    begin, child, rowid = at, None, None
    if kind in (INDEX_INNER, TABLE_INNER):
        child, at = int.from_bytes(data[at : at + 4], "big"), at + 4
    if kind == TABLE_INNER:
        _, end = read_varint(data, at)
        return child, None, end
    size, at = read_varint(data, at)
    if kind == TABLE_LEAF:
        rowid, at = read_varint(data, at)
    if not 1 <= size <= min(PAYLOAD_BYTES_MAX, file.count * file.page_size):
        raise MalformedError("a row is larger than the file")
    local = _local_bytes(size, file.usable, is_of_table=kind == TABLE_LEAF)
    end = at + local + (4 if local < size else 0)
    if end > file.usable:
        raise MalformedError("a row goes beyond its page")
    if not with_cells:
        return child, None, max(end, begin + 4)
    payload = data[at : at + local]
    if local < size:
        payload += _read_overflow(file, number, int.from_bytes(data[end - 4 : end], "big"), size - local)
    return child, Cell(rowid, decode_record(payload)), max(end, begin + 4)


def _local_bytes(size: int, usable: int, *, is_of_table: bool) -> int:
    """How much of a row of so many bytes stands on its page."""
    largest = usable - 35 if is_of_table else (usable - 12) * 64 // 255 - 23
    if size <= largest:
        return size
    smallest = (usable - 12) * 32 // 255 - 23
    local = smallest + (size - smallest) % (usable - 4)
    return local if local <= largest else smallest


def _read_overflow(file: PageFile, owner: int, number: int, size: int) -> bytes:
    """The rest of a long row.

    Raises:
        MalformedError: A page of it is gone, or is another row's.
    """
    parts: list[bytes] = []
    expected = Pointer(OVERFLOW_FIRST, owner)
    while size > 0:
        data = file.read(number)
        if data is None or file.pointer(number) not in (None, expected):
            raise MalformedError("a part of a long row is gone")
        part = data[4 : min(file.usable, 4 + size)]
        parts.append(part)
        size -= len(part)
        expected, number = Pointer(OVERFLOW_NEXT, number), int.from_bytes(data[:4], "big")
    return b"".join(parts)
