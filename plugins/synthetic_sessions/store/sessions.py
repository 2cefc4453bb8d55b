"""The rows of `sessions`: finding, saving and changing them, each change with its event.

What an importer has found out is merged in `facts.py`; what a filter means
stands in `filters.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synthetic import NotFoundError, Snapshot, Transaction, check_id, find_changes, to_json
from synthetic_sessions.events import SESSION_SAVED, saved_payload
from synthetic_sessions.model import (
    FIELDS,
    SavedSession,
    Session,
    SessionContent,
    SessionStatus,
    check_content,
    check_instants,
)
from synthetic_sessions.settings import SessionSettings
from synthetic_sessions.store.family import find_inherited_construct, pass_construct_on, refuse_cycle

COLUMNS = ", ".join(Session._fields)

_SELECT = f"SELECT {COLUMNS} FROM sessions"
_INSERT = f"INSERT INTO sessions ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Session._fields)})"
_UPDATE = (
    "UPDATE sessions SET construct_id = :construct_id, parent_session_id = :parent_session_id, agent = :agent,"
    " title = :title, user_id = :user_id, project_id = :project_id, status = :status, started_at = :started_at,"
    " last_activity_at = :last_activity_at, ended_at = :ended_at, metadata = :metadata, version = :version,"
    " updated_at = :updated_at WHERE id = :id"
)


def find_session(snapshot: Snapshot, session_id: str) -> Session | None:
    """The session with this id, or None."""
    return snapshot.record(Session, _SELECT + " WHERE id = :id", {"id": session_id})


def get_session(snapshot: Snapshot, session_id: str, *, field: str = "id") -> Session:
    """The session with this id.

    Args:
        snapshot: To read from.
        session_id: Its id.
        field: Name under which the sender gave the id, for the error.

    Raises:
        NotFoundError: There is none.
    """
    found = find_session(snapshot, session_id)
    if found is None:
        raise NotFoundError(
            f"There is no session with the id {session_id!r}.", details={"field": field, "id": session_id}
        )
    return found


def list_sessions_by_id(snapshot: Snapshot, session_ids: Sequence[str]) -> list[Session | None]:
    """For each id, its session or None, in the order of the ids."""
    records = snapshot.records(
        Session,
        _SELECT + " WHERE id IN (SELECT value FROM json_each(:ids))",
        {"ids": to_json(list(session_ids))},
    )
    found = {record.id: record for record in records}
    return [found.get(session_id) for session_id in session_ids]


def save_session(
    tx: Transaction, content: SessionContent, *, session_id: str | None = None, if_version: int | None = None
) -> SavedSession:
    """Store a session, or change the fields of one that `content` gives.

    A save that says nothing new writes nothing, whatever version it names, so
    it can be sent again when its answer was lost. A sub-agent's session that
    names no construct works on that of its parent.

    Args:
        tx: To write in.
        content: The fields to store. A new session is ACTIVE and starts now
            unless it says otherwise; one that comes to an end does so now.
        session_id: The caller's id; without it, the session is new and gets a UUIDv7.
        if_version: The version that is to be changed, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable, or contradicts another.
        NotFoundError: There is no such construct or parent.
        ConflictError: There is a session with this id and other content, and
            `if_version` is not its version; or there is none, and `if_version` says so.
        SessionCycleError, SessionTooDeepError: The parent cannot be its parent.
    """
    given: Mapping[str, Any] = check_content(content, tx.settings(SessionSettings))
    stored = None if session_id is None else find_session(tx, check_id(session_id, "id"))
    changes = find_changes(stored, given, entity="session", id=session_id, if_version=if_version, fields=FIELDS)
    if stored is None or changes is None:
        created = create_session(tx, tx.new_id() if session_id is None else session_id, given)
        return SavedSession(created, created=True, changed=True)
    if not changes:
        return SavedSession(stored, created=False, changed=False)
    return SavedSession(change_session(tx, stored, changes), created=False, changed=True)


def record_activity(tx: Transaction, session_id: str, at: int) -> None:
    """Note that something happened in a session; an instant before the last one known changes nothing.

    It is no change of the session's content: the version stays, so that who
    has read the session can still save it.

    Args:
        tx: To write in.
        session_id: The session; nothing happens if there is none.
        at: Unix milliseconds UTC.
    """
    tx.execute(
        "UPDATE sessions SET last_activity_at = :at, updated_at = :now WHERE id = :id AND last_activity_at < :at",
        {"at": at, "now": tx.now, "id": session_id},
    )


def draft_session(tx: Transaction, session_id: str, given: Mapping[str, Any]) -> Session:
    """A session that is not stored yet, with what its columns are where `given` does not say."""
    started_at = given.get("started_at", tx.now)
    status = given.get("status", SessionStatus.ACTIVE)
    ended_at = given.get("ended_at")
    if ended_at is None and status != SessionStatus.ACTIVE:
        ended_at = max(tx.now, started_at)
    return Session(
        id=session_id,
        construct_id=given.get("construct_id"),
        parent_session_id=given.get("parent_session_id"),
        agent=given.get("agent"),
        title=given.get("title"),
        user_id=given.get("user_id"),
        project_id=given.get("project_id"),
        status=str(status),
        started_at=started_at,
        last_activity_at=given.get("last_activity_at", max(started_at, ended_at or started_at)),
        ended_at=ended_at,
        metadata=given.get("metadata", "{}"),
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )


def create_session(
    tx: Transaction, session_id: str, given: Mapping[str, Any], *, parent_must_exist: bool = True
) -> Session:
    """Store a new session.

    Args:
        tx: To write in.
        session_id: Its id.
        given: The columns that are not left as `draft_session` has them.
        parent_must_exist: False for what importers find, who meet the files of a family in any order.

    Raises:
        BadUserInputError, NotFoundError, SessionCycleError, SessionTooDeepError: See `save_session`.
    """
    draft = draft_session(tx, session_id, given)
    session = _placed(tx, draft, given, parent_must_exist=parent_must_exist)
    tx.execute(_INSERT, session._asdict())
    _tell(tx, None, session)
    _pass_construct_on(tx, session)
    return session


def change_session(
    tx: Transaction, stored: Session, changes: Mapping[str, Any], *, parent_must_exist: bool = True
) -> Session:
    """Change a stored session, and with its construct that of the sessions below it that have none.

    Args:
        tx: To write in.
        stored: The session as it is.
        changes: The columns that become something else; at least one.
        parent_must_exist: As for `create_session`.

    Raises:
        BadUserInputError, NotFoundError, SessionCycleError, SessionTooDeepError: See `save_session`.
    """
    session = stored._replace(**changes, version=stored.version + 1, updated_at=tx.now)
    if "status" in changes and "ended_at" not in changes:
        ended_at = stored.ended_at or max(tx.now, session.started_at)
        session = session._replace(ended_at=None if session.status == SessionStatus.ACTIVE else ended_at)
    session = _placed(tx, session, changes, parent_must_exist=parent_must_exist)
    tx.execute(_UPDATE, session._asdict())
    _tell(tx, stored, session)
    if session.construct_id != stored.construct_id:
        _pass_construct_on(tx, session)
    return session


def _pass_construct_on(tx: Transaction, session: Session) -> None:
    for heir in pass_construct_on(tx, session):
        _tell(tx, heir._replace(construct_id=None), heir)


def _tell(tx: Transaction, before: Session | None, session: Session) -> None:
    tx.emit(SESSION_SAVED, session.id, construct_id=session.construct_id, payload=saved_payload(before, session))


def _placed(tx: Transaction, session: Session, given: Mapping[str, Any], *, parent_must_exist: bool) -> Session:
    """The session, if it may be stored so; with its parent's construct, where none is given.

    Raises:
        BadUserInputError: Its instants contradict each other.
        NotFoundError: There is no such construct or parent.
        SessionCycleError, SessionTooDeepError: The parent cannot be its parent.
    """
    check_instants(session)
    construct_id, parent_id = given.get("construct_id"), given.get("parent_session_id")
    if construct_id is not None and tx.row("SELECT 1 FROM constructs WHERE id = :id", {"id": construct_id}) is None:
        raise NotFoundError(
            f"There is no construct with the constructId {construct_id!r}.",
            details={"field": "constructId", "id": construct_id},
        )
    if parent_id is not None:
        if parent_must_exist:
            get_session(tx, parent_id, field="parentSessionId")
        refuse_cycle(tx, session.id, parent_id)
        if session.construct_id is None and "construct_id" not in given:
            return session._replace(construct_id=find_inherited_construct(tx, session))
    return session
