"""What a file tells of its session from outside: that it is over, or goes on, and what it is attached to."""

from __future__ import annotations

from synthetic import Snapshot, Transaction
from synthetic_ingest.model import IngestFile, settlement_of
from synthetic_sessions.store import SessionFacts, SessionStatus, find_session, merge_session_facts, save_session


def needs_settling(snapshot: Snapshot, record: IngestFile, is_idle: bool, construct_id: str | None) -> bool:
    """Whether `settle_session` would write anything."""
    session = None if record.session_id is None else find_session(snapshot, record.session_id)
    return session is not None and any(settlement_of(session, is_idle=is_idle, construct_id=construct_id))


def settle_session(tx: Transaction, record: IngestFile, is_idle: bool, construct_id: str | None) -> None:
    """Bring the session of a file that has been read to what is known of it from outside.

    A session whose file has not changed for long is over, since its last
    activity; one that was, and goes on, is not. It is attached to the
    construct, unless it is attached to one already.

    Args:
        tx: The transaction.
        record: The file.
        is_idle: It has not changed for long.
        construct_id: What the session is attached to.

    Raises:
        NotFoundError: There is no such construct.
    """
    session = None if record.session_id is None else find_session(tx, record.session_id)
    if session is None:
        return
    settlement = settlement_of(session, is_idle=is_idle, construct_id=construct_id)
    if settlement.revives:
        save_session(tx, {"status": SessionStatus.ACTIVE}, session_id=session.id, if_version=session.version)
    if settlement.ends or settlement.attaches:
        ended_at = session.last_activity_at if settlement.ends else None
        merge_session_facts(tx, session.id, SessionFacts(ended_at=ended_at, construct_id=construct_id))
