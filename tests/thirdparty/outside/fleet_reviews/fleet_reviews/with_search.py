"""Reviews as documents: found by their words, where the plugin `search` is loaded."""

from __future__ import annotations

from fleet_reviews.model import ReviewRecord
from synthetic import hookimpl
from synthetic_search.store import SearchDocument, SearchDocuments, table_documents


def document_of(review: ReviewRecord) -> SearchDocument:
    """What is found of a review."""
    return SearchDocument(
        id=review.id,
        title=f"Review of {review.construct_id}",
        body=review.body,
        occurred_at=review.created_at,
        construct_id=review.construct_id,
        status=review.verdict,
    )


@hookimpl
def register_search_documents() -> tuple[SearchDocuments, ...]:
    """Each review is a document."""
    return (
        table_documents(
            "REVIEW",
            "review",
            "Reviews, by what they say.",
            table="reviews",
            record=ReviewRecord,
            document=document_of,
            type_name="Review",
        ),
    )
