"""Segments: ranges of the log that have left the table, each a file in the directory `archive`.

A segment is one JSON array a line, after a first line that names the columns;
compressed with Zstandard. The hash is SHA-256 of the file as it lies there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import zstandard

from synthetic.database.snapshot import Snapshot
from synthetic.json_text import from_json
from synthetic.log.errors import ArchiveDamagedError
from synthetic.log.events import Event

FORMAT = "synthetic-log-1"


class Segment(NamedTuple):
    """A row of `log_segments`.

    Attributes:
        first_position: Where it begins: behind the one before, whether or not an event has this position.
        last_position: Of its last event.
        events: How many.
        file: Its name in the directory `archive`.
        size_bytes: Of the file.
        sha256: Of the file, in hexadecimal.
        first_at: When the first event was appended.
        last_at: When the last event was appended.
        archived_at: When it was recorded.
    """

    first_position: int
    last_position: int
    events: int
    file: str
    size_bytes: int
    sha256: str
    first_at: int
    last_at: int
    archived_at: int


SEGMENT_COLUMNS = ", ".join(Segment._fields)


def list_segments(snapshot: Snapshot) -> list[Segment]:
    """All segments, the oldest first."""
    return snapshot.records(Segment, f"SELECT {SEGMENT_COLUMNS} FROM log_segments ORDER BY first_position")


def check_size(path: Path, segment: Segment) -> None:
    """Refuse a file that is not there, or of another size than its segment; quicker than to read it.

    Raises:
        ArchiveDamagedError: It is so.
    """
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise ArchiveDamagedError(
            f"{segment.file} cannot be read: {error.strerror}.", details={"file": segment.file}
        ) from error
    if size_bytes != segment.size_bytes:
        raise ArchiveDamagedError(f"{segment.file} is not as it was written.", details={"file": segment.file})


def read_segment(directory: Path, segment: Segment) -> Iterator[Event]:
    """The events of a segment, in order.

    Args:
        directory: The directory `archive`.
        segment: Which.

    Raises:
        ArchiveDamagedError: The file is not there, or not as it was written.
    """
    try:
        content = (directory / segment.file).read_bytes()
    except OSError as error:
        raise ArchiveDamagedError(
            f"{segment.file} cannot be read: {error.strerror}.", details={"file": segment.file}
        ) from error
    if hashlib.sha256(content).hexdigest() != segment.sha256:
        raise ArchiveDamagedError(f"{segment.file} is not as it was written.", details={"file": segment.file})
    lines = zstandard.ZstdDecompressor().decompressobj().decompress(content).splitlines()
    header = from_json(lines[0])
    if header["format"] != FORMAT:
        raise ArchiveDamagedError(f"{segment.file} is of a newer format.", details={"file": segment.file})
    for line in lines[1:]:
        yield Event(*from_json(line))
