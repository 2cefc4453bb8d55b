"""Root query fields: `transcript` and `transcripts`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, find_row, query
from synthetic_transcripts.enums import TranscriptOrder
from synthetic_transcripts.model import ALL_TRANSCRIPTS
from synthetic_transcripts.types import Filter, OrderBy, Transcript, page_of_transcripts


@query
def transcript(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Transcript | None:
    """The transcript with this id, or null."""
    return find_row(snapshot, Transcript, "transcripts", id, asked)


@query
def transcripts(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = TranscriptOrder.CREATED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Transcript]:
    """Transcripts, the last stored first unless asked otherwise."""
    criteria = ALL_TRANSCRIPTS if filter is None else filter.criteria()
    return page_of_transcripts(snapshot, criteria, order_by, asked, first=first, after=after, last=last, before=before)
