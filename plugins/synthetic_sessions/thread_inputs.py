"""What clients send in about thread sessions."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import cast

import strawberry

from synthetic import DateTime
from synthetic_sessions.thread_model import ThreadSessionContent, ThreadSessionCriteria

_CONTENT = tuple(ThreadSessionContent.__annotations__)
_CHANNEL = "Where it is talked, as the chat names it: 1 to 200 printable characters."
_THREAD_TS = "The thread in the channel, as the chat names it: an opaque text, also where it looks like a number."


@strawberry.input(
    description="Which session answers in a thread. A field that is left out keeps what is stored; a new thread needs "
    "its session."
)
class SaveThreadSessionInput:
    """The input of `saveThreadSession`."""

    channel: str = strawberry.field(description=_CHANNEL)
    thread_ts: str = strawberry.field(description=_THREAD_TS)
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed. Needed to change what is stored."
    )
    session_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The session that answers there; it cannot be taken away."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Who began the thread; null takes it away."
    )

    def content(self) -> ThreadSessionContent:
        """What the sender gave, without what was left out."""
        given = {name: getattr(self, name) for name in _CONTENT}
        return cast(
            "ThreadSessionContent", {name: value for name, value in given.items() if value is not strawberry.UNSET}
        )


@strawberry.input(description="Which thread is touched.")
class TouchThreadSessionInput:
    """The input of `touchThreadSession`."""

    channel: str = strawberry.field(description=_CHANNEL)
    thread_ts: str = strawberry.field(description=_THREAD_TS)


@strawberry.input(description="Which thread session is deleted; the session itself stays.")
class DeleteThreadSessionInput:
    """The input of `deleteThreadSession`."""

    channel: str = strawberry.field(description=_CHANNEL)
    thread_ts: str = strawberry.field(description=_THREAD_TS)


@strawberry.input(description="Which thread sessions are meant: all that is said here must hold.")
class ThreadSessionFilter:
    """The filter of `threadSessions`."""

    channel: str | None = strawberry.field(default=None, description="The channel is this one.")
    session_id: strawberry.ID | None = strawberry.field(default=None, description="This session answers in it.")
    user_id: strawberry.ID | None = strawberry.field(default=None, description="The user is this one.")
    active_from: DateTime | None = strawberry.field(
        default=None, description="The last message came at this instant or later."
    )
    active_before: DateTime | None = strawberry.field(
        default=None, description="The last message came before this instant."
    )

    def criteria(self) -> ThreadSessionCriteria:
        """The filter as the store understands it."""
        return ThreadSessionCriteria(
            channel=self.channel,
            session_id=self.session_id,
            user_id=self.user_id,
            active_from=self.active_from,
            active_before=self.active_before,
        )
