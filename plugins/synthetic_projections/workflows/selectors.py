"""How the rows of the fold `workflows` and the events that they are made from find one another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from synthetic import Event, EventFilter, FoldState, RowKey, Selector
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_projections.workflows.events import WORKFLOW_TRANSITIONED
from synthetic_projections.workflows.read_model import ProjectConstructRow, WorkflowRow

WORKFLOW, CONSTRUCT = WORKFLOW_TRANSITIONED.entity, CONSTRUCT_SAVED.entity
TRANSITIONED = frozenset({WORKFLOW_TRANSITIONED.name})
PLACED = TRANSITIONED | {CONSTRUCT_SAVED.name}
"""What says that something belongs to a project."""


def _behind_workflow(key: RowKey, found: Sequence[Event]) -> Iterable[EventFilter]:
    """All events of the workflow, and the deletion of the constructs that these name."""
    yield EventFilter(entity_type=WORKFLOW, entity_id=key[0])
    for construct_id in sorted({event.construct_id for event in found if event.construct_id is not None}):
        yield EventFilter(entity_type=CONSTRUCT, entity_id=construct_id)


def _behind_link(key: RowKey, _found: Sequence[Event]) -> Iterable[EventFilter]:
    construct_id, workflow_id = key
    yield EventFilter(entity_type=WORKFLOW, entity_id=workflow_id)
    yield EventFilter(entity_type=CONSTRUCT, entity_id=construct_id)


def _behind_story(key: RowKey, found: Sequence[Event]) -> Iterable[EventFilter]:
    """All events of the workflows that ever belonged to the story."""
    yield EventFilter(types=TRANSITIONED, payload=(("storyId", key[0]),))
    yield from _whole(found)


def _behind_project(key: RowKey, found: Sequence[Event]) -> Iterable[EventFilter]:
    """All events of the workflows and constructs that ever belonged to the project."""
    yield EventFilter(types=PLACED, payload=(("projectId", key[0]),))
    yield from _whole(found)


def _whole(found: Sequence[Event]) -> Iterator[EventFilter]:
    """All that happened to what events are about."""
    for entity_type, entity_id in sorted({(event.entity_type, event.entity_id) for event in found}):
        yield EventFilter(entity_type=entity_type, entity_id=entity_id)


def _touched_workflow(_state: FoldState, event: Event) -> Iterable[RowKey]:
    return ((event.entity_id,),) if event.entity_type == WORKFLOW else ()


def _touched_step(_state: FoldState, event: Event) -> Iterable[RowKey]:
    is_step = event.type == WORKFLOW_TRANSITIONED.name
    return ((event.entity_id, event.occurred_at_utc, event.position),) if is_step else ()


def _touched_link(_state: FoldState, event: Event) -> Iterable[RowKey]:
    is_named = event.entity_type == WORKFLOW and event.construct_id is not None
    return ((event.construct_id, event.entity_id),) if is_named else ()


def _touched_workflow_state(_state: FoldState, event: Event) -> Iterable[RowKey]:
    return ((event.entity_id, name) for name in _states_in(event))


def _touched_project_status(state: FoldState, event: Event) -> Iterable[RowKey]:
    if event.type != CONSTRUCT_SAVED.name:
        return ()
    data = event.data()
    return ((project_id, data["status"]) for project_id in _projects_in(state, event))


def _stories_in(state: FoldState, event: Event) -> list[str]:
    """The story that an event names, and the one that its workflow belongs to now."""
    workflow = state.get(WorkflowRow, event.entity_id) if event.entity_type == WORKFLOW else None
    named = event.data()["storyId"] if event.type == WORKFLOW_TRANSITIONED.name else None
    return _distinct(named, workflow and workflow.story_id)


def _projects_in(state: FoldState, event: Event) -> list[str]:
    """The project that an event names, and the one that its workflow or construct belongs to now."""
    named = event.data()["projectId"] if event.type in PLACED else None
    if event.entity_type == WORKFLOW:
        workflow = state.get(WorkflowRow, event.entity_id)
        return _distinct(named, workflow and workflow.project_id)
    construct = state.get(ProjectConstructRow, event.entity_id)
    return _distinct(named, construct and construct.project_id)


def _states_in(event: Event) -> list[str]:
    """The state that a transition leads to, and the one whose time it ends."""
    if event.type != WORKFLOW_TRANSITIONED.name:
        return []
    data = event.data()
    return _distinct(data["from"], data["to"])


def _distinct(*values: str | None) -> list[str]:
    return sorted({value for value in values if value is not None})


def _groups(find: Callable[[FoldState, Event], list[str]]) -> Callable[[FoldState, Event], Iterable[RowKey]]:
    return lambda state, event: ((id,) for id in find(state, event))


def _group_states(find: Callable[[FoldState, Event], list[str]]) -> Callable[[FoldState, Event], Iterable[RowKey]]:
    return lambda state, event: ((id, name) for name in _states_in(event) for id in find(state, event))


SELECTORS = {
    "workflows": Selector(behind=_behind_workflow, touched=_touched_workflow),
    "workflow_steps": Selector(behind=_behind_workflow, touched=_touched_step),
    "workflow_states": Selector(behind=_behind_workflow, touched=_touched_workflow_state),
    "workflow_constructs": Selector(behind=_behind_link, touched=_touched_link),
    "stories": Selector(behind=_behind_story, touched=_groups(_stories_in)),
    "story_states": Selector(behind=_behind_story, touched=_group_states(_stories_in)),
    "projects": Selector(behind=_behind_project, touched=_groups(_projects_in)),
    "project_states": Selector(behind=_behind_project, touched=_group_states(_projects_in)),
    "project_statuses": Selector(behind=_behind_project, touched=_touched_project_status),
    "project_constructs": Selector.of_entity(CONSTRUCT),
}
