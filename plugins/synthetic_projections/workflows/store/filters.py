"""What a filter on transitions, machines, workflows, stories or projects is in SQL (see `selecting.py`)."""

from __future__ import annotations

from synthetic import Selection, Snapshot
from synthetic_projections.selecting import Condition, Span, select_rows
from synthetic_projections.workflows.model import TransitionCriteria, WorkCriteria

_OF_TRANSITIONS = (
    Condition("id", "ids", "ids"),
    Condition("workflow_id", "workflow_id", "workflowId"),
    Condition("construct_id", "construct_id", "constructId"),
    Condition("story_id", "story_id", "storyId"),
    Condition("project_id", "project_id", "projectId"),
    Condition("to_state", "to_states", "to"),
    Condition("actor", "actor", "actor"),
)
_OF_WORKFLOWS = (
    Condition("workflow_id", "ids", "ids"),
    Condition("construct_id", "construct_id", "constructId"),
    Condition("story_id", "story_id", "storyId"),
    Condition("project_id", "project_id", "projectId"),
    Condition("state", "states", "state"),
    Condition("status", "statuses", "status"),
    Condition("machine", "machine", "machine"),
)
_OF_STORIES = (
    Condition("story_id", "ids", "ids"),
    Condition("project_id", "project_id", "projectId"),
    Condition("status", "statuses", "status"),
)
_OF_PROJECTS = (Condition("project_id", "ids", "ids"), Condition("status", "statuses", "status"))

NOT_INDEXED = frozenset({"to_state", "actor"})

UNINDEXED_FILTER = "UNINDEXED_FILTER"
"""Code of the notice that a filter reads rows only to leave them out."""


def mention_scan(snapshot: Snapshot, criteria: TransitionCriteria) -> None:
    """Let the answer say so where nothing that an index serves leads to the transitions of all workflows."""
    given = [each for each in _OF_TRANSITIONS if getattr(criteria, each.attribute) is not None]
    if given and all(each.column in NOT_INDEXED for each in given):
        names = " and ".join(f"`{each.field}`" for each in given)
        snapshot.notice(
            UNINDEXED_FILTER,
            f"No index serves {names}: transitions are read in the order of time, and those that do not fit left out."
            " Name a workflow, project, story or construct too, or a span of time.",
        )


def select_transitions(criteria: TransitionCriteria, *, each: str | None = None) -> Selection:
    """The transitions that meet the criteria.

    Args:
        criteria: What is asked for.
        each: A column that names their parent, for `pages`.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    span = Span("occurred_at", criteria.occurred_from, criteria.occurred_before)
    return select_rows("workflow_transitions", _OF_TRANSITIONS, criteria, span, each=each, not_indexed=NOT_INDEXED)


def select_workflows(criteria: WorkCriteria, *, each: str | None = None) -> Selection:
    """The workflows that meet the criteria; arguments and errors as for `select_transitions`."""
    span = Span("since_at", criteria.active_from, criteria.active_before)
    return select_rows("workflows", _OF_WORKFLOWS, criteria, span, each=each, key="workflow_id")


def select_stories(criteria: WorkCriteria, *, each: str | None = None) -> Selection:
    """The stories that meet the criteria; arguments and errors as for `select_transitions`."""
    span = Span("last_at", criteria.active_from, criteria.active_before)
    return select_rows("stories", _OF_STORIES, criteria, span, each=each, key="story_id")


def select_projects(criteria: WorkCriteria) -> Selection:
    """The projects that meet the criteria; arguments and errors as for `select_transitions`."""
    span = Span("last_at", criteria.active_from, criteria.active_before)
    return select_rows("projects", _OF_PROJECTS, criteria, span, key="project_id")


def select_machines() -> Selection:
    """The machines, each in the version that holds now."""
    return Selection("workflow_machines", ["superseded_at IS NULL"], {}, keys=("name", "version"))
