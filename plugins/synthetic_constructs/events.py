"""What this plugin writes to the log, and what its events carry."""

from __future__ import annotations

from typing import Any

from synthetic import EventType, changed_fields
from synthetic_constructs.model import FIELDS, ConstructRecord, RelationshipRecord

CONSTRUCT_SAVED = EventType(
    name="construct.saved",
    entity="construct",
    purpose="A construct was stored (`created`) or changed. `status` and `previousStatus` (null for a new one), `type`,"
    " `projectId` and `userId` are as they are now; `changed` names the fields that have another value than before.",
)
CONSTRUCT_DELETED = EventType(
    name="construct.deleted",
    entity="construct",
    purpose="A construct was deleted, after all that belonged to it.",
)
RELATIONSHIP_SAVED = EventType(
    name="construct_relationship.saved",
    entity="construct_relationship",
    purpose="Two constructs were related. The entity's id is `fromId`, `kind` and `toId`, joined by slashes; the"
    " payload has each.",
)
RELATIONSHIP_DELETED = EventType(
    name="construct_relationship.deleted",
    entity="construct_relationship",
    purpose="A relationship was removed, or went with one of its constructs. The payload has `fromId`, `kind` and"
    " `toId`.",
)
EVENTS = (CONSTRUCT_SAVED, CONSTRUCT_DELETED, RELATIONSHIP_SAVED, RELATIONSHIP_DELETED)


def saved_payload(before: ConstructRecord | None, construct: ConstructRecord) -> dict[str, Any]:
    """What `construct.saved` carries.

    Args:
        before: As the construct was; None for a new one.
        construct: As it is now.
    """
    return {
        "created": before is None,
        "version": construct.version,
        "status": construct.status,
        "previousStatus": None if before is None else before.status,
        "type": construct.type,
        "projectId": construct.project_id,
        "userId": construct.user_id,
        "changed": changed_fields(before, construct, FIELDS),
    }


def relationship_id(link: RelationshipRecord) -> str:
    """The `entityId` of a link."""
    return f"{link.from_id}/{link.kind}/{link.to_id}"


def relationship_payload(link: RelationshipRecord) -> dict[str, str]:
    """What the events of a link carry."""
    return {"fromId": link.from_id, "kind": link.kind, "toId": link.to_id}
