"""All the SQL of sessions, and what other plugins may use of this one.

One file a concern: `sessions` (the rows), `facts` (what importers have found
out), `family` (who descends from whom), `filters` (what a filter on sessions
means), `stale` (which active ones nobody has touched), `contexts` and
`threads` (their rows), `lists` (what filters on those mean) and `touches` (that
something is in use). Functions take the transaction first; those that touch or
delete take the store, since they are no single transaction.
"""

from __future__ import annotations

from synthetic_sessions.context_model import (
    SavedSessionContext,
    SessionContext,
    SessionContextContent,
    SessionContextCriteria,
)
from synthetic_sessions.model import Criteria, Session, SessionContent, SessionFacts, SessionStatus
from synthetic_sessions.store.contexts import (
    delete_context,
    find_context,
    find_context_of_thread,
    get_context,
    save_context,
)
from synthetic_sessions.store.facts import merge_session_facts
from synthetic_sessions.store.filters import select_sessions
from synthetic_sessions.store.lists import select_contexts, select_threads
from synthetic_sessions.store.sessions import (
    COLUMNS,
    SavedSession,
    find_session,
    get_session,
    list_sessions_by_id,
    record_activity,
    save_session,
)
from synthetic_sessions.store.stale import StaleCounts, count_stale, stale_before
from synthetic_sessions.store.threads import delete_thread, find_thread, get_thread, save_thread
from synthetic_sessions.store.touches import (
    Touched,
    is_any_instant_ahead,
    settle_instants,
    touch_context,
    touch_contexts,
    touch_session,
    touch_sessions,
    touch_thread,
    touch_threads,
)
from synthetic_sessions.thread_model import (
    SavedThreadSession,
    ThreadSession,
    ThreadSessionContent,
    ThreadSessionCriteria,
)

__all__ = [
    "COLUMNS",
    "Criteria",
    "SavedSession",
    "SavedSessionContext",
    "SavedThreadSession",
    "Session",
    "SessionContent",
    "SessionContext",
    "SessionContextContent",
    "SessionContextCriteria",
    "SessionFacts",
    "SessionStatus",
    "StaleCounts",
    "ThreadSession",
    "ThreadSessionContent",
    "ThreadSessionCriteria",
    "Touched",
    "count_stale",
    "delete_context",
    "delete_thread",
    "find_context",
    "find_context_of_thread",
    "find_session",
    "find_thread",
    "get_context",
    "get_session",
    "get_thread",
    "is_any_instant_ahead",
    "list_sessions_by_id",
    "merge_session_facts",
    "record_activity",
    "save_context",
    "save_session",
    "save_thread",
    "select_contexts",
    "select_sessions",
    "select_threads",
    "settle_instants",
    "stale_before",
    "touch_context",
    "touch_contexts",
    "touch_session",
    "touch_sessions",
    "touch_thread",
    "touch_threads",
]
