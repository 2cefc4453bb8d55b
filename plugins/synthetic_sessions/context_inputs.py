"""What clients send in about session contexts."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import cast

import strawberry

from synthetic import JSON, DateTime
from synthetic_sessions.context_model import SessionContextContent, SessionContextCriteria

_CONTENT = tuple(SessionContextContent.__annotations__)


@strawberry.input(
    description="A session context to store, or changes to one. A field that is left out keeps what is stored."
)
class SaveSessionContextInput:
    """The input of `saveSessionContext`."""

    id: strawberry.ID | None = strawberry.field(
        default=None, description="1 to 200 printable characters. Without it, the context is new and gets a UUIDv7."
    )
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed. Needed to change what is stored."
    )
    session_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The session that it is of, and goes with; null takes it away."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Whom it serves; null takes it away."
    )
    channel: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where it is talked: 1 to 200 printable characters, with threadTs; null takes both away.",
    )
    thread_ts: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The thread in the channel, as the chat names it: an opaque text, also where it looks like a "
        "number.",
    )
    state: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="A JSON object: what the agent wants to know again. It replaces the one that is stored; they are "
        "not merged.",
    )

    def content(self) -> SessionContextContent:
        """What the sender gave, without what was left out."""
        given = {name: getattr(self, name) for name in _CONTENT}
        return cast(
            "SessionContextContent", {name: value for name, value in given.items() if value is not strawberry.UNSET}
        )


@strawberry.input(description="Which session context is touched.")
class TouchSessionContextInput:
    """The input of `touchSessionContext`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which session context is deleted.")
class DeleteSessionContextInput:
    """The input of `deleteSessionContext`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which session contexts are meant: all that is said here must hold.")
class SessionContextFilter:
    """The filter of `sessionContexts`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    session_id: strawberry.ID | None = strawberry.field(default=None, description="It is of this session.")
    user_id: strawberry.ID | None = strawberry.field(default=None, description="The user is this one.")
    channel: str | None = strawberry.field(default=None, description="The channel is this one.")
    thread_ts: str | None = strawberry.field(
        default=None, description="The thread of the channel is this one; only with channel."
    )
    used_from: DateTime | None = strawberry.field(default=None, description="Last used at this instant or later.")
    used_before: DateTime | None = strawberry.field(default=None, description="Last used before this instant.")

    def criteria(self) -> SessionContextCriteria:
        """The filter as the store understands it."""
        return SessionContextCriteria(
            ids=self.ids,
            session_id=self.session_id,
            user_id=self.user_id,
            channel=self.channel,
            thread_ts=self.thread_ts,
            used_from=self.used_from,
            used_before=self.used_before,
        )
