"""Records of session contexts and what may be in them: pure, no SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict, cast

from synthetic import bad_input, check_id, check_json_object
from synthetic_sessions.settings import SessionSettings


class SessionContext(NamedTuple):
    """A row of `session_contexts`.

    Attributes:
        id: The caller's, or a UUIDv7.
        session_id: The session that it is of.
        user_id: Whom it serves; recorded and filtered by, no wall.
        channel: Where it is talked, as the chat names it; None where there is no chat.
        thread_ts: The thread in the channel, an opaque text; there is one exactly if there is a channel.
        state: A JSON object as canonical text.
        last_used_at: When it was last saved or touched, Unix milliseconds UTC.
        version: 1 at first, one more with each change; a touch is none.
        created_at: When it was stored first.
        updated_at: When it was changed last.
    """

    id: str
    session_id: str | None
    user_id: str | None
    channel: str | None
    thread_ts: str | None
    state: str
    last_used_at: int
    version: int
    created_at: int
    updated_at: int


class SessionContextContent(TypedDict, total=False):
    """What a save says about a context; a key that is absent says nothing about its field."""

    session_id: str | None
    user_id: str | None
    channel: str | None
    thread_ts: str | None
    state: Mapping[str, Any]


class SavedSessionContext(NamedTuple):
    """What a save came to.

    Attributes:
        context: As it is stored now.
        created: Whether it was not there before.
        changed: Whether anything was written.
    """

    context: SessionContext
    created: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionContextCriteria:
    """Which contexts are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        session_id: It is of this session.
        user_id: The user is this one.
        channel: The channel is this one.
        thread_ts: The thread is this one.
        used_from: Last used at or after, Unix milliseconds UTC.
        used_before: Last used before.
    """

    ids: Sequence[str] | None = None
    session_id: str | None = None
    user_id: str | None = None
    channel: str | None = None
    thread_ts: str | None = None
    used_from: int | None = None
    used_before: int | None = None


CONTEXT_FIELDS = {
    "session_id": "sessionId",
    "user_id": "userId",
    "thread_ts": "threadTs",
    "last_used_at": "lastUsedAt",
}
"""Columns whose name differs from that of the field."""


def check_context(content: SessionContextContent, limits: SessionSettings) -> dict[str, str | None]:
    """The columns that a save gives, each acceptable and as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    given = cast("Mapping[str, Any]", content)
    columns: dict[str, str | None] = {}
    for name in ("session_id", "user_id", "channel", "thread_ts"):
        if name in given:
            columns[name] = None if given[name] is None else check_id(given[name], CONTEXT_FIELDS.get(name, name))
    if "state" in given:
        columns["state"] = check_json_object(
            given["state"], "state", bytes_max=limits.state_bytes, depth_max=limits.metadata_depth
        )
    return columns


def check_thread_of_context(context: SessionContext) -> None:
    """Refuse a context that names a channel or a thread, and not both.

    Raises:
        BadUserInputError: It names the field that is missing.
    """
    if context.channel is not None and context.thread_ts is None:
        raise bad_input("threadTs", "must be given with channel")
    if context.thread_ts is not None and context.channel is None:
        raise bad_input("channel", "must be given with threadTs")
