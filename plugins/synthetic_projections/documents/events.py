"""What this theme writes to the log, and what its events carry."""

from __future__ import annotations

from typing import Any

from synthetic import EventType, changed_fields
from synthetic_projections.documents.model import FIELDS, Document

DOCUMENT_SAVED = EventType(
    name="document.saved",
    entity="document",
    purpose="A document was stored (`created`) or changed. `version`, `kind`, `status`, `storyId`, `projectId` and"
    " `bodyBytes` are as they are now; `previousConstructId` is the construct that it has left with this change, else"
    " null; `changed` names the fields that have another value than before, the body among"
    " them, which is not told.",
)
DOCUMENT_DELETED = EventType(
    name="document.deleted",
    entity="document",
    purpose="A document was deleted with all its versions: by itself, or with its construct.",
)
EVENTS = (DOCUMENT_SAVED, DOCUMENT_DELETED)


def saved_payload(before: Document | None, document: Document) -> dict[str, Any]:
    """What `document.saved` carries.

    Args:
        before: As the document was; None for a new one.
        document: As it is now.
    """
    told = {"body_bytes", "created_by", "updated_by"}
    left = None if before is None else before.construct_id
    changed = [name for name in changed_fields(before, document, FIELDS) if name not in told]
    return {
        "created": before is None,
        "version": document.version,
        "kind": document.kind,
        "status": document.status,
        "storyId": document.story_id,
        "projectId": document.project_id,
        "previousConstructId": None if left == document.construct_id else left,
        "bodyBytes": document.body_bytes,
        "changed": changed,
    }
