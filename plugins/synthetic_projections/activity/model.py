"""The fold `activity`: records, and what each event does to them. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from synthetic import Event, FoldState
from synthetic_constructs.events import CONSTRUCT_DELETED, CONSTRUCT_SAVED, RELATIONSHIP_DELETED, RELATIONSHIP_SAVED
from synthetic_sessions.events import SESSION_DELETED, SESSION_SAVED
from synthetic_transcripts.events import (
    MESSAGES_APPENDED,
    TRANSCRIPT_CREATED,
    TRANSCRIPT_DELETED,
    USAGE_APPENDED,
    usage_in,
)


class ConstructActivity(NamedTuple):
    """A row of `construct_activity`: the sums of its sessions, and the last event that belongs to it."""

    construct_id: str
    sessions: int = 0
    messages: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    last_event_type: str = ""
    last_event_at: int = 0
    last_position: int = 0


class SessionActivity(NamedTuple):
    """A row of `session_activity`: the sums of its transcripts, and the construct that they count for."""

    session_id: str
    construct_id: str | None = None
    messages: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class TranscriptActivity(NamedTuple):
    """A row of `transcript_activity`, and the session that it counts for."""

    transcript_id: str
    session_id: str
    messages: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Counts(NamedTuple):
    """What is counted of messages."""

    messages: int
    tool_calls: int
    input_tokens: int
    output_tokens: int

    def negated(self) -> Counts:
        """What takes it away again."""
        return Counts(*(-count for count in self))


Counted = TypeVar("Counted", ConstructActivity, SessionActivity, TranscriptActivity)


def fold_activity(state: FoldState, event: Event) -> None:
    """Take in one event."""
    match event.type:
        case CONSTRUCT_SAVED.name:
            _touch(state, event, event.entity_id)
        case CONSTRUCT_DELETED.name:
            state.delete(ConstructActivity, event.entity_id)
        case RELATIONSHIP_SAVED.name | RELATIONSHIP_DELETED.name:
            _touch(state, event, event.construct_id)
        case SESSION_SAVED.name:
            _place_session(state, event, event.data()["constructId"])
        case SESSION_DELETED.name:
            _delete_session(state, event)
        case TRANSCRIPT_CREATED.name:
            session = _session_of(state, event)
            state.put(TranscriptActivity(event.entity_id, session.session_id))
            _touch(state, event, session.construct_id)
        case MESSAGES_APPENDED.name | USAGE_APPENDED.name:
            _append(state, event)
        case TRANSCRIPT_DELETED.name:
            _delete_transcript(state, event)
        case _:
            raise ValueError(f"the fold is not made for {event.type}")


def _touch(state: FoldState, event: Event, construct_id: str | None) -> None:
    """Note that it is the last event of a construct; what goes leaves no trace of a construct that is not known."""
    if construct_id is None:
        return
    found = state.get(ConstructActivity, construct_id)
    if found is None and event.type in (SESSION_DELETED.name, TRANSCRIPT_DELETED.name, RELATIONSHIP_DELETED.name):
        return
    activity = found or ConstructActivity(construct_id)
    state.put(
        activity._replace(last_event_type=event.type, last_event_at=event.occurred_at_utc, last_position=event.position)
    )


def _place_session(state: FoldState, event: Event, construct_id: str | None) -> None:
    """A session takes its counts along to the construct that it now works on."""
    session = state.get(SessionActivity, event.entity_id) or SessionActivity(event.entity_id)
    if session.construct_id == construct_id:
        state.put(session)
        _touch(state, event, construct_id)
        return
    _count_session(state, session, -1)
    moved = session._replace(construct_id=construct_id)
    state.put(moved)
    _touch(state, event, construct_id)
    _count_session(state, moved, 1)


def _session_of(state: FoldState, event: Event) -> SessionActivity:
    """The session that an event of a transcript names; one that is older than the log is met here first."""
    session_id = event.data()["sessionId"]
    session = state.get(SessionActivity, session_id)
    if session is None:
        session = SessionActivity(session_id, event.construct_id)
        state.put(session)
        _touch(state, event, event.construct_id)
        _count_session(state, session, 1)
    return session


def _delete_session(state: FoldState, event: Event) -> None:
    session = state.get(SessionActivity, event.entity_id)
    if session is not None:
        _touch(state, event, session.construct_id)
        _count_session(state, session, -1)
        state.delete(SessionActivity, event.entity_id)


def _append(state: FoldState, event: Event) -> None:
    data, session = event.data(), _session_of(state, event)
    transcript = state.get(TranscriptActivity, event.entity_id) or TranscriptActivity(
        event.entity_id, session.session_id
    )
    counts = _counts_of(event, data)
    state.put(_add(transcript, counts))
    state.put(_add(session, counts))
    _touch(state, event, session.construct_id)
    _count(state, session.construct_id, counts)


def _delete_transcript(state: FoldState, event: Event) -> None:
    transcript = state.get(TranscriptActivity, event.entity_id)
    if transcript is None:
        return
    state.delete(TranscriptActivity, event.entity_id)
    session = state.get(SessionActivity, transcript.session_id)
    if session is not None:
        gone = _counts_in(transcript).negated()
        state.put(_add(session, gone))
        _touch(state, event, session.construct_id)
        _count(state, session.construct_id, gone)


def _count_session(state: FoldState, session: SessionActivity, sign: int) -> None:
    """Add a session with all its counts to its construct, or take it away."""
    activity = None if session.construct_id is None else state.get(ConstructActivity, session.construct_id)
    if activity is not None:
        counts = _counts_in(session) if sign > 0 else _counts_in(session).negated()
        state.put(_add(activity._replace(sessions=activity.sessions + sign), counts))


def _count(state: FoldState, construct_id: str | None, counts: Counts) -> None:
    activity = None if construct_id is None else state.get(ConstructActivity, construct_id)
    if activity is not None:
        state.put(_add(activity, counts))


def _counts_of(event: Event, data: dict[str, Any]) -> Counts:
    """What an event of appending adds; that of further usage has no messages."""
    usage = usage_in(event)
    return Counts(
        data.get("messages", 0),
        data.get("toolCalls", 0),
        sum(each.input_tokens for each in usage),
        sum(each.output_tokens for each in usage),
    )


def _counts_in(row: SessionActivity | TranscriptActivity) -> Counts:
    return Counts(row.messages, row.tool_calls, row.input_tokens, row.output_tokens)


def _add(row: Counted, counts: Counts) -> Counted:
    return row._replace(
        messages=row.messages + counts.messages,
        tool_calls=row.tool_calls + counts.tool_calls,
        input_tokens=row.input_tokens + counts.input_tokens,
        output_tokens=row.output_tokens + counts.output_tokens,
    )
