"""Touches: that a session is active, a context in use, a thread talked in, now.

They come as often as agents like, so those of one row are coalesced: the first
is durable when it is answered, those that follow within
`kernel.database.coalesce_ms` are one write at its end. An instant only ever
moves forward, so it does not matter in which order they are written, by which
process, or how often; a row that has gone meanwhile is passed over. A touch is
no change: versions stay, and the log is told nothing.

What a clock that was far ahead has written would never grow old; `settle_instants`
sets it right once the clock is believed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from synthetic import CoalescedWrite, CoalescingStore, Snapshot, Transaction, check_id, is_clock_believed
from synthetic_sessions.context_model import SessionContext
from synthetic_sessions.model import Session
from synthetic_sessions.store.contexts import get_context
from synthetic_sessions.store.sessions import get_session
from synthetic_sessions.store.threads import get_thread
from synthetic_sessions.thread_model import ThreadSession

RecordT = TypeVar("RecordT")

AHEAD_MS = 86_400_000
"""An instant that lies further ahead was written by a clock that had jumped."""

SETTLED_ROWS = 500
"""So many rows of each table are set right in one transaction."""

_TOUCH_SESSIONS = (
    "UPDATE sessions SET last_activity_at = :at, updated_at = max(updated_at, :at)"
    " WHERE id = :id AND last_activity_at < :at"
)
_TOUCH_CONTEXTS = "UPDATE session_contexts SET last_used_at = :at WHERE id = :id AND last_used_at < :at"
_TOUCH_THREADS = "UPDATE thread_sessions SET last_message_at = :at WHERE id = :id AND last_message_at < :at"

# Of what is too far ahead, by an index. A session's activity never precedes its start, which is its own to say.
_AHEAD = {
    "sessions": "status = 'ACTIVE' AND last_activity_at > :ahead AND last_activity_at > started_at",
    "session_contexts": "last_used_at > :ahead",
    "thread_sessions": "last_message_at > :ahead",
}
_SETTLED = {
    "sessions": "last_activity_at = max(started_at, :now)",
    "session_contexts": "last_used_at = :now",
    "thread_sessions": "last_message_at = :now",
}
_ANY_AHEAD = "SELECT " + " OR ".join(
    f"EXISTS (SELECT 1 FROM {table} WHERE {condition})" for table, condition in _AHEAD.items()
)
_SETTLE = tuple(
    f"UPDATE {table} SET {_SETTLED[table]} WHERE id IN (SELECT id FROM {table} WHERE {condition} LIMIT :rows)"
    for table, condition in _AHEAD.items()
)


class Touched(NamedTuple, Generic[RecordT]):
    """What a touch came to.

    Attributes:
        record: The row, with this touch.
        durable: Whether it is on the disk; else it is within `kernel.database.coalesce_ms`.
    """

    record: RecordT
    durable: bool


def touch_sessions(tx: Transaction, instants: Mapping[str, int]) -> None:
    """Note that sessions, by their ids, were active at instants, Unix milliseconds UTC."""
    tx.execute_many(_TOUCH_SESSIONS, ({"id": id, "at": at} for id, at in instants.items()))


def touch_contexts(tx: Transaction, instants: Mapping[str, int]) -> None:
    """Note that contexts, by their ids, were used at instants, Unix milliseconds UTC."""
    tx.execute_many(_TOUCH_CONTEXTS, ({"id": id, "at": at} for id, at in instants.items()))


def touch_threads(tx: Transaction, instants: Mapping[str, int]) -> None:
    """Note that the last messages of threads, by their ids, came at instants, Unix milliseconds UTC."""
    tx.execute_many(_TOUCH_THREADS, ({"id": id, "at": at} for id, at in instants.items()))


SESSIONS = CoalescedWrite(name="sessions_touch", function=touch_sessions, merge=max)
CONTEXTS = CoalescedWrite(name="sessions_touch_contexts", function=touch_contexts, merge=max)
THREADS = CoalescedWrite(name="sessions_touch_threads", function=touch_threads, merge=max)


def touch_session(store: CoalescingStore, session_id: str) -> Touched[Session]:
    """Note that a session is active now; one that is over may be touched as well.

    Raises:
        BadUserInputError: The id is none.
        NotFoundError: There is no such session.
    """
    session, now = store.read(_session_now, session_id)
    durable = store.coalesce(SESSIONS, session.id, now)
    touched = session._replace(
        last_activity_at=max(now, session.last_activity_at),
        updated_at=max(now, session.updated_at) if now > session.last_activity_at else session.updated_at,
    )
    return Touched(touched, durable)


def touch_context(store: CoalescingStore, context_id: str) -> Touched[SessionContext]:
    """Note that a context is used now, so that it is kept for longer.

    Raises:
        BadUserInputError: The id is none.
        NotFoundError: There is no such context.
    """
    context, now = store.read(_context_now, context_id)
    durable = store.coalesce(CONTEXTS, context.id, now)
    return Touched(context._replace(last_used_at=max(now, context.last_used_at)), durable)


def touch_thread(store: CoalescingStore, channel: str, thread_ts: str) -> Touched[ThreadSession]:
    """Note that a message has come in a thread now, so that it is kept for longer.

    Raises:
        BadUserInputError: The channel or the thread is no acceptable text.
        NotFoundError: The thread has no session.
    """
    thread, now = store.read(_thread_now, channel, thread_ts)
    durable = store.coalesce(THREADS, thread.id, now)
    return Touched(thread._replace(last_message_at=max(now, thread.last_message_at)), durable)


def is_any_instant_ahead(snapshot: Snapshot) -> bool:
    """Whether `settle_instants` may have something to do."""
    ((is_any,),) = snapshot.rows(_ANY_AHEAD, {"ahead": snapshot.now + AHEAD_MS})
    return bool(is_any)


def settle_instants(tx: Transaction) -> int:
    """Let what was touched more than a day ahead of the clock have been touched now, if the clock is believed.

    Otherwise it would be kept, or pass for active, until the clock has come
    there. While retention is suspended nothing is set right: then it may be
    the clock of today that is wrong.

    Returns:
        How many rows were set right; there may be more.
    """
    params = {"now": tx.now, "ahead": tx.now + AHEAD_MS, "rows": SETTLED_ROWS}
    if not is_clock_believed(tx):
        return 0
    return sum(tx.execute(sql, params) for sql in _SETTLE)


def _session_now(snapshot: Snapshot, session_id: str) -> tuple[Session, int]:
    return get_session(snapshot, check_id(session_id, "id")), snapshot.now


def _context_now(snapshot: Snapshot, context_id: str) -> tuple[SessionContext, int]:
    return get_context(snapshot, context_id), snapshot.now


def _thread_now(snapshot: Snapshot, channel: str, thread_ts: str) -> tuple[ThreadSession, int]:
    return get_thread(snapshot, channel, thread_ts), snapshot.now
