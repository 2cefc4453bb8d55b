"""Root query fields: `ingestFiles` and `ingestRejects`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Before, Connection, First, Last, Snapshot, query
from synthetic_ingest.model import FileState
from synthetic_ingest.store import page_files, page_rejects
from synthetic_ingest.types import IngestFile, IngestReject, PathArgument


@query
def ingest_files(
    snapshot: Snapshot,
    states: Annotated[
        list[FileState] | None, strawberry.argument(description="Only files that were read so far.")
    ] = None,
    path: PathArgument = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[IngestFile]:
    """Files that were read, in the order of their paths."""
    return page_files(
        snapshot, IngestFile.of, states=states, path=path, first=first, after=after, last=last, before=before
    )


@query
def ingest_rejects(
    snapshot: Snapshot,
    file_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only those of the file with this id.")
    ] = None,
    path: PathArgument = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[IngestReject]:
    """Lines that could not be read, by file, in their order there."""
    return page_rejects(
        snapshot, IngestReject.of, file_id=file_id, path=path, first=first, after=after, last=last, before=before
    )
