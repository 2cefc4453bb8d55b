"""The records of ingest: files, rejects, and what is stored together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from synthetic_ingest.fingerprints import HeadPrint
from synthetic_ingest.importer import FileSession
from synthetic_sessions.store import Session, SessionContent, SessionFacts, SessionStatus
from synthetic_transcripts.store import NewMessage


class FileState(StrEnum):
    """How far a file has been read."""

    READING = "READING"
    READ = "READ"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    REPLACED = "REPLACED"


class Compression(StrEnum):
    """How the bytes of a file are packed."""

    NONE = "NONE"
    GZIP = "GZIP"
    ZSTD = "ZSTD"


class UnreadableFileError(Exception):
    """A file cannot be read, or not any further; its text is the reason, as a sentence for a person."""


class Line(NamedTuple):
    """A line and where it stands.

    Attributes:
        content: Without its end.
        offset: Of its first byte, unpacked.
        number: From 1.
    """

    content: bytes
    offset: int
    number: int


class Reject(NamedTuple):
    """A line that could not be read.

    Attributes:
        line_number: From 1.
        offset_bytes: Of its first byte, unpacked.
        length_bytes: Of the whole line.
        reason: Why, as a sentence.
        excerpt: How it begins.
    """

    line_number: int
    offset_bytes: int
    length_bytes: int
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class IngestFile:
    """A row of `ingest_files`.

    Attributes:
        id: UUIDv7.
        path: Absolute, where it was last seen.
        device: Of the file system, as `stat` tells it.
        inode: Within the device.
        format: Name of the importer.
        compression: How it is packed.
        state: How far it has been read.
        problem: Why it could not be read on (`FAILED`).
        size_bytes: On disk, when it was last opened.
        modified_at: Unix milliseconds; as above.
        offset_bytes: Unpacked bytes that rows cover.
        line_count: Lines that rows cover.
        message_count: Messages that it brought.
        reject_count: Lines that were rejected.
        head_bytes: How much of its beginning `head_hash` covers.
        head_hash: Fingerprints of its beginning (`fingerprints`).
        tail_hash: Fingerprint of what stands right before `offset_bytes`.
        session_id: Where its messages went; None while there are none.
        transcript_id: As above.
        created_at: Unix milliseconds.
        updated_at: Unix milliseconds.
    """

    id: str
    path: str
    device: int
    inode: int
    format: str
    compression: str
    state: str
    problem: str | None
    size_bytes: int
    modified_at: int
    offset_bytes: int
    line_count: int
    message_count: int
    reject_count: int
    head_bytes: int
    head_hash: bytes
    tail_hash: bytes
    session_id: str | None
    transcript_id: str | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class IngestReject:
    """A row of `ingest_rejects`: a `Reject`, its file, and when it was met (Unix milliseconds)."""

    id: str
    file_id: str
    line_number: int
    offset_bytes: int
    length_bytes: int
    reason: str
    excerpt: str
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is known of a file before its content is read.

    Attributes:
        path: Absolute.
        device: As `stat` tells it.
        inode: As `stat` tells it.
        format: Name of the importer.
        compression: How it is packed.
        size_bytes: On disk.
        modified_at: Unix milliseconds.
        head: Fingerprints of its beginning.
        session: Which session its messages belong to.
        construct_id: What the session is attached to, unless it is already.
        idle_before: Unix milliseconds; a session whose files were last changed
            before this counts as over.
        replaces: The file that stood at the path before, as its row's id.
    """

    path: str
    device: int
    inode: int
    format: str
    compression: Compression
    size_bytes: int
    modified_at: int
    head: HeadPrint
    session: FileSession
    construct_id: str | None
    idle_before: int
    replaces: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Lines that are stored together.

    Attributes:
        messages: What they say, in order.
        origins: For each message, content, offset and number of the line that
            it came from, as in `Line`; there are so many that they are plain.
        rejects: Those that could not be read.
        facts: What they say of the session, in the order in which it counts.
        offset_bytes: Where the next batch begins.
        line_count: Lines up to there.
        tail_hash: Fingerprint of what stands right before that place.
        state: How far the file has been read with this batch.
        problem: Why it could not be read on (`FAILED`).
        is_restart: The file is read from its beginning again: what was
            rejected when it was read before is forgotten.
    """

    messages: Sequence[NewMessage]
    origins: Sequence[tuple[bytes, int, int]]
    rejects: Sequence[Reject]
    facts: Sequence[SessionFacts]
    offset_bytes: int
    line_count: int
    tail_hash: bytes
    state: FileState
    problem: str | None
    is_restart: bool


def reject_of(line: Line, reason: str, excerpt_characters: int) -> Reject:
    """The reject of a line that is held whole."""
    return Reject(line.number, line.offset, len(line.content), reason, excerpt_of(line.content, excerpt_characters))


def excerpt_of(content: bytes, characters: int) -> str:
    """How a line begins, whatever its bytes."""
    return content[: characters * 4].decode("utf-8", "replace")[:characters]


def leaves_as_is(record: IngestFile, target: Target, batch: Batch) -> bool:
    """Whether storing the batch would change nothing, so that it need not be stored.

    A document that is refused again for the same reason is such a case too.
    """
    is_known_refusal = record.state == FileState.FAILED and len(batch.rejects) == record.reject_count
    if batch.messages or (batch.rejects and not is_known_refusal):
        return False
    before = (
        record.path,
        record.device,
        record.inode,
        record.format,
        record.size_bytes,
        record.modified_at,
        record.offset_bytes,
        record.line_count,
        record.state,
        record.problem,
    )
    return before == (
        target.path,
        target.device,
        target.inode,
        target.format,
        target.size_bytes,
        target.modified_at,
        batch.offset_bytes,
        batch.line_count,
        batch.state,
        batch.problem,
    )


def settlement_of(session: Session, *, is_idle: bool) -> SessionContent:
    """What becomes of a session by what is known of its files: that it is over, or that it goes on after all.

    Args:
        session: As it is.
        is_idle: Whether none of its files has changed for long.

    Returns:
        What is to be changed of it; nothing for one that a person has failed or cancelled.
    """
    is_active, is_ended = session.status == SessionStatus.ACTIVE, session.status == SessionStatus.ENDED
    # Ended here, a session has ended with its last activity; one that a person ended, later.
    since_end = session.last_activity_at - (session.ended_at or 0)
    if is_idle and (is_active or (is_ended and since_end > 0)):
        return {"status": SessionStatus.ENDED, "ended_at": session.last_activity_at}
    if not is_idle and is_ended and since_end >= 0:
        return {"status": SessionStatus.ACTIVE, "ended_at": None}
    return {}
