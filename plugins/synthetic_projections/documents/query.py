"""Root query fields: `document` and `documents`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, find_row, page, query
from synthetic_projections.documents.enums import DocumentOrder
from synthetic_projections.documents.model import Criteria
from synthetic_projections.documents.store import select_documents
from synthetic_projections.documents.types import Document, Filter, OrderBy, order_of


@query
def document(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Document | None:
    """The document with this id, or null."""
    return find_row(snapshot, Document, "documents", id, asked)


@query
def documents(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = DocumentOrder.UPDATED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Document]:
    """Documents, the last changed first unless asked otherwise."""
    criteria = Criteria() if filter is None else filter.criteria()
    return page(
        snapshot,
        Document,
        select_documents(snapshot, criteria),
        order=order_of(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
