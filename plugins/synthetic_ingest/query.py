"""Root query fields: `ingestFiles` and `ingestRejects`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, page, query
from synthetic_ingest.model import FileState
from synthetic_ingest.store import BY_PATH, BY_PLACE, select_files, select_rejects
from synthetic_ingest.types import IngestFile, IngestReject, PathArgument


@query
def ingest_files(
    snapshot: Snapshot,
    asked: Asked,
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
    return page(
        snapshot,
        IngestFile,
        select_files(states, path),
        order=BY_PATH,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@query
def ingest_rejects(
    snapshot: Snapshot,
    asked: Asked,
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
    return page(
        snapshot,
        IngestReject,
        select_rejects(file_id=file_id, path=path),
        order=BY_PLACE,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
