"""Approvals as documents: found by what was asked for, why, and what was said."""

from __future__ import annotations

from synthetic import hookimpl
from synthetic_approvals.model import Approval
from synthetic_search.store import SearchDocument, SearchDocuments, table_documents


def document_of(approval: Approval) -> SearchDocument:
    """What is found of an approval."""
    people = (approval.requester, approval.decider)
    return SearchDocument(
        id=approval.id,
        title=approval.tool,
        body="\n".join(filter(None, (approval.reason, approval.arguments, approval.comment, *people))),
        occurred_at=approval.ended_at or approval.requested_at,
        construct_id=approval.construct_id,
        session_id=approval.session_id,
        status=approval.status,
        facets={"type": approval.tool},
    )


@hookimpl
def register_search_documents() -> tuple[SearchDocuments, ...]:
    """Each approval is a document."""
    return (
        table_documents(
            "APPROVAL",
            "approval",
            "Approvals, by their tools, arguments, reasons and comments.",
            table="pending_approvals",
            record=Approval,
            document=document_of,
            type_name="Approval",
        ),
    )
