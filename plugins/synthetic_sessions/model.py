"""Records of sessions and what may be in them: pure, no SQL.

Any status may follow any other: a session that was ended may be resumed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TypedDict, cast

from synthetic import bad_input, check_id, check_json_object, check_text
from synthetic_sessions.settings import SessionSettings


class SessionStatus(StrEnum):
    """Where a run of an agent stands; `enums.py` says what each value means."""

    ACTIVE = "ACTIVE"
    ENDED = "ENDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Session(NamedTuple):
    """A row of `sessions`.

    Attributes:
        id: The caller's, or a UUIDv7.
        construct_id: The construct that it works on.
        parent_session_id: The session whose agent started this one as a sub-agent.
        agent: Name of the agent.
        title: One line for a person.
        user_id: Whom it works for; recorded and filtered by, no wall.
        project_id: What it belongs to.
        status: A `SessionStatus`.
        started_at: Unix milliseconds UTC.
        last_activity_at: When something last happened in it, never before the start.
        ended_at: When it came to an end; None while it is ACTIVE.
        metadata: A JSON object as canonical text.
        version: 1 at first, one more with each change; activity alone is no change.
        created_at: When it was stored first.
        updated_at: When it was changed last.
    """

    id: str
    construct_id: str | None
    parent_session_id: str | None
    agent: str | None
    title: str | None
    user_id: str | None
    project_id: str | None
    status: str
    started_at: int
    last_activity_at: int
    ended_at: int | None
    metadata: str
    version: int
    created_at: int
    updated_at: int


class SessionContent(TypedDict, total=False):
    """What a save says about a session; a key that is absent says nothing about its field."""

    construct_id: str | None
    parent_session_id: str | None
    agent: str | None
    title: str | None
    user_id: str | None
    project_id: str | None
    status: SessionStatus
    started_at: int
    last_activity_at: int
    ended_at: int | None
    metadata: Mapping[str, Any]


class SavedSession(NamedTuple):
    """What a save came to.

    Attributes:
        session: As it is stored now.
        created: Whether it was not there before.
        changed: Whether anything was written.
    """

    session: Session
    created: bool
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """What an importer has found out about a session; None where it does not know.

    Attributes:
        construct_id: The construct that it works on, which must exist.
        parent_session_id: The session that started it, which need not exist yet.
        agent: Name of the agent.
        title: One line for a person.
        user_id: Whom it works for.
        project_id: What it belongs to.
        started_at: The first instant that is known of it.
        last_activity_at: The last one.
        ended_at: When it came to an end, where that is known.
        metadata: What else is known (JSON).
    """

    construct_id: str | None = None
    parent_session_id: str | None = None
    agent: str | None = None
    title: str | None = None
    user_id: str | None = None
    project_id: str | None = None
    started_at: int | None = None
    last_activity_at: int | None = None
    ended_at: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which sessions are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        statuses: The status is one of these.
        agents: The agent is one of these.
        construct_id: It works on this construct.
        parent_session_id: It is a sub-agent of this session.
        top_level: Whether it is nobody's sub-agent.
        user_id: The user is this one.
        project_id: The project is this one.
        started_from: Started at or after, Unix milliseconds UTC.
        started_before: Started before.
        active_from: Last active at or after.
        active_before: Last active before.
        stale_before: It is ACTIVE, and was last active before this instant.
        fresh_from: It is not ACTIVE, or was last active at or after this instant.
    """

    ids: Sequence[str] | None = None
    statuses: Sequence[SessionStatus] | None = None
    agents: Sequence[str] | None = None
    construct_id: str | None = None
    parent_session_id: str | None = None
    top_level: bool | None = None
    user_id: str | None = None
    project_id: str | None = None
    started_from: int | None = None
    started_before: int | None = None
    active_from: int | None = None
    active_before: int | None = None
    stale_before: int | None = None
    fresh_from: int | None = None

    def of_construct(self, construct_id: str) -> Criteria:
        """These, and of this construct too: nothing meets them if they name another."""
        if self.construct_id not in (None, construct_id):
            return dataclasses.replace(self, ids=())
        return dataclasses.replace(self, construct_id=construct_id)


ALL_SESSIONS = Criteria()
"""Criteria that say nothing."""


FIELDS = {
    "construct_id": "constructId",
    "parent_session_id": "parentSessionId",
    "user_id": "userId",
    "project_id": "projectId",
    "started_at": "startedAt",
    "last_activity_at": "lastActivityAt",
    "ended_at": "endedAt",
}
"""Columns whose name differs from that of the field."""

_IDS = ("construct_id", "parent_session_id", "agent", "user_id", "project_id")


def check_content(content: SessionContent, limits: SessionSettings) -> dict[str, str | int | None]:
    """The columns that a save gives, each acceptable and as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    columns: dict[str, str | int | None] = {}
    given = cast("Mapping[str, Any]", content)
    for name in _IDS:
        if name in given:
            columns[name] = None if given[name] is None else check_id(given[name], FIELDS.get(name, name))
    if "title" in given:
        title = given["title"]
        columns["title"] = (
            None
            if title is None
            else check_text(title, "title", characters_min=1, characters_max=limits.title_characters)
        )
    if "status" in given:
        if given["status"] not in SessionStatus.__members__.values():
            raise bad_input("status", "must be one of " + ", ".join(SessionStatus))
        columns["status"] = str(given["status"])
    for name in ("started_at", "last_activity_at"):
        if name in given:
            if given[name] is None:
                raise bad_input(FIELDS[name], "must not be null")
            columns[name] = given[name]
    if "ended_at" in given:
        columns["ended_at"] = given["ended_at"]
    if "metadata" in given:
        columns["metadata"] = check_metadata(given["metadata"], limits)
    return columns


def check_facts(facts: SessionFacts, limits: SessionSettings) -> dict[str, Any]:
    """The columns of an importer's facts, each acceptable; None where it does not know.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    names = ("construct_id", "parent_session_id", "agent", "title", "user_id", "project_id", "ended_at", "metadata")
    content: dict[str, Any] = {name: getattr(facts, name) for name in names}
    columns = check_content(cast("SessionContent", content), limits)
    return {**columns, "started_at": facts.started_at, "last_activity_at": facts.last_activity_at}


def check_metadata(metadata: object, limits: SessionSettings) -> str:
    """A metadata object as canonical JSON text.

    Raises:
        BadUserInputError: It is no object, too large, too deep, or cannot be kept exactly.
    """
    return check_json_object(metadata, "metadata", bytes_max=limits.metadata_bytes, depth_max=limits.metadata_depth)


def check_instants(session: Session) -> None:
    """Refuse a session whose instants contradict each other or its status.

    Raises:
        BadUserInputError: It names the field.
    """
    if session.last_activity_at < session.started_at:
        raise bad_input("lastActivityAt", "must not be before startedAt")
    if session.status == SessionStatus.ACTIVE and session.ended_at is not None:
        raise bad_input("endedAt", "must be null while the status is ACTIVE")
    if session.ended_at is not None and session.ended_at < session.started_at:
        raise bad_input("endedAt", "must not be before startedAt")
