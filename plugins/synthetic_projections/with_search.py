"""Plans, stories, notes and hand-overs as documents: found by their titles and their newest bodies."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, hookimpl
from synthetic_projections.documents.store import list_document_ids, list_newest_versions
from synthetic_search.store import SearchDocument, SearchDocuments


def read_documents(snapshot: Snapshot, ids: Sequence[str]) -> list[SearchDocument | None]:
    """What is found of each; None where it is gone."""
    found: dict[str, SearchDocument] = {}
    for version in list_newest_versions(snapshot, ids):
        facets = {"type": version.kind, "project": version.project_id, "story": version.story_id}
        found[version.document_id] = SearchDocument(
            id=version.document_id,
            title=version.title,
            body=version.body,
            occurred_at=version.saved_at,
            construct_id=version.construct_id,
            status=version.status,
            facets={name: value for name, value in facets.items() if value is not None},
        )
    return [found.get(id) for id in ids]


@hookimpl
def register_search_documents() -> tuple[SearchDocuments, ...]:
    """Each document as it is now."""
    return (
        SearchDocuments(
            kind="DOCUMENT",
            entity="document",
            purpose="Plans, stories, notes and hand-overs, by their titles and texts.",
            read=read_documents,
            scan=list_document_ids,
            type_name="Document",
        ),
    )
