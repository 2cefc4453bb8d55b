"""The rows of `thread_sessions`: finding, saving and deleting them, each change with its event.

A thread is named by its channel and its timestamp there, which are unique
together; the id is for cursors, events and `node(id:)`.
"""

from __future__ import annotations

from synthetic import BlockingStore, NotFoundError, Snapshot, Transaction, bad_input, delete_owned, find_changes
from synthetic_sessions.events import THREAD_SESSION_SAVED, saved_thread_payload
from synthetic_sessions.store.sessions import get_session
from synthetic_sessions.thread_model import (
    THREAD_FIELDS,
    SavedThreadSession,
    ThreadSession,
    ThreadSessionContent,
    check_place,
    check_thread,
)

_COLUMNS = ", ".join(ThreadSession._fields)
_SELECT = f"SELECT {_COLUMNS} FROM thread_sessions"
_INSERT = f"INSERT INTO thread_sessions ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in ThreadSession._fields)})"
_UPDATE = (
    "UPDATE thread_sessions SET session_id = :session_id, user_id = :user_id, last_message_at = :last_message_at,"
    " version = :version, updated_at = :updated_at WHERE id = :id"
)


def find_thread(snapshot: Snapshot, channel: str, thread_ts: str) -> ThreadSession | None:
    """The thread of a channel, or None.

    Raises:
        BadUserInputError: The channel or the thread is no acceptable text.
    """
    channel, thread_ts = check_place(channel, thread_ts)
    return snapshot.record(
        ThreadSession,
        _SELECT + " WHERE channel = :channel AND thread_ts = :thread_ts",
        {"channel": channel, "thread_ts": thread_ts},
    )


def get_thread(snapshot: Snapshot, channel: str, thread_ts: str) -> ThreadSession:
    """The thread of a channel.

    Raises:
        BadUserInputError: The channel or the thread is no acceptable text.
        NotFoundError: There is none.
    """
    found = find_thread(snapshot, channel, thread_ts)
    if found is None:
        raise NotFoundError(
            f"There is no session for the thread {thread_ts!r} of the channel {channel!r}.",
            details={"field": "threadTs", "channel": channel, "threadTs": thread_ts},
        )
    return found


def save_thread(
    tx: Transaction,
    channel: str,
    thread_ts: str,
    content: ThreadSessionContent,
    *,
    if_version: int | None = None,
) -> SavedThreadSession:
    """Give a thread a session, or change the fields that `content` gives of one that has.

    A save that says nothing new writes nothing, whatever version it names.

    Args:
        tx: To write in.
        channel: The channel.
        thread_ts: The thread in it.
        content: The fields to store; a new thread needs its session.
        if_version: The version that is to be changed, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable, or a new thread has no session.
        NotFoundError: There is no such session.
        ConflictError: The thread has another session or user, and `if_version`
            is not its version; or it is not stored, and `if_version` says so.
    """
    stored = find_thread(tx, channel, thread_ts)
    given = check_thread(content)
    changes = find_changes(
        stored,
        given,
        entity="thread session",
        id=f"{channel}/{thread_ts}",
        if_version=if_version,
        fields=THREAD_FIELDS,
    )
    if stored is None or changes is None:
        return SavedThreadSession(_create(tx, channel, thread_ts, given), created=True, changed=True)
    if not changes:
        return SavedThreadSession(stored, created=False, changed=False)
    thread = stored._replace(
        **changes, last_message_at=max(tx.now, stored.last_message_at), version=stored.version + 1, updated_at=tx.now
    )
    _write(tx, _UPDATE, stored, thread)
    return SavedThreadSession(thread, created=False, changed=True)


def delete_thread(store: BlockingStore, channel: str, thread_ts: str) -> ThreadSession:
    """Delete a thread and what other plugins keep for it; its session stays.

    Returns:
        The thread as it was.

    Raises:
        BadUserInputError: The channel or the thread is no acceptable text.
        NotFoundError: There is none.
        ConflictError: A row of another plugin refuses to lose it.
    """
    thread = store.read(get_thread, channel, thread_ts)
    delete_owned(store, "thread_sessions", thread.id)
    return thread


def _create(tx: Transaction, channel: str, thread_ts: str, given: dict[str, str | None]) -> ThreadSession:
    session_id = given.get("session_id")
    if session_id is None:
        raise bad_input("sessionId", "must be given for a new thread")
    thread = ThreadSession(
        id=tx.new_id(),
        channel=channel,
        thread_ts=thread_ts,
        session_id=session_id,
        user_id=given.get("user_id"),
        last_message_at=tx.now,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    _write(tx, _INSERT, None, thread)
    return thread


def _write(tx: Transaction, sql: str, before: ThreadSession | None, thread: ThreadSession) -> None:
    session = get_session(tx, thread.session_id, field="sessionId")
    tx.execute(sql, thread._asdict())
    tx.emit(
        THREAD_SESSION_SAVED,
        thread.id,
        construct_id=session.construct_id,
        payload=saved_thread_payload(before, thread),
    )
