"""The GraphQL types of files and rejects, and the field that they add to transcripts."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated

import strawberry

from synthetic import (
    EACH,
    EVERYTHING,
    After,
    Asked,
    Before,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Long,
    Node,
    Order,
    Selection,
    Snapshot,
    batched,
    find_rows,
    first_of_each,
    pages,
)
from synthetic_ingest.enums import Compression as FileCompression
from synthetic_ingest.enums import FileState
from synthetic_ingest.model import IngestFile as FileRecord
from synthetic_ingest.model import IngestReject as RejectRecord
from synthetic_ingest.store import BY_PLACE, select_rejects
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

    of = FromRecord(RejectRecord)

    @batched(needs=("file_id",))
    @staticmethod
    def file(snapshot: Snapshot, parents: "Sequence[IngestReject]", asked: Asked) -> "list[IngestFile | None]":
        """The file that it stands in."""
        return find_file_nodes(snapshot, [parent.file_id for parent in parents], asked)


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

    of = FromRecord(FileRecord)

    @batched(needs=("session_id",))
    @staticmethod
    def session(snapshot: Snapshot, parents: "Sequence[IngestFile]", asked: Asked) -> list[Session | None]:
        """The session that its messages belong to; null while there are none."""
        return find_session_nodes(snapshot, [parent.session_id for parent in parents], asked)

    @batched(needs=("transcript_id",))
    @staticmethod
    def transcript(snapshot: Snapshot, parents: "Sequence[IngestFile]", asked: Asked) -> list[Transcript | None]:
        """Where its messages are; null while there are none."""
        return find_transcript_nodes(snapshot, [parent.transcript_id for parent in parents], asked)

    @batched(needs=("id",))
    @staticmethod
    def rejects(
        snapshot: Snapshot,
        parents: "Sequence[IngestFile]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[IngestReject]]:
        """Its lines that could not be read, in their order."""
        return pages(
            snapshot,
            IngestReject,
            select_rejects(each="file_id"),
            each=[parent.id for parent in parents],
            order=BY_PLACE,
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )


@batched(needs=("id",))
def ingest_file(snapshot: Snapshot, parents: Sequence[Transcript], asked: Asked) -> list[IngestFile | None]:
    """The file that it was read from, if it came from one."""
    return first_of_each(
        snapshot,
        IngestFile,
        Selection("ingest_files", [f"transcript_id = {EACH}"], {}),
        each=[parent.id for parent in parents],
        order=Order(("id",), (str,), descending=True),
        asked=asked,
    )


def find_file_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[IngestFile | None]:
    """For each id, the file or None: how `node(id:)` finds them."""
    return find_rows(snapshot, IngestFile, "ingest_files", ids, asked)


def find_reject_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[IngestReject | None]:
    """For each id, the reject or None: how `node(id:)` finds them."""
    return find_rows(snapshot, IngestReject, "ingest_rejects", ids, asked)


PathArgument = Annotated[
    str | None, strawberry.argument(description="Only this file, or files in this folder and those under it.")
]
"""The argument `path` of both lists."""
