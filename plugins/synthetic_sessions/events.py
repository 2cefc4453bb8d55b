"""What this plugin writes to the log, and what its events carry."""

from __future__ import annotations

from typing import Any

from synthetic import EventType, changed_fields, iso_from_ms
from synthetic_sessions.context_model import CONTEXT_FIELDS, SessionContext
from synthetic_sessions.model import FIELDS, Session
from synthetic_sessions.thread_model import THREAD_FIELDS, ThreadSession

SESSION_SAVED = EventType(
    name="session.saved",
    entity="session",
    purpose="A session was stored (`created`) or changed; activity alone is no change. `status` and `previousStatus`"
    " (null for a new one), `constructId` and `previousConstructId`, `parentSessionId`, `agent`, `startedAt` and"
    " `endedAt` (ISO 8601) are as they are now; `changed` names the fields that have another value than before.",
)
SESSION_DELETED = EventType(
    name="session.deleted",
    entity="session",
    purpose="A session was deleted, after its transcripts, contexts and threads.",
)
SESSION_CONTEXT_SAVED = EventType(
    name="session_context.saved",
    entity="session_context",
    purpose="A session context was stored (`created`) or changed; touching it is no change. `sessionId`, `channel` and"
    " `threadTs` are as they are now; `changed` names the fields that have another value than before, the state among"
    " them, which is not told.",
)
SESSION_CONTEXT_DELETED = EventType(
    name="session_context.deleted",
    entity="session_context",
    purpose="A session context was deleted: by itself, with its session, or because nobody had used it for long.",
)
THREAD_SESSION_SAVED = EventType(
    name="thread_session.saved",
    entity="thread_session",
    purpose="A thread was given a session (`created`), or another one (`previousSessionId`), or changed otherwise;"
    " touching it is no change. `channel`, `threadTs` and `sessionId` are as they are now; `changed` names the fields"
    " that have another value than before.",
)
THREAD_SESSION_DELETED = EventType(
    name="thread_session.deleted",
    entity="thread_session",
    purpose="A thread session was deleted: by itself, with its session, or because no message had come for long.",
)
EVENTS = (
    SESSION_SAVED,
    SESSION_DELETED,
    SESSION_CONTEXT_SAVED,
    SESSION_CONTEXT_DELETED,
    THREAD_SESSION_SAVED,
    THREAD_SESSION_DELETED,
)


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
        "startedAt": iso_from_ms(session.started_at),
        "endedAt": None if session.ended_at is None else iso_from_ms(session.ended_at),
        "changed": changed_fields(before, session, FIELDS),
    }


def saved_context_payload(before: SessionContext | None, context: SessionContext) -> dict[str, Any]:
    """What `session_context.saved` carries; arguments as for `saved_payload`."""
    return {
        "created": before is None,
        "version": context.version,
        "sessionId": context.session_id,
        "channel": context.channel,
        "threadTs": context.thread_ts,
        "changed": changed_fields(before, context, CONTEXT_FIELDS),
    }


def saved_thread_payload(before: ThreadSession | None, thread: ThreadSession) -> dict[str, Any]:
    """What `thread_session.saved` carries; arguments as for `saved_payload`."""
    return {
        "created": before is None,
        "version": thread.version,
        "channel": thread.channel,
        "threadTs": thread.thread_ts,
        "sessionId": thread.session_id,
        "previousSessionId": None if before is None else before.session_id,
        "changed": changed_fields(before, thread, THREAD_FIELDS),
    }
