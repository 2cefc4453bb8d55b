"""The rows of the fold `workflows`; each record is a row of the table that `folds.py` names it for."""

from __future__ import annotations

from typing import NamedTuple


class WorkflowRow(NamedTuple):
    """Where a workflow stands: in the state of the last transition in the order of (occurred_at, position).

    Attributes:
        cost_construct_id: The construct whose costs are the workflow's: the one that it is about, also when that is
            deleted, until it is about another one or leaves it.

    The others are as transitions tell them.
    """

    workflow_id: str
    machine: str | None
    project_id: str | None
    story_id: str | None
    construct_id: str | None
    state: str
    status: str
    since_at: int
    since_position: int
    first_at: int
    transitions: int
    cost_construct_id: str | None


class StepRow(NamedTuple):
    """A transition in its place in time, and the status that it brought."""

    workflow_id: str
    occurred_at: int
    position: int
    state: str
    status: str


class WorkflowStateRow(NamedTuple):
    """How often a workflow came to a state, and for how long it was there, without the time until now."""

    workflow_id: str
    state: str
    entries: int = 0
    closed_ms: int = 0


class WorkflowConstructRow(NamedTuple):
    """A workflow that names a construct."""

    construct_id: str
    workflow_id: str


class StoryRow(NamedTuple):
    """The workflows of a story, summed up; first and last of all that ever belonged to it."""

    story_id: str
    project_id: str | None
    status: str
    workflows: int
    open_workflows: int
    transitions: int
    first_at: int
    last_at: int


class StoryStateRow(NamedTuple):
    """What the workflows of a story have to do with a state: how many are in it, and for how long they were."""

    story_id: str
    state: str
    workflows: int = 0
    open_workflows: int = 0
    open_since_ms: int = 0
    entries: int = 0
    closed_ms: int = 0


class ProjectRow(NamedTuple):
    """The workflows and constructs of a project, summed up; first and last of all that ever belonged to it."""

    project_id: str
    status: str
    workflows: int
    open_workflows: int
    constructs: int
    open_constructs: int
    transitions: int
    first_at: int
    last_at: int


class ProjectStateRow(NamedTuple):
    """As `StoryStateRow`, of a project."""

    project_id: str
    state: str
    workflows: int = 0
    open_workflows: int = 0
    open_since_ms: int = 0
    entries: int = 0
    closed_ms: int = 0


class ProjectStatusRow(NamedTuple):
    """How many constructs of a project have a status."""

    project_id: str
    status: str
    constructs: int = 0


class ProjectConstructRow(NamedTuple):
    """The project and status that a construct counts for."""

    construct_id: str
    project_id: str
    status: str
