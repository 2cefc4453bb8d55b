"""The fold `workflows`: what each event does to workflows, and through these to stories and projects. Pure.

A workflow stands where its last transition in the order of (occurred_at,
position) has brought it, and each transition lasts until the next in that
order. So one that comes late splits the time of the one before it, and changes
nothing else. What a workflow adds to its story and project moves with it.
"""

from __future__ import annotations

from typing import Any

from synthetic import Event, FoldState
from synthetic_constructs.events import CONSTRUCT_DELETED, CONSTRUCT_SAVED
from synthetic_projections.workflows.events import WORKFLOW_DELETED, WORKFLOW_TRANSITIONED
from synthetic_projections.workflows.groups import (
    add_time,
    drop_construct,
    join_groups,
    leave_groups,
    move_groups,
    place_construct,
    stand,
)
from synthetic_projections.workflows.read_model import (
    StepRow,
    WorkflowConstructRow,
    WorkflowRow,
    WorkflowStateRow,
)


def fold_workflows(state: FoldState, event: Event) -> None:
    """Take in one event."""
    match event.type:
        case WORKFLOW_TRANSITIONED.name:
            _take_transition(state, event)
        case WORKFLOW_DELETED.name:
            _delete_workflow(state, event.entity_id)
        case CONSTRUCT_SAVED.name:
            data = event.data()
            place_construct(state, event.entity_id, data["projectId"], data["status"], event.occurred_at_utc)
        case CONSTRUCT_DELETED.name:
            _delete_construct(state, event.entity_id)
        case _:
            raise ValueError(f"the fold is not made for {event.type}")


def _take_transition(state: FoldState, event: Event) -> None:
    data = event.data()
    step = StepRow(event.entity_id, event.occurred_at_utc, event.position, data["to"], data["status"])
    found = state.get(WorkflowRow, event.entity_id)
    if found is None:
        _begin(state, event, step, data)
    elif step.occurred_at >= found.since_at:
        _go_on(state, event, step, data, found)
    else:
        _take_late(state, step, found)
    state.put(step)


def _begin(state: FoldState, event: Event, step: StepRow, data: dict[str, Any]) -> None:
    """The first that is known of a workflow."""
    workflow = WorkflowRow(
        workflow_id=step.workflow_id,
        machine=data["machine"],
        project_id=data["projectId"],
        story_id=data["storyId"],
        construct_id=None,
        state=step.state,
        status=step.status,
        since_at=step.occurred_at,
        since_position=step.position,
        first_at=step.occurred_at,
        transitions=1,
        cost_construct_id=event.construct_id,
    )
    state.put(WorkflowStateRow(step.workflow_id, step.state, entries=1))
    state.put(_name_construct(state, workflow, event.construct_id))
    join_groups(state, workflow)


def _go_on(state: FoldState, event: Event, step: StepRow, data: dict[str, Any], found: WorkflowRow) -> None:
    """What happened after all that is known: the workflow moves, and belongs to what the event says."""
    workflow = found._replace(project_id=data["projectId"], story_id=data["storyId"])
    move_groups(state, found, workflow)
    stand(state, workflow, -1)
    add_time(state, workflow, workflow.state, step.occurred_at - workflow.since_at)
    workflow = workflow._replace(
        machine=data["machine"],
        state=step.state,
        status=step.status,
        since_at=step.occurred_at,
        since_position=step.position,
        transitions=workflow.transitions + 1,
    )
    # One that names no construct, and left none, is of a workflow whose construct was deleted: what it cost stays.
    if event.construct_id is not None or data.get("previousConstructId") is not None:
        workflow = workflow._replace(cost_construct_id=event.construct_id)
    add_time(state, workflow, step.state, 0, entries=1)
    state.put(_name_construct(state, workflow, event.construct_id))
    stand(state, workflow, 1, transitions=1)


def _take_late(state: FoldState, step: StepRow, found: WorkflowRow) -> None:
    """What others have happened after: it takes its time from the one before it, and the workflow stays."""
    before, behind = state.around(StepRow, *step[:3])
    # It is late, so there is one behind it.
    lasted = (found.since_at if behind is None else behind.occurred_at) - step.occurred_at
    if before is not None:
        add_time(state, found, before.state, -lasted)
    add_time(state, found, step.state, lasted, entries=1)
    stand(state, found, -1)
    workflow = found._replace(first_at=min(found.first_at, step.occurred_at), transitions=found.transitions + 1)
    state.put(workflow)
    stand(state, workflow, 1, transitions=1)


def _delete_workflow(state: FoldState, workflow_id: str) -> None:
    workflow = state.get(WorkflowRow, workflow_id)
    if workflow is None:
        return
    leave_groups(state, workflow)
    for step in state.rows(StepRow, workflow_id):
        state.delete(StepRow, *step[:3])
    for row in state.rows(WorkflowStateRow, workflow_id):
        state.delete(WorkflowStateRow, *row[:2])
    _name_construct(state, workflow, None)
    state.delete(WorkflowRow, workflow_id)


def _delete_construct(state: FoldState, construct_id: str) -> None:
    """Workflows outlive the construct that they are about, and keep what it has cost."""
    for row in state.rows(WorkflowConstructRow, construct_id):
        workflow = state.get(WorkflowRow, row.workflow_id)
        if workflow is not None:
            state.put(_name_construct(state, workflow, None))
    drop_construct(state, construct_id)


def _name_construct(state: FoldState, workflow: WorkflowRow, construct_id: str | None) -> WorkflowRow:
    """The workflow about another construct, or about none."""
    if workflow.construct_id != construct_id:
        if workflow.construct_id is not None:
            state.delete(WorkflowConstructRow, workflow.construct_id, workflow.workflow_id)
        if construct_id is not None:
            state.put(WorkflowConstructRow(construct_id, workflow.workflow_id))
    return workflow._replace(construct_id=construct_id)
