"""Following a file: which one it is, and from where it is read.

A file is known again by what it holds, not by its name alone:

- At a known path, with the same beginning: the same file. If what stands right
  before the place where reading stopped is unchanged, it is read on from there
  (it has grown, or is unchanged). If not, it was cut or rewritten, and
  `is_still_known` tells whether it is read from its beginning into the same
  transcript, where source ids keep what is known from being stored twice. But
  if it is also another file on the disk (other numbers), a new file has taken
  the path.
- Elsewhere, with the numbers (device, inode) and the beginning of a known
  file: it was renamed, or it is that file under a second name.
- Elsewhere, beginning exactly like a known file that is gone, and going on at
  the same place: it was moved to another disk, or packed.
- Otherwise it is a new file; what was known at its path is REPLACED, until it
  is met again.

The beginning of a file of lines is its first 64 KiB, unpacked. A document is
rewritten whole as it grows, so its beginning is the ids of its first messages;
those of a run that has just begun are where those of the grown one begin.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from synthetic import BlockingStore, Snapshot
from synthetic_ingest import store as ingest_store
from synthetic_ingest.fingerprints import HEAD_BYTES, HeadPrint, tail_print
from synthetic_ingest.importer import Head, Importer, LineRejectedError
from synthetic_ingest.json_lines import decode
from synthetic_ingest.model import FileState, IngestFile, UnreadableFileError
from synthetic_ingest.reading import LineBatches
from synthetic_ingest.settings import IngestSettings
from synthetic_ingest.sources import FileStatus, Source
from synthetic_transcripts.store import find_seqs, get_transcript

HEAD_LINES = 20
IDENTIFYING_MESSAGES = 4


class Known(NamedTuple):
    """Whether a file is known.

    Attributes:
        record: Its row, or None.
        path: Under which it is kept from now on.
        replaces: The row of another file that stood there before, if any.
    """

    record: IngestFile | None
    path: str
    replaces: str | None


def read_head(source: Source, path: Path, line_bytes_max: int) -> Head:
    """The beginning of a file; the source is left somewhere behind it.

    Where the first line is longer than 64 KiB, more is read, to its end. What
    is damaged is read up to there: the lines before the damage are lines.

    Raises:
        UnreadableFileError: Nothing of it can be read or unpacked.
    """
    content, is_whole = _read_beginning(source, line_bytes_max)
    lines = content.split(b"\n")
    if not is_whole and len(lines) > 1:
        lines.pop()
    values = []
    for line in lines[:HEAD_LINES]:
        try:
            values.append(decode(line))
        except LineRejectedError:
            continue
    return Head(path, content[:HEAD_BYTES], tuple(values))


def _read_beginning(source: Source, line_bytes_max: int) -> tuple[bytes, bool]:
    """HEAD_BYTES or the first line, whichever is longer, and whether that is the whole file."""
    parts: list[bytes] = []
    length = 0
    try:
        while length < HEAD_BYTES or (length <= line_bytes_max and b"\n" not in parts[-1]):
            block = source.read(HEAD_BYTES)
            if not block:
                return b"".join(parts), True
            parts.append(block)
            length += len(block)
    except UnreadableFileError:
        if not parts:
            raise
    return b"".join(parts), False


def recognise(head: Head, importers: Mapping[str, Importer]) -> Importer | None:
    """The importer that is surest of a file; None if none is sure at all."""
    best, surest = None, 0
    for importer in importers.values():
        confidence = importer.recognise(head)
        if confidence > surest:
            best, surest = importer, confidence
    return best


def document_identity(message_ids: list[str]) -> bytes:
    """What stands for the beginning of a document: the ids of its first messages."""
    return "\n".join([*message_ids[:IDENTIFYING_MESSAGES], ""]).encode()


def find_known(
    store: BlockingStore,
    path: str,
    status: FileStatus,
    beginning: bytes,
    *,
    is_document: bool,
    formats: Mapping[str, Importer],
    goes_on: Callable[[IngestFile], bool],
    is_reread: Callable[[IngestFile], bool],
) -> Known:
    """Look for the row of a file.

    Args:
        store: To look in.
        path: Where the file stands, as text.
        status: Of the open file.
        beginning: See the module's docstring.
        is_document: Whether it is a document; else it is one of lines.
        formats: The importers, by name: a file of lines never turns into a document.
        goes_on: Whether the file has, where reading of the row's file
            stopped, what stood there.
        is_reread: Whether a file that does not go on there, though it begins
            like the row's file, is that one, cut or rewritten.
    """

    def resembles(record: IngestFile) -> bool:
        importer = formats.get(record.format)
        if importer is not None and (importer.parse_document is not None) != is_document:
            return False
        return HeadPrint(record.head_bytes, record.head_hash).matches(beginning)

    def is_same_on_disk(record: IngestFile) -> bool:
        return (record.device, record.inode) == (status.device, status.inode)

    at_path = store.read(ingest_store.find_file_at, path)
    if at_path is not None and resembles(at_path):
        may_be_reread = is_document or is_same_on_disk(at_path)
        if goes_on(at_path) or (may_be_reread and is_reread(at_path)):
            return Known(at_path, path, None)
    replaces = None if at_path is None else at_path.id
    for record in store.read(ingest_store.find_files_by_inode, status.device, status.inode):
        is_candidate = record.id != replaces and record.head_bytes and resembles(record)
        if is_candidate and (goes_on(record) or is_reread(record)):
            is_alias = record.state != FileState.REPLACED and _stands_at(record, status)
            return Known(record, record.path if is_alias else path, None if is_alias else replaces)
    for record in store.read(ingest_store.find_files_by_head, HeadPrint.of(beginning)):
        is_gone = record.state == FileState.REPLACED or not os.path.lexists(record.path)
        if record.id != replaces and is_gone and resembles(record) and goes_on(record):
            return Known(record, path, replaces)
    return Known(None, path, replaces)


def _stands_at(record: IngestFile, status: FileStatus) -> bool:
    """Whether the file with these numbers stands at the path of the row."""
    try:
        there = FileStatus.of(Path(record.path).stat())
    except (OSError, ValueError):
        return False
    return (there.device, there.inode) == (status.device, status.inode)


def lines_go_on(source: Source, record: IngestFile) -> bytes | None:
    """Go to where reading of a file of lines stopped.

    Returns:
        What stands right before that place; None, if that is not what stood
        there, or the file is shorter.

    Raises:
        UnreadableFileError: It cannot be read or unpacked.
    """
    tail = source.skip_to(record.offset_bytes)
    return tail if tail is not None and tail_print(tail) == record.tail_hash else None


def is_still_known(
    store: BlockingStore, source: Source, record: IngestFile, importer: Importer, settings: IngestSettings
) -> bool:
    """Whether a file of lines that was cut or rewritten is still the one of its row.

    Where messages keep their ids, it is. Where their ids are made of their
    places, a changed line would be stored once more, with all that follow: so
    it is only if it was cut and nothing else, that is, if it is shorter and the
    transcript has all of what is left.

    Args:
        store: Where the transcript is.
        source: The file; it is left somewhere.
        record: Its row.
        importer: What the row's file was read with.
        settings: Bounds of what is compared at once.

    Raises:
        UnreadableFileError: It cannot be read or unpacked.
    """
    if importer.keeps_ids or record.transcript_id is None:
        return True
    if source.skip_to(record.offset_bytes) is not None:
        return False
    source.rewind()
    for batch in LineBatches(importer, settings, 0, b"", is_idle=False).read(source, is_restart=False):
        source_ids = list({message.source_id for message in batch.messages})
        if len(store.read(_find_seqs, record.transcript_id, source_ids)) < len(source_ids):
            return False
    return True


def _find_seqs(snapshot: Snapshot, transcript_id: str, source_ids: list[str]) -> dict[str, int]:
    return find_seqs(snapshot, get_transcript(snapshot, transcript_id).key, source_ids)
