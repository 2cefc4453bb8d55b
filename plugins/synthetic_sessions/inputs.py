"""What clients send in: the input of `saveSession`, and the filter of `sessions`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import cast

import strawberry

from synthetic import JSON, DateTime, Snapshot
from synthetic_sessions.enums import SessionStatus
from synthetic_sessions.model import Criteria, SessionContent
from synthetic_sessions.store import stale_before

_CONTENT = tuple(SessionContent.__annotations__)


@strawberry.input(
    description="A session to store, or changes to one. A field that is left out keeps what is stored; "
    "in a new session it takes its default."
)
class SaveSessionInput:
    """The input of `saveSession`."""

    id: strawberry.ID | None = strawberry.field(
        default=None, description="1 to 200 printable characters. Without it, the session is new and gets a UUIDv7."
    )
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be changed. Needed to change what is stored."
    )
    construct_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The construct that it works on; null takes it away. "
        "A sub-agent's session that leaves it out takes its parent's.",
    )
    parent_session_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The session whose agent started this one; null takes it away."
    )
    agent: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Name of the agent: 1 to 200 printable characters; null takes it away.",
    )
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="One line for a person; null takes it away."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Whom it works for; null takes it away."
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The project that it belongs to; null takes it away."
    )
    status: SessionStatus | None = strawberry.field(
        default=strawberry.UNSET, description="Where it stands. A new session is ACTIVE."
    )
    started_at: DateTime | None = strawberry.field(
        default=strawberry.UNSET, description="When it started. A new session starts now."
    )
    last_activity_at: DateTime | None = strawberry.field(
        default=strawberry.UNSET, description="When something last happened in it. In a new session, when it started."
    )
    ended_at: DateTime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When it came to an end. Left out, it is now when the status becomes one that is over.",
    )
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="A JSON object. It replaces the one that is stored; they are not merged."
    )

    def content(self) -> SessionContent:
        """What the sender gave, without what was left out."""
        given = {name: getattr(self, name) for name in _CONTENT}
        return cast("SessionContent", {name: value for name, value in given.items() if value is not strawberry.UNSET})


@strawberry.input(description="Which session is touched.")
class TouchSessionInput:
    """The input of `touchSession`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which sessions are meant: all that is said here must hold.")
class SessionFilter:
    """The filter of `sessions`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    status: list[SessionStatus] | None = strawberry.field(default=None, description="The status is one of these.")
    agent: list[str] | None = strawberry.field(default=None, description="The agent is one of these.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It works on this construct.")
    parent_session_id: strawberry.ID | None = strawberry.field(
        default=None, description="It was started by the agent of this session."
    )
    top_level: bool | None = strawberry.field(
        default=None, description="True: it has no parent; false: it is a sub-agent's."
    )
    user_id: strawberry.ID | None = strawberry.field(default=None, description="The user is this one.")
    project_id: strawberry.ID | None = strawberry.field(default=None, description="The project is this one.")
    started_from: DateTime | None = strawberry.field(default=None, description="Started at this instant or later.")
    started_before: DateTime | None = strawberry.field(default=None, description="Started before this instant.")
    active_from: DateTime | None = strawberry.field(default=None, description="Last active at this instant or later.")
    active_before: DateTime | None = strawberry.field(default=None, description="Last active before this instant.")
    stale: bool | None = strawberry.field(
        default=None,
        description="True: it is ACTIVE, and nobody has touched it within `plugins.sessions.stale_ms`; false: it is "
        "over, or somebody has.",
    )

    def criteria(self, snapshot: Snapshot) -> Criteria:
        """The filter as the store understands it, at the instant of a snapshot."""
        limit = None if self.stale is None else stale_before(snapshot)
        return Criteria(
            ids=self.ids,
            statuses=self.status,
            agents=self.agent,
            construct_id=self.construct_id,
            parent_session_id=self.parent_session_id,
            top_level=self.top_level,
            user_id=self.user_id,
            project_id=self.project_id,
            started_from=self.started_from,
            started_before=self.started_before,
            active_from=self.active_from,
            active_before=self.active_before,
            stale_before=limit if self.stale else None,
            fresh_from=None if self.stale else limit,
        )
