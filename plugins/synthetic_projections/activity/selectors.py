"""How the rows of the fold `activity` and the events that they are made from find one another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from synthetic import Event, EventFilter, FoldState, RowKey, Selector
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_projections.activity.model import SessionActivity, TranscriptActivity
from synthetic_sessions.events import SESSION_SAVED
from synthetic_transcripts.events import MESSAGES_APPENDED, TRANSCRIPT_CREATED

CONSTRUCT = CONSTRUCT_SAVED.entity
SESSION = SESSION_SAVED.entity
TRANSCRIPT = TRANSCRIPT_CREATED.entity


class Whereabouts(NamedTuple):
    """Where events say that a session has been.

    Attributes:
        constructs: That it has worked on; None: on none.
        transcripts: That it has.
    """

    constructs: set[str | None]
    transcripts: set[str]


def sessions_of(found: Sequence[Event]) -> dict[str, Whereabouts]:
    """The sessions that events name, and where each has been."""
    sessions: dict[str, Whereabouts] = {}
    for event in found:
        if event.entity_type == SESSION:
            place = sessions.setdefault(event.entity_id, Whereabouts(set(), set()))
            if event.type == SESSION_SAVED.name:
                place.constructs.add(event.data()["constructId"])
        elif event.type in (TRANSCRIPT_CREATED.name, MESSAGES_APPENDED.name):
            place = sessions.setdefault(event.data()["sessionId"], Whereabouts(set(), set()))
            place.constructs.add(event.construct_id)
            place.transcripts.add(event.entity_id)
    return sessions


def filters_of_session(session_id: str, place: Whereabouts) -> Iterator[EventFilter]:
    """All events of a session and of its transcripts."""
    yield EventFilter(entity_type=SESSION, entity_id=session_id)
    for construct_id in place.constructs:
        # Its transcripts are looked for among the events of its constructs; of one without, among all that were made.
        yield EventFilter(
            types=frozenset({TRANSCRIPT_CREATED.name}), construct_id=construct_id, payload=(("sessionId", session_id),)
        )
    for transcript_id in place.transcripts:
        yield EventFilter(entity_type=TRANSCRIPT, entity_id=transcript_id)


def _behind_session(key: RowKey, found: Sequence[Event]) -> Iterable[EventFilter]:
    session_id: str = key[0]
    return filters_of_session(session_id, sessions_of(found).get(session_id, Whereabouts(set(), set())))


def _behind_construct(key: RowKey, found: Sequence[Event]) -> Iterable[EventFilter]:
    yield EventFilter(entity_type=CONSTRUCT, entity_id=key[0])
    yield EventFilter(construct_id=key[0])
    for session_id, place in sessions_of(found).items():
        yield from filters_of_session(session_id, place)


def _touched_session(state: FoldState, event: Event) -> Iterable[RowKey]:
    session_id = _session_in(state, event)
    return () if session_id is None else ((session_id,),)


def _touched_construct(state: FoldState, event: Event) -> Iterable[RowKey]:
    """Those that it was about when it was written, and the one that its session now works on."""
    constructs = {event.construct_id}
    if event.entity_type == CONSTRUCT:
        constructs.add(event.entity_id)
    if event.type == SESSION_SAVED.name:
        constructs.add(event.data()["previousConstructId"])
    session_id = _session_in(state, event)
    session = None if session_id is None else state.get(SessionActivity, session_id)
    if session is not None:
        constructs.add(session.construct_id)
    return tuple((id,) for id in sorted(each for each in constructs if each is not None))


def _session_in(state: FoldState, event: Event) -> str | None:
    """The session that an event is about, or whose transcript it is about."""
    if event.entity_type == SESSION:
        return event.entity_id
    if event.entity_type != TRANSCRIPT:
        return None
    transcript = state.get(TranscriptActivity, event.entity_id)
    return event.data().get("sessionId") if transcript is None else transcript.session_id


SELECTORS = {
    "construct_activity": Selector(behind=_behind_construct, touched=_touched_construct),
    "session_activity": Selector(behind=_behind_session, touched=_touched_session),
    "transcript_activity": Selector.of_entity(TRANSCRIPT),
}
