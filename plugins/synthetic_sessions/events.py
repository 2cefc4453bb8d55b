"""What this plugin writes to the log, and what its events carry."""

from __future__ import annotations

from typing import Any

from synthetic import EventType, changed_fields
from synthetic_sessions.model import FIELDS, Session

SESSION_SAVED = EventType(
    name="session.saved",
    entity="session",
    purpose="A session was stored (`created`) or changed; activity alone is no change. `status` and `previousStatus`"
    " (null for a new one), `constructId` and `previousConstructId`, `parentSessionId` and `agent` are as they are now;"
    " `changed` names the fields that have another value than before.",
)
SESSION_DELETED = EventType(
    name="session.deleted",
    entity="session",
    purpose="A session was deleted, after its transcripts.",
)
EVENTS = (SESSION_SAVED, SESSION_DELETED)


def saved_payload(before: Session | None, session: Session) -> dict[str, Any]:
    """What `session.saved` carries.

    Args:
        before: As the session was; None for a new one.
        session: As it is now.
    """
    return {
        "created": before is None,
        "version": session.version,
        "status": session.status,
        "previousStatus": None if before is None else before.status,
        "constructId": session.construct_id,
        "previousConstructId": None if before is None else before.construct_id,
        "parentSessionId": session.parent_session_id,
        "agent": session.agent,
        "changed": changed_fields(before, session, FIELDS),
    }
