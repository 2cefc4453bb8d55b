"""How the rows of the fold `costs` and the events that they are made from find one another. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from synthetic import Event, EventFilter, FoldState, RowKey, Selector
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_projections.costs.events import COST_RECORDED
from synthetic_projections.costs.folding import (
    PROGRESS,
    Item,
    items_of,
    keys_in,
    keys_of,
    moving_items,
    owner_of,
    owner_of_session,
    session_of,
)
from synthetic_projections.costs.model import CostConstruct, CostSession, CostSettled, Dimension
from synthetic_sessions.events import SESSION_SAVED
from synthetic_transcripts.events import USAGE_EVENTS

EVERYTHING = EventFilter()
_CONSTRUCTS = frozenset({CONSTRUCT_SAVED.name})
_RECORDED = frozenset({COST_RECORDED.name})
_SPENT = frozenset({COST_RECORDED.name, *(each.name for each in USAGE_EVENTS)})
_DIMENSIONS = frozenset(each.value for each in Dimension)


class Places(NamedTuple):
    """Where events say that sessions have been; to be computed once for all of them.

    Attributes:
        constructs: Of each session, those that it has worked on; None: on none.
        sessions: Of each construct, those that have worked on it.
    """

    constructs: Mapping[str, AbstractSet[str | None]]
    sessions: Mapping[str, AbstractSet[str]]


def _places_of(found: Sequence[Event]) -> Places:
    constructs: defaultdict[str, set[str | None]] = defaultdict(set)
    for event in found:
        if event.type == SESSION_SAVED.name:
            constructs[event.entity_id].add(event.data()["constructId"])
        elif event.type in _SPENT and (session_id := event.data().get("sessionId")):
            constructs[session_id].add(event.construct_id)
    sessions: defaultdict[str, set[str]] = defaultdict(set)
    for session_id, places in constructs.items():
        for construct_id in places:
            if construct_id is not None:
                sessions[construct_id].add(session_id)
    return Places(constructs, sessions)


def _behind_session(session_id: str, _found: Sequence[Event], places: Places) -> Iterator[EventFilter]:
    """What happened to a session, and what it spent: in each construct that it was in, and in none."""
    yield EventFilter(entity_type=SESSION_SAVED.entity, entity_id=session_id)
    named = (("sessionId", session_id),)
    # Of one that is older than the log nothing is found, and lineage says that it is truncated.
    for construct_id in places.constructs.get(session_id, ()):
        yield EventFilter(types=_SPENT, construct_id=construct_id, payload=named)


def _behind_constructs(construct_ids: Collection[str], found: Sequence[Event], places: Places) -> Iterator[EventFilter]:
    """What happened to constructs, and to all sessions that were ever in one of them, each once."""
    for construct_id in construct_ids:
        yield EventFilter(entity_type=CONSTRUCT_SAVED.entity, entity_id=construct_id)
        yield EventFilter(construct_id=construct_id)
    for session_id in sorted({each for id in construct_ids for each in places.sessions.get(id, ())}):
        yield from _behind_session(session_id, found, places)


def _behind_construct(construct_id: str, found: Sequence[Event], places: Places) -> Iterator[EventFilter]:
    return _behind_constructs((construct_id,), found, places)


def _behind_project(project_id: str, found: Sequence[Event], places: Places) -> Iterator[EventFilter]:
    """What was recorded of a project, and what happened to all constructs that were ever in it."""
    yield EventFilter(types=_RECORDED, payload=(("projectId", project_id),))
    yield EventFilter(types=_CONSTRUCTS, payload=(("projectId", project_id),))
    saved = [event for event in found if event.type == CONSTRUCT_SAVED.name]
    constructs = sorted({event.entity_id for event in saved if event.data()["projectId"] == project_id})
    yield from _behind_constructs(constructs, found, places)


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
        if session is not None and event.position >= session.since_position:
            owner, told = owner_of_session(state, session), _placed_in(state, session.construct_id, session, event)
            for _, item in moving_items(state, Dimension.SESSION, event.entity_id):
                yield from (key for key in keys_of(owner, item) if key[0] in told)
    elif event.type == CONSTRUCT_SAVED.name:
        project_id = event.data()["projectId"] or ""
        if event.position >= _beginning_of(state, event.entity_id):
            for agent, item in moving_items(state, Dimension.CONSTRUCT, event.entity_id):
                yield from keys_in(Dimension.PROJECT, project_id, agent, item)
    else:
        yield from _touched_by_spending(state, event)


def _touched_by_spending(state: FoldState, event: Event) -> Iterator[RowKey]:
    session_id = event.data().get("sessionId")
    session = None if session_id is None else session_of(state, session_id, event)
    items = items_of(state, event)
    if session is not None and event.position < session.since_position:
        for item in items:
            yield from keys_in(Dimension.ALL, "", "", item)
        for settled in _settled(state, Dimension.SESSION, session.session_id, items):
            item = Item(settled.starts_at, settled.model, settled.currency, settled.source, settled.sums)
            yield from keys_in(Dimension.AGENT, settled.agent, settled.agent, item)
            yield from keys_in(Dimension.SESSION, settled.key, settled.agent, item)
        return
    owner = owner_of(state, event)
    told = _placed_in(state, owner.construct_id, session, event)
    for item in items:
        yield from (key for key in keys_of(owner, item) if key[0] in told)


def _placed_in(state: FoldState, construct_id: str, session: CostSession | None, event: Event) -> AbstractSet[str]:
    """In which dimensions it can be told where something is counted now.

    What was spent in a construct that is gone is counted for the project that
    it had last, which nothing tells where another construct has its id.
    """
    placed = event.position if session is None else session.placed_position
    is_gone = placed < _beginning_of(state, construct_id)
    return _DIMENSIONS - {Dimension.PROJECT.value} if is_gone else _DIMENSIONS


def _beginning_of(state: FoldState, construct_id: str) -> int:
    construct = state.get(CostConstruct, construct_id)
    return 0 if construct is None else construct.since_position


def _settled(state: FoldState, dimension: Dimension, key: str, items: Sequence[Item]) -> Iterator[CostSettled]:
    """What was settled of the times and things of some items."""
    wanted = {item[:4] for item in items}
    for row in state.rows(CostSettled, dimension.value, key):
        if (row.starts_at, row.model, row.currency, row.source) in wanted:
            yield row


def _touched_settled(state: FoldState, event: Event) -> Iterator[RowKey]:
    """What was settled of what an event has spent: under its session's id, and under its construct's."""
    if event.type not in _SPENT:
        return
    session_id = event.data().get("sessionId")
    session = None if session_id is None else session_of(state, session_id, event)
    is_former = session is not None and event.position < session.since_position
    items = items_of(state, event)
    if session is not None and is_former:
        yield from (row[:7] for row in _settled(state, Dimension.SESSION, session.session_id, items))
    constructs = {event.construct_id or "", "" if session is None or is_former else session.construct_id}
    for construct_id in sorted(constructs - {""}):
        if event.position < _beginning_of(state, construct_id):
            yield from (row[:7] for row in _settled(state, Dimension.CONSTRUCT, construct_id, items))


def _touched_session(_state: FoldState, event: Event) -> Iterator[RowKey]:
    session_id = event.entity_id if event.type == SESSION_SAVED.name else event.data().get("sessionId")
    if session_id:
        yield (session_id,)


SELECTORS = {
    "cost_rollups": Selector(behind=_behind_rollup, touched=_touched_rollups),
    "cost_settled": Selector(behind=_behind_rollup, touched=_touched_settled),
    "cost_sessions": Selector(
        behind=lambda key, found: _behind_session(key[0], found, _places_of(found)), touched=_touched_session
    ),
    "cost_constructs": Selector.of_entity(CONSTRUCT_SAVED.entity),
    "cost_progress": Selector(behind=lambda _key, _found: (EVERYTHING,), touched=lambda _state, _event: ((PROGRESS,),)),
}
