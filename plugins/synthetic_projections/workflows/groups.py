"""What workflows and constructs add up to: the stories and projects that they belong to. Pure.

Counts move with what is counted. The instants of a group do not: its first and
last are of all that ever belonged to it, so that they need no search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from synthetic import FoldState
from synthetic_projections.workflows.model import WorkStatus
from synthetic_projections.workflows.read_model import (
    ProjectConstructRow,
    ProjectRow,
    ProjectStateRow,
    ProjectStatusRow,
    StoryRow,
    StoryStateRow,
    WorkflowRow,
    WorkflowStateRow,
)

ENDED_CONSTRUCTS = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
"""Statuses of constructs with which nothing goes on."""


@dataclass(frozen=True, slots=True)
class Counts:
    """By how much the counts of a group change."""

    workflows: int = 0
    open_workflows: int = 0
    transitions: int = 0
    constructs: int = 0
    open_constructs: int = 0


@dataclass(frozen=True, slots=True)
class GroupKind:
    """What a workflow can belong to.

    Attributes:
        states: The record of a group's states.
        id_of: The group of a workflow; None: it has none.
        count: Changes the counts of the group of a workflow.
    """

    states: type[StoryStateRow | ProjectStateRow]
    id_of: Callable[[WorkflowRow], str | None]
    count: Callable[[FoldState, WorkflowRow, Counts], None]


def join_groups(state: FoldState, workflow: WorkflowRow, kinds: Sequence[GroupKind] | None = None) -> None:
    """Add all that a workflow is and was to its groups: to all kinds of them, or to some."""
    for kind in KINDS if kinds is None else kinds:
        _count_times(state, kind, workflow, 1)
        _stand_in(state, kind, workflow, 1, workflows=1, transitions=workflow.transitions)


def leave_groups(state: FoldState, workflow: WorkflowRow, kinds: Sequence[GroupKind] | None = None) -> None:
    """Take all that a workflow is and was away from its groups: from all kinds of them, or from some."""
    for kind in KINDS if kinds is None else kinds:
        _count_times(state, kind, workflow, -1)
        _stand_in(state, kind, workflow, -1, workflows=-1, transitions=-workflow.transitions)


def move_groups(state: FoldState, before: WorkflowRow, after: WorkflowRow) -> None:
    """Let a workflow belong to other groups than before; those that stay are left alone."""
    moved = [kind for kind in KINDS if kind.id_of(before) != kind.id_of(after)]
    leave_groups(state, before, moved)
    join_groups(state, after, moved)


def stand(state: FoldState, workflow: WorkflowRow, sign: int, *, transitions: int = 0) -> None:
    """Let a workflow count for the state that it is in, or (-1) not any more."""
    for kind in KINDS:
        _stand_in(state, kind, workflow, sign, transitions=transitions)


def add_time(state: FoldState, workflow: WorkflowRow, name: str, ms: int, *, entries: int = 0) -> None:
    """Note that a workflow was in a state for longer than was known, and maybe came to it once more."""
    row = state.get(WorkflowStateRow, workflow.workflow_id, name) or WorkflowStateRow(workflow.workflow_id, name)
    state.put(row._replace(entries=row.entries + entries, closed_ms=row.closed_ms + ms))
    for kind in KINDS:
        _add_to_state(state, kind, workflow, name, entries=entries, closed_ms=ms)


def place_construct(state: FoldState, construct_id: str, project_id: str | None, status: str, at: int) -> None:
    """Let a construct count for its project, and for no other."""
    found = state.get(ProjectConstructRow, construct_id)
    wanted = None if project_id is None else ProjectConstructRow(construct_id, project_id, status)
    if found is not None and (wanted is None or wanted.project_id != found.project_id):
        drop_construct(state, construct_id)
        found = None
    if wanted is None:
        return
    is_open = wanted.status not in ENDED_CONSTRUCTS
    was_open = found is not None and found.status not in ENDED_CONSTRUCTS
    if found is not None:
        _count_status(state, found, -1)
    _count_status(state, wanted, 1)
    state.put(wanted)
    gained = Counts(constructs=found is None, open_constructs=is_open - was_open)
    _count_project(state, wanted.project_id, gained, (at,))


def drop_construct(state: FoldState, construct_id: str) -> None:
    """A construct that has gone, or has another project, does not count any more."""
    found = state.get(ProjectConstructRow, construct_id)
    if found is not None:
        _count_status(state, found, -1)
        lost = Counts(constructs=-1, open_constructs=-(found.status not in ENDED_CONSTRUCTS))
        _count_project(state, found.project_id, lost, ())
        state.delete(ProjectConstructRow, construct_id)


def _stand_in(
    state: FoldState, kind: GroupKind, workflow: WorkflowRow, sign: int, *, workflows: int = 0, transitions: int = 0
) -> None:
    is_open = sign * (workflow.status == WorkStatus.OPEN)
    since_ms = is_open * workflow.since_at
    _add_to_state(state, kind, workflow, workflow.state, workflows=sign, open_workflows=is_open, open_since_ms=since_ms)
    if kind.id_of(workflow) is not None:
        kind.count(state, workflow, Counts(workflows, is_open, transitions))


def _count_times(state: FoldState, kind: GroupKind, workflow: WorkflowRow, sign: int) -> None:
    for row in state.rows(WorkflowStateRow, workflow.workflow_id):
        entries, closed_ms = sign * row.entries, sign * row.closed_ms
        _add_to_state(state, kind, workflow, row.state, entries=entries, closed_ms=closed_ms)


def _add_to_state(state: FoldState, kind: GroupKind, workflow: WorkflowRow, name: str, **added: int) -> None:
    """Change the counts of a state of the group of a workflow; a row of nothing goes."""
    group_id = kind.id_of(workflow)
    if group_id is None:
        return
    row = state.get(kind.states, group_id, name) or kind.states(group_id, name)
    row = row._replace(**{column: cast("int", getattr(row, column)) + more for column, more in added.items()})
    if any(row[2:]):
        state.put(row)
    else:
        state.delete(kind.states, group_id, name)


def _count_in_story(state: FoldState, workflow: WorkflowRow, counts: Counts) -> None:
    story_id = cast("str", workflow.story_id)
    found = state.get(StoryRow, story_id)
    workflows = counts.workflows + (found.workflows if found else 0)
    open_workflows = counts.open_workflows + (found.open_workflows if found else 0)
    if workflows == 0:
        state.delete(StoryRow, story_id)
        return
    is_gone = counts.workflows < 0
    state.put(
        StoryRow(
            story_id=story_id,
            project_id=found.project_id if found and is_gone else workflow.project_id,
            status=WorkStatus.OPEN if open_workflows else WorkStatus.ENDED,
            workflows=workflows,
            open_workflows=open_workflows,
            transitions=counts.transitions + (found.transitions if found else 0),
            first_at=min(found.first_at if found else workflow.first_at, workflow.first_at),
            last_at=max(found.last_at if found else workflow.since_at, workflow.since_at),
        )
    )


def _count_in_project(state: FoldState, workflow: WorkflowRow, counts: Counts) -> None:
    _count_project(state, cast("str", workflow.project_id), counts, (workflow.first_at, workflow.since_at))


def _count_project(state: FoldState, project_id: str, counts: Counts, instants: Sequence[int]) -> None:
    """Change the counts of a project, in which something happened at these instants; one of nothing goes."""
    found = state.get(ProjectRow, project_id)
    known = instants if found is None else (*instants, found.first_at, found.last_at)
    workflows, constructs = counts.workflows, counts.constructs
    open_workflows, open_constructs, transitions = counts.open_workflows, counts.open_constructs, counts.transitions
    if found is not None:
        workflows, constructs = workflows + found.workflows, constructs + found.constructs
        open_workflows, open_constructs = open_workflows + found.open_workflows, open_constructs + found.open_constructs
        transitions += found.transitions
    if workflows + constructs == 0:
        state.delete(ProjectRow, project_id)
        return
    state.put(
        ProjectRow(
            project_id=project_id,
            status=WorkStatus.OPEN if open_workflows or open_constructs else WorkStatus.ENDED,
            workflows=workflows,
            open_workflows=open_workflows,
            constructs=constructs,
            open_constructs=open_constructs,
            transitions=transitions,
            first_at=min(known),
            last_at=max(known),
        )
    )


def _count_status(state: FoldState, construct: ProjectConstructRow, sign: int) -> None:
    found = state.get(ProjectStatusRow, construct.project_id, construct.status)
    constructs = sign + (found.constructs if found else 0)
    if constructs:
        state.put(ProjectStatusRow(construct.project_id, construct.status, constructs))
    else:
        state.delete(ProjectStatusRow, construct.project_id, construct.status)


STORY = GroupKind(StoryStateRow, lambda workflow: workflow.story_id, _count_in_story)
PROJECT = GroupKind(ProjectStateRow, lambda workflow: workflow.project_id, _count_in_project)
KINDS = (STORY, PROJECT)
