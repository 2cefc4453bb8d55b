"""Lines of a source, in blocks: as few steps of Python a line as can be.

Memory is bounded by a block and the longest line that is allowed; of a longer
one, only its beginning is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from synthetic_ingest.fingerprints import TAIL_BYTES
from synthetic_ingest.sources import BLOCK_BYTES, Source

LONG_LINE_BYTES = 65_536
"""How much of the beginning of a line that is too long is kept, for its excerpt."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Complete lines that follow each other, without their ends.

    Attributes:
        offset: Of the first byte of the first line.
        contents: Each ended with one line feed, which is not in it.
    """

    offset: int
    contents: list[bytes]


@dataclass(frozen=True, slots=True)
class LongLine:
    """A complete line that is longer than allowed.

    Attributes:
        offset: Of its first byte.
        length: Without its end.
        beginning: Its first bytes.
        ending: Its last TAIL_BYTES.
    """

    offset: int
    length: int
    beginning: bytes
    ending: bytes


@dataclass(frozen=True, slots=True)
class Rest:
    """What stands after the last line feed, where the file ends for now.

    Attributes:
        offset: Of its first byte.
        content: All of it; None if it is longer than a line may be.
    """

    offset: int
    content: bytes | None


def read_lines(source: Source, line_bytes_max: int) -> Iterator[Lines | LongLine | Rest]:
    """All lines from the source's place on, and at last the rest, if there is one.

    Args:
        source: Read to its end.
        line_bytes_max: Longest line, without its end.

    Raises:
        UnreadableFileError: The source cannot be read on. Lines that were
            complete before that place have been yielded.
    """
    offset = source.offset
    pending = _Pending()
    while block := source.read(BLOCK_BYTES):
        contents = block.split(b"\n")
        pending.add(contents[0], line_bytes_max)
        if len(contents) == 1:
            continue
        if pending.length > line_bytes_max:
            yield LongLine(offset, pending.length, pending.beginning(), pending.ending)
            offset += pending.length + 1
            del contents[0]
        else:
            contents[0] = pending.joined()
        rest = contents.pop()
        if contents:
            yield from _checked(contents, offset, line_bytes_max if len(block) > line_bytes_max else None)
            offset = source.offset - len(rest)
        pending = _Pending()
        pending.add(rest, line_bytes_max)
    if pending.length:
        yield Rest(offset, pending.joined() if pending.length <= line_bytes_max else None)


class _Pending:
    """A line that is not complete yet; once it is too long, only its two ends are kept."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.length = 0
        self.ending = b""

    def add(self, part: bytes, line_bytes_max: int) -> None:
        if self.length <= line_bytes_max:
            self.parts.append(part)
        self.length += len(part)
        self.ending = (self.ending + part[-TAIL_BYTES:])[-TAIL_BYTES:]

    def joined(self) -> bytes:
        return b"".join(self.parts)

    def beginning(self) -> bytes:
        return self.joined()[:LONG_LINE_BYTES]


def _checked(contents: list[bytes], offset: int, line_bytes_max: int | None) -> Iterator[Lines | LongLine]:
    """Complete lines, those that are too long apart; None where none can be."""
    start = 0
    if line_bytes_max is not None:
        for index, line in enumerate(contents):
            if len(line) > line_bytes_max:
                if index > start:
                    yield Lines(offset, contents[start:index])
                    offset += sum(map(len, contents[start:index])) + index - start
                yield LongLine(offset, len(line), line[:LONG_LINE_BYTES], line[-TAIL_BYTES:])
                offset += len(line) + 1
                start = index + 1
    if start < len(contents):
        yield Lines(offset, contents[start:] if start else contents)
