"""Root query fields of workflows, stories and projects."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Order, Snapshot, find_row, page, query
from synthetic_projections.workflows import store
from synthetic_projections.workflows.enums import TransitionOrder, WorkOrder
from synthetic_projections.workflows.group_types import GroupFilter, Project, Story, project_order, story_order
from synthetic_projections.workflows.model import TransitionCriteria, WorkCriteria
from synthetic_projections.workflows.types import (
    READS,
    Filter,
    OrderBy,
    TransitionFilter,
    TransitionOrderBy,
    Workflow,
    WorkflowMachine,
    WorkflowTransition,
    transition_order,
    workflow_order,
)

MACHINES_BY_NAME = Order(("name",), (str,))

Id = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]


@query(reads=READS)
def workflow(snapshot: Snapshot, asked: Asked, id: Id) -> Workflow | None:
    """The workflow with this id, or null."""
    return find_row(snapshot, Workflow, "workflows", id, asked, key="workflow_id")


@query(reads=READS)
def workflows(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = WorkOrder.LAST_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Workflow]:
    """Workflows, those in which something happened last first unless asked otherwise."""
    criteria = WorkCriteria() if filter is None else filter.criteria()
    return page(
        snapshot,
        Workflow,
        store.select_workflows(criteria),
        order=workflow_order(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@query
def workflow_transitions(
    snapshot: Snapshot,
    asked: Asked,
    filter: TransitionFilter = None,
    order_by: TransitionOrderBy = TransitionOrder.OCCURRED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[WorkflowTransition]:
    """Transitions of all workflows, what happened last first unless asked otherwise."""
    criteria = TransitionCriteria() if filter is None else filter.criteria()
    store.mention_scan(snapshot, criteria)
    return page(
        snapshot,
        WorkflowTransition,
        store.select_transitions(criteria),
        order=transition_order(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@query
def workflow_machine(
    snapshot: Snapshot,
    name: Annotated[str, strawberry.argument(description="Its name.")],
    version: Annotated[
        int | None, strawberry.argument(description="Which version; the one that holds now without it.")
    ] = None,
) -> WorkflowMachine | None:
    """The machine with this name, or null."""
    found = store.find_machine(snapshot, name, version)
    return None if found is None else WorkflowMachine.of(found)


@query
def workflow_machines(
    snapshot: Snapshot,
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[WorkflowMachine]:
    """The machines, each in the version that holds now, by name."""
    return page(
        snapshot,
        WorkflowMachine,
        store.select_machines(),
        order=MACHINES_BY_NAME,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@query(reads=READS)
def story(snapshot: Snapshot, asked: Asked, id: Id) -> Story | None:
    """The story with this id, or null."""
    return find_row(snapshot, Story, "stories", id, asked, key="story_id")


@query(reads=READS)
def stories(
    snapshot: Snapshot,
    asked: Asked,
    project_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only those of this project; all without it.")
    ] = None,
    filter: GroupFilter = None,
    order_by: OrderBy = WorkOrder.LAST_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Story]:
    """Stories, those in which something happened last first unless asked otherwise."""
    criteria = WorkCriteria(project_id=project_id) if filter is None else filter.criteria(project_id)
    return page(
        snapshot,
        Story,
        store.select_stories(criteria),
        order=story_order(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@query(reads=READS)
def project(snapshot: Snapshot, asked: Asked, id: Id) -> Project | None:
    """The project with this id, or null."""
    return find_row(snapshot, Project, "projects", id, asked, key="project_id")


@query(reads=READS)
def projects(
    snapshot: Snapshot,
    asked: Asked,
    filter: GroupFilter = None,
    order_by: OrderBy = WorkOrder.LAST_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Project]:
    """Projects, those in which something happened last first unless asked otherwise."""
    criteria = WorkCriteria() if filter is None else filter.criteria()
    return page(
        snapshot,
        Project,
        store.select_projects(criteria),
        order=project_order(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
