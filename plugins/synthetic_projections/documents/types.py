"""The GraphQL types of documents, and the fields that lead to them. What is sent in stands in `inputs.py`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    After,
    Asked,
    Before,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Node,
    Order,
    Snapshot,
    batched,
    find_rows,
    pages,
    values_of,
)
from synthetic_constructs.store import RelationshipDirection, RelationshipKind, select_linked_constructs
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_projections.documents.enums import DocumentOrder
from synthetic_projections.documents.inputs import DocumentFilter
from synthetic_projections.documents.model import Criteria
from synthetic_projections.documents.model import Document as DocumentRecord
from synthetic_projections.documents.model import DocumentVersion as VersionRecord
from synthetic_projections.documents.store import (
    BodyOf,
    find_bodies,
    select_documents,
    select_plans,
    select_versions,
)

NEWEST_VERSION_FIRST = Order(("version",), (int,), descending=True)
FIRST_LINKED_FIRST = Order(("linked_at", "id"), (int, str))

Filter = Annotated[DocumentFilter | None, strawberry.argument(description="Which; all without it.")]
OrderBy = Annotated[DocumentOrder, strawberry.argument(description="In which order.")]

NO_CONSTRUCT = ""
"""In place of the construct of a document that has none; no construct has it as its id."""


@strawberry.type(description="What a document was from one save to the next.")
class DocumentVersion:
    """A row of `document_versions`."""

    version: int = strawberry.field(description="1 at first, one more with each change.")
    kind: str = strawberry.field(description="What it was.")
    title: str = strawberry.field(description="Its title.")
    body_bytes: int = strawberry.field(description="How long that is in UTF-8.")
    body_sha256: str = strawberry.field(description="SHA-256 of that, in lower-case hexadecimal digits.")
    status: str | None = strawberry.field(description="Where it stood.")
    construct_id: strawberry.ID | None = strawberry.field(
        description="Id of the construct that it belonged to, which may be deleted by now."
    )
    story_id: strawberry.ID | None = strawberry.field(description="The story that it was about.")
    project_id: strawberry.ID | None = strawberry.field(description="The project that it was about.")
    metadata: JSON = strawberry.field(description="Whatever else the caller kept with it: a JSON object.")
    saved_by: str = strawberry.field(description="Who saved it, as the store knows the caller.")
    saved_at: DateTime = strawberry.field(description="When it was saved.")
    superseded_at: DateTime | None = strawberry.field(
        description="When another version took its place; null in the newest."
    )
    document_id: strawberry.Private[str]

    of = FromRecord(VersionRecord)

    @batched(needs=("document_id", "version", "body_bytes"))
    @staticmethod
    def body(snapshot: Snapshot, parents: "Sequence[DocumentVersion]") -> list[str]:
        """Its text."""
        return [body or "" for body in _bodies(snapshot, values_of(parents, "document_id"), parents)]


@strawberry.type(description="A plan, a story, a note, a hand-over: a text that agents and people work by.")
class Document(Node):
    """A row of `documents`, and what it is about."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    kind: str = strawberry.field(
        description="What it is: PLAN, STORY, NOTE, HANDOVER, or another word of the caller's."
    )
    title: str = strawberry.field(description="One line for a person.")
    status: str | None = strawberry.field(description="Where it stands, in the caller's words.")
    construct_id: strawberry.ID | None = strawberry.field(description="Id of the construct that it belongs to.")
    story_id: strawberry.ID | None = strawberry.field(description="The story that it is about.")
    project_id: strawberry.ID | None = strawberry.field(description="The project that it is about.")
    metadata: JSON = strawberry.field(description="Whatever else the caller keeps with it: a JSON object.")
    body_bytes: int = strawberry.field(description="How long the body is in UTF-8.")
    body_sha256: str = strawberry.field(description="SHA-256 of the body, in lower-case hexadecimal digits.")
    version: int = strawberry.field(description="1 at first, one more with each change.")
    created_by: str = strawberry.field(description="Who stored it first, as the store knows the caller.")
    updated_by: str = strawberry.field(description="Who changed it last.")
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    updated_at: DateTime = strawberry.field(description="When it was changed last.")

    of = FromRecord(DocumentRecord)

    @batched(needs=("id", "version", "body_bytes"))
    @staticmethod
    def body(snapshot: Snapshot, parents: "Sequence[Document]") -> list[str | None]:
        """The text, as of this version."""
        return _bodies(snapshot, values_of(parents, "id"), parents)

    @batched(needs=("id",))
    @staticmethod
    def versions(
        snapshot: Snapshot,
        parents: "Sequence[Document]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[DocumentVersion]]:
        """All that it was, and is: the newest version first."""
        return pages(
            snapshot,
            DocumentVersion,
            select_versions(),
            each=values_of(parents, "id"),
            order=NEWEST_VERSION_FIRST,
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )

    @batched(needs=("construct_id",))
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[Document]", asked: Asked) -> list[Construct | None]:
        """The construct that it belongs to."""
        return find_construct_nodes(snapshot, values_of(parents, "construct_id"), asked)

    @batched(needs=("construct_id",))
    @staticmethod
    def carried_out_by(
        snapshot: Snapshot,
        parents: "Sequence[Document]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[Construct]]:
        """The constructs that carry out the one that it belongs to (PLAN_TO_IMPLEMENTATION), the first related first.

        Of a document without a construct there are none.
        """
        return pages(
            snapshot,
            Construct,
            select_linked_constructs(RelationshipKind.PLAN_TO_IMPLEMENTATION, RelationshipDirection.OUTGOING),
            each=[construct_id or NO_CONSTRUCT for construct_id in values_of(parents, "construct_id")],
            order=FIRST_LINKED_FIRST,
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )


def _bodies(
    snapshot: Snapshot, ids: Sequence[str], parents: "Sequence[Document | DocumentVersion]"
) -> list[str | None]:
    places = zip(ids, values_of(parents, "version"), values_of(parents, "body_bytes"), strict=True)
    return find_bodies(snapshot, [BodyOf(*place) for place in places])


def documents_of(column: str) -> Any:
    """The field `documents` of a type whose objects a column of documents names: of constructs, stories, projects."""

    @batched(needs=("id",))
    def documents(
        snapshot: Snapshot,
        parents: Sequence[Node],
        asked: Asked,
        filter: Filter = None,
        order_by: OrderBy = DocumentOrder.UPDATED_AT_DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[Document]]:
        """Its documents, the last changed first unless asked otherwise."""
        criteria = Criteria() if filter is None else filter.criteria()
        return pages(
            snapshot,
            Document,
            select_documents(snapshot, criteria, each=column),
            each=values_of(parents, "id"),
            order=order_of(order_by),
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )

    return documents


@batched(needs=("id",))
def plans(
    snapshot: Snapshot,
    parents: Sequence[Construct],
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Document]]:
    """The plans that it carries out: documents of the kind PLAN of constructs that PLAN_TO_IMPLEMENTATION leads from.

    Those of the construct that it was related to first come first.
    """
    return pages(
        snapshot,
        Document,
        select_plans(),
        each=values_of(parents, "id"),
        order=FIRST_LINKED_FIRST,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def find_document_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[Document | None]:
    """For each id, the document or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Document, "documents", ids, asked)


def order_of(order_by: DocumentOrder) -> Order:
    """The order that a client asks for."""
    column, direction = order_by.value.split()
    return Order((column, "id"), (str if column == "title" else int, str), descending=direction == "desc")
