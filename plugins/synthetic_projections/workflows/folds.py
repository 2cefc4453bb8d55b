"""What follows the log."""

from __future__ import annotations

from synthetic import Fold
from synthetic_constructs.events import CONSTRUCT_DELETED, CONSTRUCT_SAVED
from synthetic_projections.workflows import read_model
from synthetic_projections.workflows.events import WORKFLOW_DELETED, WORKFLOW_TRANSITIONED
from synthetic_projections.workflows.folding import fold_workflows
from synthetic_projections.workflows.selectors import SELECTORS

WORKFLOWS = Fold(
    name="workflows",
    purpose="Where workflows, stories and projects stand, and for how long they were in which state.",
    tables={
        "workflows": read_model.WorkflowRow,
        "workflow_steps": read_model.StepRow,
        "workflow_states": read_model.WorkflowStateRow,
        "workflow_constructs": read_model.WorkflowConstructRow,
        "stories": read_model.StoryRow,
        "story_states": read_model.StoryStateRow,
        "projects": read_model.ProjectRow,
        "project_states": read_model.ProjectStateRow,
        "project_statuses": read_model.ProjectStatusRow,
        "project_constructs": read_model.ProjectConstructRow,
    },
    types=(WORKFLOW_TRANSITIONED, WORKFLOW_DELETED, CONSTRUCT_SAVED, CONSTRUCT_DELETED),
    version=2,
    apply=fold_workflows,
    selectors=SELECTORS,
)
