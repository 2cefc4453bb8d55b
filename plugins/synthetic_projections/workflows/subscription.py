"""Root subscription fields: `workflows`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Self

import strawberry

from synthetic import AfterPosition, Asked, Event, Live, Position, Snapshot, batched, check_id, subscription
from synthetic_projections.selecting import check_values
from synthetic_projections.workflows.enums import WorkflowUpdateType, WorkStatus
from synthetic_projections.workflows.events import WORKFLOW_DELETED, WORKFLOW_TRANSITIONED
from synthetic_projections.workflows.types import (
    Workflow,
    WorkflowTransition,
    find_transition_nodes,
    find_workflow_nodes,
)


@strawberry.input(description="Which updates are meant: all that is said here must hold for the transition.")
class WorkflowUpdateFilter:
    """The filter of the subscription `workflows`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The workflow is one of these.")
    project_id: strawberry.ID | None = strawberry.field(default=None, description="It belongs to this project.")
    story_id: strawberry.ID | None = strawberry.field(default=None, description="It belongs to this story.")
    construct_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The workflow is about this construct, or was until this transition, with which it left it.",
    )
    to: list[str] | None = strawberry.field(default=None, description="It came to one of these states.")

    def matcher(self) -> Callable[[Event], bool]:
        """A function that says of an event whether it is wanted.

        Raises:
            BadUserInputError: A value is not acceptable, or they are too many.
        """
        ids = None if self.ids is None else frozenset(check_values(self.ids, "filter.ids"))
        among = [
            (key, frozenset(check_values(values, f"filter.{key}")))
            for key, values in (
                ("projectId", None if self.project_id is None else [self.project_id]),
                ("storyId", None if self.story_id is None else [self.story_id]),
                ("to", self.to),
            )
            if values is not None
        ]
        construct_id = None if self.construct_id is None else check_id(self.construct_id, "filter.constructId")

        def matches(event: Event) -> bool:
            if ids is not None and event.entity_id not in ids:
                return False
            is_of_construct = construct_id is None or event.construct_id == construct_id
            if event.type == WORKFLOW_DELETED.name:
                return is_of_construct
            payload = event.data()
            if not is_of_construct and payload["previousConstructId"] != construct_id:
                return False
            return all(payload[key] in values for key, values in among)

        return matches


@strawberry.type(description="Something that happened to a workflow.")
class WorkflowUpdate:
    """What an event of a workflow tells; the workflow itself is read when it is selected."""

    position: Position = strawberry.field(description="Where to go on from, for whoever has seen this update.")
    workflow_id: strawberry.ID = strawberry.field(description="Id of the workflow.")
    type: WorkflowUpdateType = strawberry.field(description="What happened.")
    transition_id: strawberry.ID | None = strawberry.field(
        description="Id of the transition; null when the workflow was deleted."
    )
    from_state: str | None = strawberry.field(
        name="from", description="The state before it in time; null for the first, and when the workflow was deleted."
    )
    to: str | None = strawberry.field(description="The state that it came to; null when the workflow was deleted.")
    status: WorkStatus | None = strawberry.field(
        description="Whether that state is final; null when the workflow was deleted."
    )
    is_late: bool = strawberry.field(
        description="Whether the transition happened before others that are known already, so that the workflow stays "
        "where those have brought it."
    )

    @classmethod
    def of(cls, event: Event, position: Position) -> Self:
        """The object of an event."""
        payload: dict[str, Any] = event.data()
        status = payload.get("status")
        return cls(
            position=position,
            workflow_id=strawberry.ID(event.entity_id),
            type=WorkflowUpdateType(event.type),
            transition_id=payload.get("transitionId"),
            from_state=payload.get("from"),
            to=payload.get("to"),
            status=None if status is None else WorkStatus(status),
            is_late=payload.get("isLate", False),
        )

    @batched(needs=("transition_id",))
    @staticmethod
    def transition(
        snapshot: Snapshot, parents: "Sequence[WorkflowUpdate]", asked: Asked
    ) -> list[WorkflowTransition | None]:
        """The transition; null when it is deleted by now."""
        return find_transition_nodes(snapshot, [parent.transition_id for parent in parents], asked)

    @batched(needs=("workflow_id",))
    @staticmethod
    def workflow(snapshot: Snapshot, parents: "Sequence[WorkflowUpdate]", asked: Asked) -> list[Workflow | None]:
        """The workflow as the read model has it, which may be moments before or after this update; null if not yet."""
        return find_workflow_nodes(snapshot, [parent.workflow_id for parent in parents], asked)


@subscription(graphql_name="workflows")
async def workflow_updates(
    live: Live,
    after: AfterPosition = None,
    filter: Annotated[WorkflowUpdateFilter | None, strawberry.argument(description="Which; all without it.")] = None,
) -> AsyncGenerator[WorkflowUpdate]:
    """What happens to workflows, each update once and in order.

    A deletion is delivered whatever the filter says of project, story and
    state: its event does not tell them. Who follows a construct is told of the
    transition with which a workflow leaves it.
    """
    wanted = WorkflowUpdateFilter() if filter is None else filter
    matches = wanted.matcher()
    only_id = wanted.ids[0] if wanted.ids is not None and len(wanted.ids) == 1 else None
    types = (WORKFLOW_TRANSITIONED, WORKFLOW_DELETED)
    async with aclosing(live.follow(after, types, entity_id=only_id)) as events:
        async for event in events:
            if matches(event):
                yield WorkflowUpdate.of(event, live.at(event))
