"""Records of thread sessions and what may be in them: pure, no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict, cast

from synthetic import bad_input, check_id


class ThreadSession(NamedTuple):
    """A row of `thread_sessions`.

    Attributes:
        id: A UUIDv7.
        channel: Where it is talked, as the chat names it.
        thread_ts: The thread in the channel, an opaque text; the two together are unique.
        session_id: The session that answers there.
        user_id: Who began it; recorded and filtered by, no wall.
        last_message_at: When the last message came, Unix milliseconds UTC.
        version: 1 at first, one more with each change; a touch is none.
        created_at: When it was stored first.
        updated_at: When it was changed last.
    """

    id: str
    channel: str
    thread_ts: str
    session_id: str
    user_id: str | None
    last_message_at: int
    version: int
    created_at: int
    updated_at: int


class ThreadSessionContent(TypedDict, total=False):
    """What a save says about a thread; a key that is absent says nothing about its field."""

    session_id: str
    user_id: str | None


class SavedThreadSession(NamedTuple):
    """What a save came to.

    Attributes:
        thread: As it is stored now.
        created: Whether it was not there before.
        changed: Whether anything was written.
    """

    thread: ThreadSession
    created: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadSessionCriteria:
    """Which threads are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        channel: The channel is this one.
        session_id: This session answers in it.
        user_id: The user is this one.
        active_from: The last message came at or after, Unix milliseconds UTC.
        active_before: The last message came before.
    """

    channel: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    active_from: int | None = None
    active_before: int | None = None


THREAD_FIELDS = {
    "session_id": "sessionId",
    "user_id": "userId",
    "thread_ts": "threadTs",
    "last_message_at": "lastMessageAt",
}
"""Columns whose name differs from that of the field."""


def check_place(channel: str, thread_ts: str) -> tuple[str, str]:
    """A channel and a thread in it, acceptable; they stay the texts that they are.

    Raises:
        BadUserInputError: One is no text of 1 to 200 printable characters.
    """
    return check_id(channel, "channel"), check_id(thread_ts, "threadTs")


def check_thread(content: ThreadSessionContent) -> dict[str, str | None]:
    """The columns that a save gives, each acceptable.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    given = cast("Mapping[str, Any]", content)
    columns: dict[str, str | None] = {}
    if "session_id" in given:
        if given["session_id"] is None:
            raise bad_input("sessionId", "must not be null")
        columns["session_id"] = check_id(given["session_id"], "sessionId")
    if "user_id" in given:
        columns["user_id"] = None if given["user_id"] is None else check_id(given["user_id"], "userId")
    return columns
