"""What files tell of their session from outside: that it is over, or goes on, and what it is attached to."""

from __future__ import annotations

from synthetic import Snapshot, Transaction
from synthetic_ingest.model import Target, settlement_of
from synthetic_sessions.store import Session, SessionContent, SessionFacts, find_session, merge_session_facts


def needs_settling(snapshot: Snapshot, session_id: str, idle_before: int, construct_id: str | None) -> bool:
    """Whether `settle_session` would write anything."""
    session = find_session(snapshot, session_id)
    if session is None:
        return False
    attaches = construct_id is not None and session.construct_id is None
    return attaches or bool(settlement_of(session, is_idle=_is_idle(snapshot, session_id, idle_before)))


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
    is_idle = _is_idle(tx, session_id, idle_before)
    if find_session(tx, session_id) is not None:
        facts = SessionFacts(construct_id=construct_id)
        merge_session_facts(tx, session_id, facts, lambda session: settlement_of(session, is_idle=is_idle))


def merge_and_settle(tx: Transaction, session_id: str, facts: SessionFacts, target: Target, file_id: str) -> None:
    """Tell a session what a file that was read to its end says of it, and whether it is over; in one change.

    Args:
        tx: The transaction.
        session_id: The session.
        facts: What the file says.
        target: The file as it is now, which its row does not say yet.
        file_id: The row.

    Raises:
        BadUserInputError: The facts are not acceptable.
        NotFoundError: There is no such construct.
    """
    sql = "SELECT max(modified_at) FROM ingest_files WHERE session_id = :id AND id <> :file"
    others: int | None = tx.value(sql, {"id": session_id, "file": file_id})
    is_idle = max(target.modified_at, others or 0) < target.idle_before

    def settle(session: Session) -> SessionContent:
        return settlement_of(session, is_idle=is_idle)

    merge_session_facts(tx, session_id, facts, settle)


def _is_idle(snapshot: Snapshot, session_id: str, idle_before: int) -> bool:
    """Whether no file of a session has changed for long: it may have been copied, and goes on if any copy does."""
    newest = snapshot.value("SELECT max(modified_at) FROM ingest_files WHERE session_id = :id", {"id": session_id})
    return newest is not None and newest < idle_before
