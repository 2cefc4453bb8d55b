"""How the rows of the fold `costs` and the events that they are made from find one another. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from synthetic import Event, EventFilter, FoldState, RowKey, Selector
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_projections.costs.events import COST_RECORDED
from synthetic_projections.costs.folding import (
    PROGRESS,
    item_of,
    items_of,
    keys_in,
    keys_of,
    owner_of,
    owner_of_session,
    quarters_of,
)
from synthetic_projections.costs.model import CostSession, Dimension
from synthetic_sessions.events import SESSION_SAVED
from synthetic_transcripts.events import USAGE_EVENTS

EVERYTHING = EventFilter()
_CONSTRUCTS = frozenset({CONSTRUCT_SAVED.name})
_RECORDED = frozenset({COST_RECORDED.name})
_SPENT = frozenset({COST_RECORDED.name, *(each.name for each in USAGE_EVENTS)})


Places: TypeAlias = Mapping[str, AbstractSet[str | None]]
"""For each session that events name, the constructs that it has worked on; None: on none."""


def _places_of(found: Sequence[Event]) -> Places:
    """Where events say that sessions have been; to be computed once for all of them."""
    places: defaultdict[str, set[str | None]] = defaultdict(set)
    for event in found:
        if event.type == SESSION_SAVED.name:
            places[event.entity_id].add(event.data()["constructId"])
        elif event.type in _SPENT and (session_id := event.data().get("sessionId")):
            places[session_id].add(event.construct_id)
    return places


def _behind_session(session_id: str, _found: Sequence[Event], places: Places) -> Iterator[EventFilter]:
    """What happened to a session, and what it spent: in each construct that it was in, and in none."""
    yield EventFilter(entity_type=SESSION_SAVED.entity, entity_id=session_id)
    named = (("sessionId", session_id),)
    # Of one that is older than the log nothing is found, and lineage says that it is truncated.
    for construct_id in places.get(session_id, ()):
        yield EventFilter(types=_SPENT, construct_id=construct_id, payload=named)


def _behind_construct(construct_id: str, found: Sequence[Event], places: Places) -> Iterator[EventFilter]:
    """What happened to a construct, and to all sessions that were ever in it."""
    yield EventFilter(entity_type=CONSTRUCT_SAVED.entity, entity_id=construct_id)
    yield EventFilter(construct_id=construct_id)
    for session_id, constructs in places.items():
        if construct_id in constructs:
            yield from _behind_session(session_id, found, places)


def _behind_project(project_id: str, found: Sequence[Event], places: Places) -> Iterator[EventFilter]:
    """What was recorded of a project, and what happened to all constructs that were ever in it."""
    yield EventFilter(types=_RECORDED, payload=(("projectId", project_id),))
    yield EventFilter(types=_CONSTRUCTS, payload=(("projectId", project_id),))
    saved = [event for event in found if event.type == CONSTRUCT_SAVED.name]
    for construct_id in sorted({event.entity_id for event in saved if event.data()["projectId"] == project_id}):
        yield from _behind_construct(construct_id, found, places)


def _behind_rollup(key: RowKey, found: Sequence[Event]) -> Iterable[EventFilter]:
    dimension, whose = key[0], key[1]
    behind = {
        Dimension.SESSION.value: _behind_session,
        Dimension.CONSTRUCT.value: _behind_construct,
        Dimension.PROJECT.value: _behind_project,
    }.get(dimension)
    # What is nobody's, and what is everybody's, is made from all there is.
    return (EVERYTHING,) if behind is None or not whose else behind(whose, found, _places_of(found))


def _touched_rollups(state: FoldState, event: Event) -> Iterator[RowKey]:
    """The rows in which what was spent is counted now; of what moves costs, those that they were moved to."""
    if event.type == SESSION_SAVED.name:
        session = state.get(CostSession, event.entity_id)
        if session is not None:
            owner = owner_of_session(state, session)
            for row in quarters_of(state, Dimension.SESSION, event.entity_id):
                yield from keys_of(owner, item_of(row))
    elif event.type == CONSTRUCT_SAVED.name:
        project_id = event.data()["projectId"] or ""
        for row in quarters_of(state, Dimension.CONSTRUCT, event.entity_id):
            yield from keys_in(Dimension.PROJECT, project_id, row.agent, item_of(row))
    else:
        owner = owner_of(state, event)
        for item in items_of(state, event):
            yield from keys_of(owner, item)


def _touched_session(_state: FoldState, event: Event) -> Iterator[RowKey]:
    session_id = event.entity_id if event.type == SESSION_SAVED.name else event.data().get("sessionId")
    if session_id:
        yield (session_id,)


SELECTORS = {
    "cost_rollups": Selector(behind=_behind_rollup, touched=_touched_rollups),
    "cost_sessions": Selector(
        behind=lambda key, found: _behind_session(key[0], found, _places_of(found)), touched=_touched_session
    ),
    "cost_constructs": Selector.of_entity(CONSTRUCT_SAVED.entity),
    "cost_progress": Selector(behind=lambda _key, _found: (EVERYTHING,), touched=lambda _state, _event: ((PROGRESS,),)),
}
