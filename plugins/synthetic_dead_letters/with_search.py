"""Dead letters as documents: found by what went wrong, and with what."""

from __future__ import annotations

from typing import Any

from synthetic import from_json, hookimpl
from synthetic_dead_letters.model import DeadLetter
from synthetic_search.store import SearchDocument, SearchDocuments, table_documents


def document_of(letter: DeadLetter) -> SearchDocument:
    """What is found of a dead letter."""
    error: dict[str, Any] = from_json(letter.error)
    failed = None if letter.entity_id is None else f"{letter.entity_type} {letter.entity_id}"
    message = str(error.get("message") or "")
    return SearchDocument(
        id=letter.id,
        title=f"{letter.source}: {letter.code}",
        body="\n".join(filter(None, (message, failed, letter.key, letter.resolution, letter.payload, letter.error))),
        occurred_at=letter.last_failed_at,
        construct_id=letter.construct_id,
        status=letter.status,
        facets={"type": letter.source, "code": letter.code},
    )


@hookimpl
def register_search_documents() -> tuple[SearchDocuments, ...]:
    """Each dead letter is a document."""
    return (
        table_documents(
            "DEAD_LETTER",
            "dead_letter",
            "Dead letters, by their errors, payloads and what failed.",
            table="dead_letters",
            record=DeadLetter,
            document=document_of,
            type_name="DeadLetter",
        ),
    )
