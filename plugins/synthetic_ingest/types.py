"""The GraphQL types of files and rejects, and the field that they add to transcripts."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from synthetic import After, Before, Connection, DateTime, First, Last, Long, Node, Snapshot, batched
from synthetic_ingest.enums import Compression as FileCompression
from synthetic_ingest.enums import FileState
from synthetic_ingest.model import IngestFile as FileRecord
from synthetic_ingest.model import IngestReject as RejectRecord
from synthetic_ingest.store import (
    list_files_by_id,
    list_files_by_transcript,
    list_rejects_by_id,
    page_rejects,
)
from synthetic_sessions.types import Session, find_session_nodes
from synthetic_transcripts.types import Transcript, find_transcript_nodes


@strawberry.type(description="A line, or a document, that could not be read.")
class IngestReject(Node):
    """A row of `ingest_rejects`."""

    id: strawberry.ID = strawberry.field(description="A UUIDv7.")
    file_id: strawberry.Private[str]
    line_number: Long = strawberry.field(description="From 1.")
    offset_bytes: Long = strawberry.field(description="Of its first byte, in unpacked bytes.")
    length_bytes: Long = strawberry.field(description="Of the whole line.")
    reason: str = strawberry.field(description="Why it could not be read, as a sentence.")
    excerpt: str = strawberry.field(description="How it begins.")
    created_at: DateTime = strawberry.field(description="When it was met.")

    @classmethod
    def of(cls, record: RejectRecord) -> Self:
        """The object of a row."""
        return cls(
            id=strawberry.ID(record.id),
            file_id=record.file_id,
            line_number=Long(record.line_number),
            offset_bytes=Long(record.offset_bytes),
            length_bytes=Long(record.length_bytes),
            reason=record.reason,
            excerpt=record.excerpt,
            created_at=DateTime(record.created_at),
        )

    @batched
    @staticmethod
    def file(snapshot: Snapshot, parents: "Sequence[IngestReject]") -> "list[IngestFile | None]":
        """The file that it stands in."""
        return find_file_nodes(snapshot, [parent.file_id for parent in parents])


@strawberry.type(description="A file that was read, and how far.")
class IngestFile(Node):
    """A row of `ingest_files`."""

    id: strawberry.ID = strawberry.field(description="A UUIDv7.")
    path: str = strawberry.field(description="Absolute, where it was last seen.")
    format: str = strawberry.field(description="Name of the importer that reads it.")
    compression: FileCompression = strawberry.field(description="How it is packed.")
    state: FileState = strawberry.field(description="How far it has been read.")
    problem: str | None = strawberry.field(description="Why it could not be read on; only where it FAILED.")
    size_bytes: Long = strawberry.field(description="On disk, when it was last opened.")
    modified_at: DateTime = strawberry.field(description="When it had been changed last, when it was last opened.")
    offset_bytes: Long = strawberry.field(description="Unpacked bytes that were read.")
    line_count: Long = strawberry.field(description="Lines that were read; 0 for documents.")
    message_count: Long = strawberry.field(description="Messages that it brought.")
    reject_count: Long = strawberry.field(description="Lines that could not be read, those not kept included.")
    created_at: DateTime = strawberry.field(description="When it was met first.")
    updated_at: DateTime = strawberry.field(description="When something of it was last read.")
    session_id: strawberry.Private[str | None]
    transcript_id: strawberry.Private[str | None]

    @classmethod
    def of(cls, record: FileRecord) -> Self:
        """The object of a row."""
        return cls(
            id=strawberry.ID(record.id),
            path=record.path,
            format=record.format,
            compression=FileCompression(record.compression),
            state=FileState(record.state),
            problem=record.problem,
            size_bytes=Long(record.size_bytes),
            modified_at=DateTime(record.modified_at),
            offset_bytes=Long(record.offset_bytes),
            line_count=Long(record.line_count),
            message_count=Long(record.message_count),
            reject_count=Long(record.reject_count),
            created_at=DateTime(record.created_at),
            updated_at=DateTime(record.updated_at),
            session_id=record.session_id,
            transcript_id=record.transcript_id,
        )

    @batched
    @staticmethod
    def session(snapshot: Snapshot, parents: "Sequence[IngestFile]") -> list[Session | None]:
        """The session that its messages belong to; null while there are none."""
        # No session has an empty id.
        return find_session_nodes(snapshot, [parent.session_id or "" for parent in parents])

    @batched
    @staticmethod
    def transcript(snapshot: Snapshot, parents: "Sequence[IngestFile]") -> list[Transcript | None]:
        """Where its messages are; null while there are none."""
        # No transcript has an empty id.
        return find_transcript_nodes(snapshot, [parent.transcript_id or "" for parent in parents])

    @batched
    @staticmethod
    def rejects(
        snapshot: Snapshot,
        parents: "Sequence[IngestFile]",
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[IngestReject]]:
        """Its lines that could not be read, in their order."""
        return [
            page_rejects(
                snapshot, IngestReject.of, file_id=parent.id, first=first, after=after, last=last, before=before
            )
            for parent in parents
        ]


@batched
def ingest_file(snapshot: Snapshot, parents: Sequence[Transcript]) -> list[IngestFile | None]:
    """The file that it was read from, if it came from one."""
    records = list_files_by_transcript(snapshot, [parent.id for parent in parents])
    return [None if record is None else IngestFile.of(record) for record in records]


def find_file_nodes(snapshot: Snapshot, ids: Sequence[str]) -> list[IngestFile | None]:
    """For each id, the file or None: how `node(id:)` finds them."""
    return [None if record is None else IngestFile.of(record) for record in list_files_by_id(snapshot, ids)]


def find_reject_nodes(snapshot: Snapshot, ids: Sequence[str]) -> list[IngestReject | None]:
    """For each id, the reject or None: how `node(id:)` finds them."""
    return [None if record is None else IngestReject.of(record) for record in list_rejects_by_id(snapshot, ids)]


PathArgument = Annotated[
    str | None, strawberry.argument(description="Only this file, or files in this folder and those under it.")
]
"""The argument `path` of both lists."""
