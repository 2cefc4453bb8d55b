"""Constructs as documents: found by their titles, descriptions and metadata."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Asked, Extension, GraphQL, Snapshot, batched, hookimpl, values_of
from synthetic_constructs.model import ConstructRecord
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_search.store import SearchDocument, SearchDocuments, table_documents
from synthetic_search.types import SearchHit


def document_of(construct: ConstructRecord) -> SearchDocument:
    """What is found of a construct."""
    metadata = "" if construct.metadata == "{}" else construct.metadata
    facets = {"type": construct.type, "project": construct.project_id}
    return SearchDocument(
        id=construct.id,
        title=construct.title,
        body="\n".join(filter(None, (construct.description, metadata))),
        occurred_at=construct.updated_at,
        construct_id=construct.id,
        status=construct.status,
        facets={name: value for name, value in facets.items() if value is not None},
    )


@hookimpl
def register_search_documents() -> tuple[SearchDocuments, ...]:
    """Each construct is a document, and belongs to itself."""
    return (
        table_documents(
            "CONSTRUCT",
            "construct",
            "Constructs, by their titles, descriptions and metadata.",
            table="constructs",
            record=ConstructRecord,
            document=document_of,
            type_name="Construct",
        ),
    )


@batched(needs=("construct_id",))
def construct(snapshot: Snapshot, parents: Sequence[SearchHit], asked: Asked) -> list[Construct | None]:
    """The construct that it belongs to; of a construct, itself."""
    return find_construct_nodes(snapshot, values_of(parents, "construct_id"), asked)


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """The way from what was found to its construct."""
    return (GraphQL(extend=(Extension(type=SearchHit, fields=(construct,)),)),)
