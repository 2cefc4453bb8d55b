"""What clients send in: inputs of mutations, and filters."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import cast

import strawberry

from synthetic import JSON, DateTime
from synthetic_projections.workflows.enums import WorkStatus
from synthetic_projections.workflows.model import (
    MachineContent,
    TransitionContent,
    TransitionCriteria,
    WorkCriteria,
)

_CONTENT = tuple(TransitionContent.__annotations__)


@strawberry.input(
    description="A transition of a workflow. The machine, the project, the story and the construct of a workflow stay "
    "as they are when they are left out."
)
class RecordTransitionInput:
    """The input of `recordTransition`."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="1 to 200 printable characters; the same id again is the same transition. Without it, the "
        "transition is new and gets a UUIDv7.",
    )
    workflow_id: strawberry.ID = strawberry.field(
        description="The workflow: 1 to 200 printable characters. It begins with its first transition."
    )
    to: str = strawberry.field(description="The state that it has come to: 1 to 200 printable characters.")
    from_state: str | None = strawberry.field(
        name="from",
        default=strawberry.UNSET,
        description="The state that it has come from; null: it had none before. If the store knows another one, the "
        "transition is refused with WORKFLOW_STATE_CONFLICT. Left out, it is not compared.",
    )
    machine: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The machine that says which transitions are allowed: one that `saveWorkflowMachine` has stored, "
        "or `free`, which allows any. A workflow that has one keeps it.",
    )
    project_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The project that the workflow belongs to; null takes it away."
    )
    story_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The story that the workflow belongs to; null takes it away."
    )
    construct_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The construct that the workflow is about; null takes it away."
    )
    actor: str | None = strawberry.field(
        default=None, description="Who made the transition, in the words of the caller: 1 to 200 printable characters."
    )
    reason: str | None = strawberry.field(default=None, description="Why, for people.")
    occurred_at: DateTime | None = strawberry.field(
        default=None,
        description="When it happened: not before 1970, and at most a minute in the future. One that others have "
        "happened after takes its place in time, and the workflow stays where those have brought it. "
        "Left out: now, and after all others.",
    )
    metadata: JSON | None = strawberry.field(default=None, description="A JSON object to keep with it.")

    def content(self) -> TransitionContent:
        """What the sender gave, without what was left out."""
        given = {name: getattr(self, name) for name in _CONTENT}
        absent = {name for name in ("machine", "actor", "reason", "occurred_at", "metadata") if given[name] is None}
        return cast(
            "TransitionContent",
            {name: value for name, value in given.items() if value is not strawberry.UNSET and name not in absent},
        )


@strawberry.input(description="A state, and one that may follow it.")
class AllowedTransitionInput:
    """Part of `SaveWorkflowMachineInput`."""

    from_state: str = strawberry.field(name="from", description="The state that a workflow is in.")
    to: str = strawberry.field(description="The state that it may come to.")


@strawberry.input(description="A machine, whole: what is left out is empty.")
class SaveWorkflowMachineInput:
    """The input of `saveWorkflowMachine`."""

    name: str = strawberry.field(description="Its name: 1 to 200 printable characters, and not `free`.")
    if_version: int | None = strawberry.field(
        default=None, description="The version that is to be replaced. Needed to change what is stored."
    )
    description: str | None = strawberry.field(default=None, description="What it is for.")
    states: list[str] = strawberry.field(description="All states, at most 200; their order says nothing.")
    initial_states: list[str] = strawberry.field(description="Those that a workflow may begin in, at least one.")
    final_states: list[str] = strawberry.field(
        default_factory=list, description="Those in which a workflow has ended. Others may follow them all the same."
    )
    transitions: list[AllowedTransitionInput] = strawberry.field(
        description="Which state may follow which, at most 2,000 pairs."
    )

    def content(self) -> MachineContent:
        """The machine as the store understands it."""
        return MachineContent(
            description=self.description,
            states=self.states,
            initial_states=self.initial_states,
            final_states=self.final_states,
            transitions=[(pair.from_state, pair.to) for pair in self.transitions],
        )


@strawberry.input(description="A workflow to delete.")
class DeleteWorkflowInput:
    """The input of `deleteWorkflow`."""

    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which transitions are meant: all that is said here must hold.")
class WorkflowTransitionFilter:
    """The filter of `workflowTransitions`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    workflow_id: strawberry.ID | None = strawberry.field(default=None, description="Of this workflow.")
    project_id: strawberry.ID | None = strawberry.field(default=None, description="Of this project.")
    story_id: strawberry.ID | None = strawberry.field(default=None, description="Of this story.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="About this construct.")
    to: list[str] | None = strawberry.field(default=None, description="They lead to one of these states.")
    actor: str | None = strawberry.field(default=None, description="The actor is this one.")
    occurred_from: DateTime | None = strawberry.field(default=None, description="Happened at this instant or later.")
    occurred_before: DateTime | None = strawberry.field(default=None, description="Happened before this instant.")

    def criteria(self) -> TransitionCriteria:
        """The filter as the store understands it."""
        return TransitionCriteria(
            ids=self.ids,
            workflow_id=self.workflow_id,
            project_id=self.project_id,
            story_id=self.story_id,
            construct_id=self.construct_id,
            to_states=self.to,
            actor=self.actor,
            occurred_from=self.occurred_from,
            occurred_before=self.occurred_before,
        )


@strawberry.input(description="Which workflows are meant: all that is said here must hold.")
class WorkflowFilter:
    """The filter of `workflows`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    status: list[WorkStatus] | None = strawberry.field(default=None, description="The status is one of these.")
    state: list[str] | None = strawberry.field(default=None, description="The state is one of these.")
    machine: str | None = strawberry.field(default=None, description="The machine is this one.")
    project_id: strawberry.ID | None = strawberry.field(default=None, description="Of this project.")
    story_id: strawberry.ID | None = strawberry.field(default=None, description="Of this story.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="About this construct.")
    active_from: DateTime | None = strawberry.field(
        default=None, description="The last transition happened at this instant or later."
    )
    active_before: DateTime | None = strawberry.field(
        default=None, description="The last transition happened before this instant."
    )

    def criteria(self) -> WorkCriteria:
        """The filter as the store understands it."""
        return WorkCriteria(
            ids=self.ids,
            statuses=self.status,
            states=self.state,
            machine=self.machine,
            project_id=self.project_id,
            story_id=self.story_id,
            construct_id=self.construct_id,
            active_from=self.active_from,
            active_before=self.active_before,
        )


@strawberry.input(description="Which stories or projects are meant: all that is said here must hold.")
class WorkFilter:
    """The filter of `stories` and `projects`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    status: list[WorkStatus] | None = strawberry.field(default=None, description="The status is one of these.")
    active_from: DateTime | None = strawberry.field(
        default=None, description="Something happened in it at this instant or later."
    )
    active_before: DateTime | None = strawberry.field(
        default=None, description="The last that happened in it was before this instant."
    )

    def criteria(self, project_id: str | None = None) -> WorkCriteria:
        """The filter as the store understands it, for one project if it is one's."""
        return WorkCriteria(
            ids=self.ids,
            statuses=self.status,
            project_id=project_id,
            active_from=self.active_from,
            active_before=self.active_before,
        )
