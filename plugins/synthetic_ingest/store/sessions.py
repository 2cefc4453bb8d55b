"""What files tell of their session from outside: that it is over, or goes on, and what it is attached to."""

from __future__ import annotations

from synthetic import Snapshot, Transaction
from synthetic_ingest.model import Settlement, settlement_of
from synthetic_sessions.store import SessionFacts, SessionStatus, find_session, merge_session_facts, save_session


def needs_settling(snapshot: Snapshot, session_id: str, idle_before: int, construct_id: str | None) -> bool:
    """Whether `settle_session` would write anything."""
    settlement = _settlement(snapshot, session_id, idle_before, construct_id)
    return settlement is not None and any(settlement)


def settle_session(tx: Transaction, session_id: str, idle_before: int, construct_id: str | None) -> None:
    """Bring a session to what is known of it from outside.

    A session whose files have not changed for long is over, since its last
    activity; one that was, and goes on, is not. It is attached to the
    construct, unless it is attached to one already.

    Args:
        tx: The transaction.
        session_id: The session; nothing happens if it is not stored.
        idle_before: Unix milliseconds; a file that was last changed before
            this has not changed for long.
        construct_id: What the session is attached to.

    Raises:
        NotFoundError: There is no such construct.
    """
    settlement = _settlement(tx, session_id, idle_before, construct_id)
    session = find_session(tx, session_id)
    if settlement is None or session is None:
        return
    if settlement.revives:
        save_session(tx, {"status": SessionStatus.ACTIVE}, session_id=session.id, if_version=session.version)
    if settlement.ends or settlement.attaches:
        ended_at = session.last_activity_at if settlement.ends else None
        merge_session_facts(tx, session.id, SessionFacts(ended_at=ended_at, construct_id=construct_id))


def _settlement(snapshot: Snapshot, session_id: str, idle_before: int, construct_id: str | None) -> Settlement | None:
    session = find_session(snapshot, session_id)
    if session is None:
        return None
    # A session may have been copied to several files; it goes on if any of them does.
    newest = snapshot.value("SELECT max(modified_at) FROM ingest_files WHERE session_id = :id", {"id": session_id})
    return settlement_of(session, is_idle=newest is not None and newest < idle_before, construct_id=construct_id)
