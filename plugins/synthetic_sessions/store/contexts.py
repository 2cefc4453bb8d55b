"""The rows of `session_contexts`: finding, saving and deleting them, each change with its event.

A save is a use of the context; what only says that it is in use stands in
`touches.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthetic import BlockingStore, NotFoundError, Snapshot, Transaction, check_id, delete_owned, find_changes
from synthetic_sessions.context_model import (
    CONTEXT_FIELDS,
    SavedSessionContext,
    SessionContext,
    SessionContextContent,
    check_context,
    check_thread_of_context,
)
from synthetic_sessions.events import SESSION_CONTEXT_SAVED, saved_context_payload
from synthetic_sessions.settings import SessionSettings
from synthetic_sessions.store.sessions import get_session
from synthetic_sessions.thread_model import check_place

_COLUMNS = ", ".join(SessionContext._fields)
_SELECT = f"SELECT {_COLUMNS} FROM session_contexts"
_INSERT = (
    f"INSERT INTO session_contexts ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in SessionContext._fields)})"
)
_UPDATE = (
    "UPDATE session_contexts SET session_id = :session_id, user_id = :user_id, channel = :channel,"
    " thread_ts = :thread_ts, state = :state, last_used_at = :last_used_at, version = :version,"
    " updated_at = :updated_at WHERE id = :id"
)


def find_context(snapshot: Snapshot, context_id: str) -> SessionContext | None:
    """The context with this id, or None."""
    return snapshot.record(SessionContext, _SELECT + " WHERE id = :id", {"id": context_id})


def get_context(snapshot: Snapshot, context_id: str) -> SessionContext:
    """The context with this id.

    Raises:
        BadUserInputError: The id is none.
        NotFoundError: There is none.
    """
    found = find_context(snapshot, check_id(context_id, "id"))
    if found is None:
        raise NotFoundError(
            f"There is no session context with the id {context_id!r}.", details={"field": "id", "id": context_id}
        )
    return found


def find_context_of_thread(snapshot: Snapshot, channel: str, thread_ts: str) -> SessionContext | None:
    """Of the contexts of a thread, the one that was used last; None where it has none.

    Raises:
        BadUserInputError: The channel or the thread is no acceptable text.
    """
    channel, thread_ts = check_place(channel, thread_ts)
    return snapshot.record(
        SessionContext,
        _SELECT + " WHERE channel = :channel AND thread_ts = :thread_ts ORDER BY last_used_at DESC, id DESC LIMIT 1",
        {"channel": channel, "thread_ts": thread_ts},
    )


def save_context(
    tx: Transaction, content: SessionContextContent, *, context_id: str | None = None, if_version: int | None = None
) -> SavedSessionContext:
    """Store a context, or change the fields of one that `content` gives.

    A save that says nothing new writes nothing, whatever version it names, so
    it can be sent again when its answer was lost; nor does it count as a use.

    Args:
        tx: To write in.
        content: The fields to store.
        context_id: The caller's id; without it, the context is new and gets a UUIDv7.
        if_version: The version that is to be changed, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable, or only one of channel and thread is named.
        NotFoundError: There is no such session.
        ConflictError: There is a context with this id and other content, and
            `if_version` is not its version; or there is none, and `if_version` says so.
    """
    given = check_context(content, tx.settings(SessionSettings))
    stored = None if context_id is None else find_context(tx, check_id(context_id, "id"))
    changes = find_changes(
        stored, given, entity="session context", id=context_id, if_version=if_version, fields=CONTEXT_FIELDS
    )
    if stored is None or changes is None:
        return SavedSessionContext(_create(tx, context_id or tx.new_id(), given), created=True, changed=True)
    if not changes:
        return SavedSessionContext(stored, created=False, changed=False)
    context = stored._replace(
        **changes, last_used_at=max(tx.now, stored.last_used_at), version=stored.version + 1, updated_at=tx.now
    )
    _write(tx, _UPDATE, stored, context)
    return SavedSessionContext(context, created=False, changed=True)


def delete_context(store: BlockingStore, context_id: str) -> SessionContext:
    """Delete a context and what other plugins keep for it.

    Returns:
        The context as it was.

    Raises:
        BadUserInputError: The id is none.
        NotFoundError: There is none.
        ConflictError: A row of another plugin refuses to lose it.
    """
    context = store.read(get_context, context_id)
    delete_owned(store, "session_contexts", context.id)
    return context


def _create(tx: Transaction, context_id: str, given: Mapping[str, Any]) -> SessionContext:
    context = SessionContext(
        id=context_id,
        session_id=given.get("session_id"),
        user_id=given.get("user_id"),
        channel=given.get("channel"),
        thread_ts=given.get("thread_ts"),
        state=given.get("state", "{}"),
        last_used_at=tx.now,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    _write(tx, _INSERT, None, context)
    return context


def _write(tx: Transaction, sql: str, before: SessionContext | None, context: SessionContext) -> None:
    check_thread_of_context(context)
    session = None if context.session_id is None else get_session(tx, context.session_id, field="sessionId")
    tx.execute(sql, context._asdict())
    tx.emit(
        SESSION_CONTEXT_SAVED,
        context.id,
        construct_id=None if session is None else session.construct_id,
        payload=saved_context_payload(before, context),
    )
