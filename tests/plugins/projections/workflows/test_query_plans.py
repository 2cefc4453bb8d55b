"""Which index a filter is answered from: one, in its order, and nothing is sorted."""

from __future__ import annotations

import pytest

from synthetic import Order, Selection, Store, Window
from synthetic_projections.documents.model import Criteria
from synthetic_projections.documents.store import select_documents
from synthetic_projections.workflows.enums import TransitionOrder, WorkOrder
from synthetic_projections.workflows.group_types import project_order, story_order
from synthetic_projections.workflows.model import TransitionCriteria, WorkCriteria, WorkStatus
from synthetic_projections.workflows.store import (
    select_projects,
    select_stories,
    select_transitions,
    select_workflows,
)
from synthetic_projections.workflows.types import transition_order, workflow_order

OPEN, ENDED = WorkStatus.OPEN, WorkStatus.ENDED
TRANSITIONS, WORKFLOWS = transition_order(TransitionOrder.OCCURRED_AT_DESC), workflow_order(WorkOrder.LAST_AT_ASC)
STORIES, PROJECTS = story_order(WorkOrder.LAST_AT_DESC), project_order(WorkOrder.LAST_AT_DESC)
DOCUMENTS = Order(("updated_at", "id"), (int, str), descending=True)
PAGE = {"page_rows": 3}


@pytest.mark.parametrize(
    ("selection", "order", "index"),
    [
        (select_transitions(TransitionCriteria()), TRANSITIONS, "occurred_at"),
        (select_transitions(TransitionCriteria(actor="a", to_states=["x", "y"])), TRANSITIONS, "occurred_at"),
        (select_transitions(TransitionCriteria(workflow_id="w", project_id="p")), TRANSITIONS, "workflow_id"),
        (select_transitions(TransitionCriteria(project_id="p", to_states=["x"])), TRANSITIONS, "project_id"),
        (select_transitions(TransitionCriteria(story_id="s", project_id="p")), TRANSITIONS, "story_id"),
        (select_transitions(TransitionCriteria(construct_id="c", occurred_from=1)), TRANSITIONS, "construct_id"),
        (select_workflows(WorkCriteria(active_from=1)), WORKFLOWS, "since_at"),
        (select_workflows(WorkCriteria(statuses=[OPEN])), WORKFLOWS, "status"),
        (select_workflows(WorkCriteria(statuses=[OPEN, ENDED], machine="m")), WORKFLOWS, "status"),
        (select_workflows(WorkCriteria(machine="m")), WORKFLOWS, "machine"),
        (select_workflows(WorkCriteria(states=["x", "y"], statuses=[OPEN])), WORKFLOWS, "state"),
        (select_workflows(WorkCriteria(project_id="p", states=["x", "y"])), WORKFLOWS, "project_id"),
        (select_workflows(WorkCriteria(story_id="s")), WORKFLOWS, "story_id"),
        (select_workflows(WorkCriteria(construct_id="c")), WORKFLOWS, "construct_id"),
        (select_stories(WorkCriteria()), STORIES, "last_at"),
        (select_stories(WorkCriteria(project_id="p", statuses=[OPEN])), STORIES, "project_id"),
        (select_stories(WorkCriteria(statuses=[OPEN])), STORIES, "status"),
        (select_projects(WorkCriteria()), PROJECTS, "last_at"),
        (select_projects(WorkCriteria(statuses=[OPEN, ENDED])), PROJECTS, "status"),
    ],
)
def test_a_page_is_walked_in_one_index(store: Store, selection: Selection, order: Order, index: str) -> None:
    check(store, selection, order, index)


@pytest.mark.parametrize(
    ("criteria", "index"),
    [
        (Criteria(), "updated_at"),
        (Criteria(kinds=["PLAN"]), "kind"),
        (Criteria(kinds=["PLAN", "NOTE"], statuses=["draft"]), "kind"),
        (Criteria(statuses=["draft", "agreed"]), "status"),
        (Criteria(project_id="p", kinds=["PLAN", "NOTE"]), "project_id"),
        (Criteria(story_id="s", project_id="p"), "story_id"),
        (Criteria(construct_id="c", kinds=["PLAN"]), "construct_id"),
    ],
)
def test_a_page_of_documents_is_walked_in_one_index(store: Store, criteria: Criteria, index: str) -> None:
    check(store, store.read(select_documents, criteria), DOCUMENTS, index)


def check(store: Store, selection: Selection, order: Order, index: str) -> None:
    window = Window(size=2, backward=False, after=None, before=None)
    sql = selection.page_sql(", ".join(order.columns), order, window)
    rows = store.read(lambda tx: tx.rows(f"EXPLAIN QUERY PLAN {sql}", {**selection.params, **PAGE}))
    plan = [row[-1] for row in rows if row[-1].startswith(("SCAN", "SEARCH", "USE"))]
    table = selection.source
    assert plan, rows
    assert all(f" {table} " in f"{line} " and f"{table}_by_{index} " in f"{line} " for line in plan), plan
