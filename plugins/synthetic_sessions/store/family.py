"""How sessions descend from each other: an agent's session, and those of its sub-agents.

A parent is named by its id and need not be stored yet, because importers meet
the files of a family in any order.
"""

from __future__ import annotations

from synthetic import Transaction
from synthetic_sessions.errors import SessionCycleError, SessionTooDeepError
from synthetic_sessions.model import Session
from synthetic_sessions.settings import SessionSettings


def refuse_cycle(tx: Transaction, session_id: str, parent_id: str) -> None:
    """Make sure that a session can have this parent.

    Raises:
        SessionCycleError: The session is the parent, or one of its ancestors.
        SessionTooDeepError: The parent has as many ancestors as a session may have.
    """
    levels = tx.settings(SessionSettings).ancestors
    ancestors = tx.rows(
        "WITH RECURSIVE ancestors (id, level) AS ("
        " SELECT :parent_id, 1"
        " UNION ALL SELECT s.parent_session_id, a.level + 1 FROM ancestors a JOIN sessions s ON s.id = a.id"
        " WHERE s.parent_session_id IS NOT NULL AND a.id <> :id AND a.level <= :levels"
        ") SELECT id FROM ancestors",
        {"parent_id": parent_id, "id": session_id, "levels": levels},
    )
    if any(id == session_id for (id,) in ancestors):
        raise SessionCycleError(
            f"Session {session_id!r} cannot be below {parent_id!r}, which is itself or below it.",
            details={"field": "parentSessionId", "id": parent_id},
        )
    if len(ancestors) > levels:
        raise SessionTooDeepError(
            f"Session {parent_id!r} has {levels} ancestors already.",
            details={"field": "parentSessionId", "id": parent_id},
        )


def find_inherited_construct(tx: Transaction, session: Session) -> str | None:
    """The construct of its parent, if that is stored."""
    return tx.value("SELECT construct_id FROM sessions WHERE id = :id", {"id": session.parent_session_id})


def pass_construct_on(tx: Transaction, session: Session) -> list[Session]:
    """Give a session's construct to the sessions below it that have none, down to those that have one.

    Returns:
        The heirs, as they are now.
    """
    if session.construct_id is None:
        return []
    return tx.records(
        Session,
        "WITH RECURSIVE heirs (id) AS ("
        " SELECT id FROM sessions WHERE parent_session_id = :id AND construct_id IS NULL"
        " UNION SELECT s.id FROM heirs h JOIN sessions s ON s.parent_session_id = h.id WHERE s.construct_id IS NULL"
        ") UPDATE sessions SET construct_id = :construct_id, version = version + 1, updated_at = :now"
        f" WHERE id IN (SELECT id FROM heirs) RETURNING {', '.join(Session._fields)}",
        {"id": session.id, "construct_id": session.construct_id, "now": tx.now},
    )
