"""What importers have found out about sessions: merged into what is stored, in any order and any number of times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from synthetic import Transaction, check_id, from_json
from synthetic_sessions.model import (
    Session,
    SessionContent,
    SessionFacts,
    SessionStatus,
    check_content,
    check_facts,
    check_metadata,
)
from synthetic_sessions.settings import SessionSettings
from synthetic_sessions.store.sessions import (
    change_session,
    create_session,
    draft_session,
    find_session,
    get_session,
    record_activity,
)

Settle = Callable[[Session], SessionContent]
"""What else becomes of a session, by what it is with the facts."""


def leave_as_is(_session: Session, /) -> SessionContent:
    """Nothing else becomes of it."""
    return {}


def merge_session_facts(tx: Transaction, session_id: str, facts: SessionFacts, settle: Settle = leave_as_is) -> Session:
    """Add what an importer has found out to what is stored; the session is made if it is not there.

    What is known stays: only fields that are null, and keys that the metadata
    lacks, are filled in. The start moves to the earlier instant, the last
    activity and the end to the later one. Facts that say nothing new change
    nothing, so importing again is harmless.

    Args:
        tx: To write in.
        session_id: The session.
        facts: What was found out.
        settle: What else becomes of it, in the same change: it is given the
            session as the facts make it.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such construct.
        SessionCycleError, SessionTooDeepError: The parent cannot be its parent.
    """
    settings = tx.settings(SessionSettings)
    columns = check_facts(facts, settings)
    stored = find_session(tx, check_id(session_id, "sessionId"))
    if stored is None:
        given = _first_news(columns)
        given |= check_content(settle(draft_session(tx, session_id, given)), settings)
        return create_session(tx, session_id, given, parent_must_exist=False)
    news = _news(tx, stored, columns)
    news |= check_content(settle(stored._replace(**news)), settings)
    changes = {name: value for name, value in news.items() if getattr(stored, name) != value}
    if not changes:
        return stored
    if set(changes) == {"last_activity_at"}:
        record_activity(tx, session_id, changes["last_activity_at"])
        return get_session(tx, session_id)
    return change_session(tx, stored, changes, parent_must_exist=False)


def _first_news(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What facts are of a session that is not stored yet."""
    given = {name: value for name, value in columns.items() if value is not None}
    instants = _instants(columns)
    if instants:
        given |= {"started_at": min(instants), "last_activity_at": max(instants)}
    if "ended_at" in given:
        given["status"] = SessionStatus.ENDED
    return given


def _news(tx: Transaction, stored: Session, columns: Mapping[str, Any]) -> dict[str, Any]:
    """What the columns of a stored session become with the facts in `columns`."""
    news: dict[str, Any] = {
        name: columns[name]
        for name in ("construct_id", "parent_session_id", "agent", "title", "user_id", "project_id")
        if getattr(stored, name) is None
    }
    instants = _instants(columns)
    news["started_at"] = min([stored.started_at, *instants])
    news["last_activity_at"] = max([stored.last_activity_at, *instants])
    if columns["ended_at"] is not None:
        news["ended_at"] = max(stored.ended_at or columns["ended_at"], columns["ended_at"])
        if stored.status == SessionStatus.ACTIVE:
            news["status"] = SessionStatus.ENDED
    merged = {**from_json(columns["metadata"]), **from_json(stored.metadata)}
    news["metadata"] = check_metadata(merged, tx.settings(SessionSettings))
    return news


def _instants(columns: Mapping[str, Any]) -> list[int]:
    names = ("started_at", "last_activity_at", "ended_at")
    return [columns[name] for name in names if columns[name] is not None]
