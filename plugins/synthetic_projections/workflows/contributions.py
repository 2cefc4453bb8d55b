"""What this theme gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import ErrorCode, Extension, GraphQL, Reference, RetentionRule, Table, Travel
from synthetic_constructs.types import Construct
from synthetic_projections.theme import Theme
from synthetic_projections.workflows import group_types, mutation, query, subscription, types
from synthetic_projections.workflows.checks import CHECKS
from synthetic_projections.workflows.errors import IllegalTransitionError, WorkflowStateConflictError
from synthetic_projections.workflows.events import EVENTS
from synthetic_projections.workflows.folds import WORKFLOWS
from synthetic_projections.workflows.metrics import METRICS

_FOLDED = "Computed from the log; it goes when the log says that what it is about has gone."

# The one that was recorded last stays, however late it was: the next takes its number from it.
_NOT_LAST_RECORDED = (
    "EXISTS (SELECT 1 FROM (SELECT workflow_id AS same_id, number AS later_number FROM workflow_transitions)"
    " WHERE same_id = workflow_id AND later_number > number)"
)

# A workflow loses only its beginning: a late transition is judged by what came before it, which must not be missing.
# So one that stays, since its turn comes later or it was recorded last, keeps all that happened after it.
_NONE_BEFORE_STAYS = (
    "NOT EXISTS (SELECT 1 FROM (SELECT workflow_id AS same_id, occurred_at AS earlier_at, number AS earlier_number,"
    " superseded_at AS earlier_superseded_at FROM workflow_transitions)"
    " WHERE same_id = workflow_id AND (earlier_at, earlier_number) < (occurred_at, number)"
    " AND (earlier_superseded_at > superseded_at OR earlier_number = (SELECT max(last_number)"
    " FROM (SELECT workflow_id AS last_id, number AS last_number FROM workflow_transitions)"
    " WHERE last_id = workflow_id)))"
)

FACTS = (
    Table(
        name="workflow_machines",
        purpose="Which states workflows may have and which may follow which, every version.",
        key=("name", "version"),
        kept="Written by people, a few a year; transitions name the version that allowed them.",
        travel=Travel(entity="workflow_machine", entity_column="name"),
    ),
    Table(
        name="workflow_transitions",
        purpose="That workflows came from one state to another.",
        references=(Reference(column="construct_id", table="constructs", on_delete="clear"),),
        travel=Travel(entity="workflow", entity_column="workflow_id"),
    ),
)

FOLDED = tuple(
    Table(name=name, purpose=purpose, key=key, kept=_FOLDED)
    for name, key, purpose in (
        ("workflows", ("workflow_id",), "Where each workflow stands."),
        (
            "workflow_steps",
            ("workflow_id", "occurred_at", "position"),
            "The transitions of each workflow in the order of time.",
        ),
        ("workflow_states", ("workflow_id", "state"), "For how long each workflow was in which state."),
        ("workflow_constructs", ("construct_id", "workflow_id"), "Which workflows are about which construct."),
        ("stories", ("story_id",), "The workflows of each story, summed up."),
        ("story_states", ("story_id", "state"), "For how long the workflows of each story were in which state."),
        ("projects", ("project_id",), "The workflows and constructs of each project, summed up."),
        ("project_states", ("project_id", "state"), "For how long the workflows of each project were in which state."),
        ("project_statuses", ("project_id", "status"), "How many constructs of each project have which status."),
        ("project_constructs", ("construct_id",), "The project and status that each construct counts for."),
    )
)

THEME = Theme(
    tables=(*FACTS, *FOLDED),
    events=EVENTS,
    errors=(ErrorCode(IllegalTransitionError), ErrorCode(WorkflowStateConflictError)),
    graphql=(
        GraphQL(
            queries=(
                query.workflow,
                query.workflows,
                query.workflow_transitions,
                query.workflow_machine,
                query.workflow_machines,
                query.story,
                query.stories,
                query.project,
                query.projects,
            ),
            mutations=(mutation.record_transition, mutation.save_workflow_machine, mutation.delete_workflow),
            subscriptions=(subscription.workflow_updates,),
            extend=(
                Extension(
                    type=types.Workflow,
                    fields=(types.transitions_of("workflow_id"), group_types.story, group_types.project_field()),
                ),
                Extension(
                    type=group_types.Story,
                    fields=(
                        types.transitions_of("story_id"),
                        types.workflows_of("story_id"),
                        group_types.project_field(),
                    ),
                ),
                Extension(
                    type=group_types.Project,
                    fields=(types.transitions_of("project_id"), types.workflows_of("project_id")),
                ),
                Extension(type=Construct, fields=(types.workflows_of("construct_id"), group_types.project_field())),
            ),
            nodes={
                types.Workflow: types.find_workflow_nodes,
                types.WorkflowTransition: types.find_transition_nodes,
                group_types.Story: group_types.find_story_nodes,
                group_types.Project: group_types.find_project_nodes,
            },
        ),
    ),
    consumers=(WORKFLOWS,),
    retention=(
        RetentionRule(
            name="transitions",
            purpose="Deletes the first transitions of workflows, which others have taken the place of, where that is"
            " asked for.",
            table="workflow_transitions",
            age_column="superseded_at",
            keep_setting="keep_transitions_ms",
            condition=f"superseded_at IS NOT NULL AND {_NOT_LAST_RECORDED} AND {_NONE_BEFORE_STAYS}",
        ),
    ),
    checks=CHECKS,
    metrics=METRICS,
)
