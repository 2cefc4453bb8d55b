"""All the SQL of sessions, and what other plugins may use of this one.

One file a concern: `sessions` (the rows), `facts` (what importers have found
out), `family` (who descends from whom) and `filters` (what a filter means). Functions take the transaction first.
"""

from __future__ import annotations

from synthetic_sessions.model import Criteria, Session, SessionContent, SessionFacts, SessionStatus
from synthetic_sessions.store.facts import merge_session_facts
from synthetic_sessions.store.filters import select_sessions
from synthetic_sessions.store.sessions import (
    COLUMNS,
    SavedSession,
    find_session,
    get_session,
    list_sessions_by_id,
    record_activity,
    save_session,
)

__all__ = [
    "COLUMNS",
    "Criteria",
    "SavedSession",
    "Session",
    "SessionContent",
    "SessionFacts",
    "SessionStatus",
    "find_session",
    "get_session",
    "list_sessions_by_id",
    "merge_session_facts",
    "record_activity",
    "save_session",
    "select_sessions",
]
