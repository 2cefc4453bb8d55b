"""The GraphQL types of workflows, their transitions and machines. Stories and projects stand in `group_types.py`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Any, Self

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    After,
    Asked,
    Before,
    Column,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Long,
    Node,
    Order,
    Snapshot,
    batched,
    find_rows,
    from_json,
    pages,
    values_of,
)
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_projections.workflows.enums import TransitionOrder, WorkOrder, WorkStatus
from synthetic_projections.workflows.inputs import WorkflowFilter, WorkflowTransitionFilter
from synthetic_projections.workflows.model import Machine, Transition, TransitionCriteria, WorkCriteria
from synthetic_projections.workflows.read_model import WorkflowRow
from synthetic_projections.workflows.store.durations import DurationsOf, list_durations
from synthetic_projections.workflows.store.durations import StateSummary as StateSummaryRecord
from synthetic_projections.workflows.store.filters import select_transitions, select_workflows

READS = ("projections.workflows",)

TransitionFilter = Annotated[WorkflowTransitionFilter | None, strawberry.argument(description="Which; all without it.")]
TransitionOrderBy = Annotated[TransitionOrder, strawberry.argument(description="In which order.")]
Filter = Annotated[WorkflowFilter | None, strawberry.argument(description="Which; all without it.")]
OrderBy = Annotated[WorkOrder, strawberry.argument(description="In which order.")]


@strawberry.type(description="What workflows have to do with a state.")
class StateSummary:
    """One state of a workflow, or of all workflows of a story or project."""

    state: str = strawberry.field(description="The state.")
    workflows: int = strawberry.field(description="How many are in it now; of a single workflow, 1 or 0.")
    entries: int = strawberry.field(description="How often one has come to it.")
    duration_ms: Long = strawberry.field(
        description="For how long they were in it, all in all: with the time until now of those that are OPEN."
    )

    @classmethod
    def of(cls, summary: StateSummaryRecord) -> Self:
        """The object of a summary."""
        return cls(
            state=summary.state,
            workflows=summary.workflows,
            entries=summary.entries,
            duration_ms=Long(summary.duration_ms),
        )


@strawberry.type(description="That a workflow came from one state to another: a fact, as it was recorded.")
class WorkflowTransition(Node):
    """A row of `workflow_transitions`."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    workflow_id: strawberry.ID = strawberry.field(description="Id of the workflow.")
    number: int = strawberry.field(description="Which one of the workflow it is, in the order of recording.")
    from_state: str | None = strawberry.field(
        name="from",
        description="The state before it in time, as the store knew it when it was recorded; null for the first.",
    )
    to_state: str = strawberry.field(name="to", description="The state that the workflow came to.")
    is_final: bool = strawberry.field(description="Whether its machine calls that state final.")
    machine: str | None = strawberry.field(description="The machine that allowed it; null: the workflow is free.")
    machine_version: int | None = strawberry.field(description="The version of the machine.")
    project_id: strawberry.ID | None = strawberry.field(description="The project that the workflow belonged to.")
    story_id: strawberry.ID | None = strawberry.field(description="The story that it belonged to.")
    construct_id: strawberry.ID | None = strawberry.field(
        description="Id of the construct that it was about; null too where that was deleted."
    )
    actor: str | None = strawberry.field(description="Who made it, in the words of the caller.")
    recorded_by: str = strawberry.field(description="Who recorded it, as the store knows the caller.")
    reason: str | None = strawberry.field(description="Why, for people.")
    metadata: JSON = strawberry.field(description="Whatever else the caller keeps with it: a JSON object.")
    occurred_at: DateTime = strawberry.field(description="When it happened.")
    recorded_at: DateTime = strawberry.field(description="When it was recorded.")
    superseded_at: DateTime | None = strawberry.field(
        description="When it ceased to say where the workflow stands: with the recording of a later one, or, if it was "
        "late itself, at once. Null in the one that says it."
    )

    of = FromRecord(Transition)

    @batched(needs=("construct_id",))
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[WorkflowTransition]", asked: Asked) -> list[Construct | None]:
        """The construct that it was about."""
        return find_construct_nodes(snapshot, values_of(parents, "construct_id"), asked)

    @batched(reads=READS, needs=("workflow_id",))
    @staticmethod
    def workflow(snapshot: Snapshot, parents: "Sequence[WorkflowTransition]", asked: Asked) -> "list[Workflow | None]":
        """The workflow as it stands now; null where the log has not been followed as far as this transition."""
        return find_workflow_nodes(snapshot, values_of(parents, "workflow_id"), asked)


@strawberry.type(
    description="Something that goes from state to state, as far as the log was followed: moments behind what is "
    "stored. A request whose `extensions.atLeast` names a position waits for it."
)
class Workflow(Node):
    """A row of the read model `workflows`."""

    id: strawberry.ID = strawberry.field(description="The caller's id.")
    machine: str | None = strawberry.field(description="The machine that it is under; null: it is free.")
    project_id: strawberry.ID | None = strawberry.field(description="The project that it belongs to.")
    story_id: strawberry.ID | None = strawberry.field(description="The story that it belongs to.")
    construct_id: strawberry.ID | None = strawberry.field(description="Id of the construct that it is about.")
    state: str = strawberry.field(description="The state that it is in.")
    status: WorkStatus = strawberry.field(description="Whether that state is final.")
    since_at: DateTime = strawberry.field(description="When it came to this state: when its last transition happened.")
    started_at: DateTime = strawberry.field(description="When its first transition happened.")
    transition_count: int = strawberry.field(description="How many transitions it has made.")

    of = FromRecord(
        WorkflowRow,
        id=Column("workflow_id"),
        started_at=Column("first_at"),
        transition_count=Column("transitions"),
    )

    @batched(reads=READS, needs=("id",))
    @staticmethod
    def states(snapshot: Snapshot, parents: "Sequence[Workflow]") -> list[list[StateSummary]]:
        """The states that it was ever in, and for how long: the present one first, at most 200."""
        found = list_durations(snapshot, DurationsOf.WORKFLOW, values_of(parents, "id"))
        return [[StateSummary.of(summary) for summary in each] for each in found]

    @batched(needs=("construct_id",))
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[Workflow]", asked: Asked) -> list[Construct | None]:
        """The construct that it is about."""
        return find_construct_nodes(snapshot, values_of(parents, "construct_id"), asked)


@strawberry.type(description="A state, and one that may follow it.")
class AllowedTransition:
    """A pair of a machine."""

    from_state: str = strawberry.field(name="from", description="The state that a workflow is in.")
    to: str = strawberry.field(description="The state that it may come to.")


def _states_of(text: str) -> list[str]:
    return from_json(text)


@strawberry.type(description="Which states workflows may have, and which may follow which: one version of it.")
class WorkflowMachine:
    """A row of `workflow_machines`."""

    name: str = strawberry.field(description="Its name.")
    version: int = strawberry.field(description="1 at first, one more with each change.")
    description: str | None = strawberry.field(description="What it is for.")
    states: list[str] = strawberry.field(description="All states, in the order of their names.")
    initial_states: list[str] = strawberry.field(description="Those that a workflow may begin in.")
    final_states: list[str] = strawberry.field(description="Those in which a workflow has ended.")
    transitions: list[AllowedTransition] = strawberry.field(description="Which state may follow which.")
    saved_by: str = strawberry.field(description="Who stored this version, as the store knows the caller.")
    created_at: DateTime = strawberry.field(description="When this version was stored.")
    superseded_at: DateTime | None = strawberry.field(
        description="When another version took its place; null in the one that holds now."
    )

    of = FromRecord(
        Machine,
        states=Column("states", read=_states_of, parses=True),
        initial_states=Column("initial_states", read=_states_of, parses=True),
        final_states=Column("final_states", read=_states_of, parses=True),
        transitions=Column(
            "transitions",
            read=lambda text: [AllowedTransition(from_state=before, to=after) for before, after in from_json(text)],
            parses=True,
        ),
    )


def transitions_of(column: str) -> Any:
    """The field `transitions` of a type whose objects a column of transitions names."""

    @batched(needs=("id",))
    def transitions(
        snapshot: Snapshot,
        parents: Sequence[Node],
        asked: Asked,
        filter: TransitionFilter = None,
        order_by: TransitionOrderBy = TransitionOrder.OCCURRED_AT_DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[WorkflowTransition]]:
        """Its transitions, the last first unless asked otherwise."""
        criteria = TransitionCriteria() if filter is None else filter.criteria()
        return pages(
            snapshot,
            WorkflowTransition,
            select_transitions(criteria, each=column),
            each=values_of(parents, "id"),
            order=transition_order(order_by),
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )

    return transitions


def workflows_of(column: str) -> Any:
    """The field `workflows` of a type whose objects a column of workflows names."""

    @batched(reads=READS, needs=("id",))
    def workflows(
        snapshot: Snapshot,
        parents: Sequence[Node],
        asked: Asked,
        filter: Filter = None,
        order_by: OrderBy = WorkOrder.LAST_AT_DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[Workflow]]:
        """Its workflows, those in which something happened last first unless asked otherwise."""
        criteria = WorkCriteria() if filter is None else filter.criteria()
        return pages(
            snapshot,
            Workflow,
            select_workflows(criteria, each=column),
            each=values_of(parents, "id"),
            order=workflow_order(order_by),
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )

    return workflows


def find_workflow_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[Workflow | None]:
    """For each id, the workflow or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Workflow, "workflows", ids, asked, key="workflow_id")


def find_transition_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[WorkflowTransition | None]:
    """For each id, the transition or None: how `node(id:)` finds them."""
    return find_rows(snapshot, WorkflowTransition, "workflow_transitions", ids, asked)


def transition_order(order_by: TransitionOrder) -> Order:
    """The order of transitions that a client asks for."""
    descending = order_by is TransitionOrder.OCCURRED_AT_DESC
    return Order(("occurred_at", "number", "id"), (int, int, str), descending=descending)


def workflow_order(order_by: WorkOrder) -> Order:
    """The order of workflows that a client asks for."""
    return Order(("since_at", "workflow_id"), (int, str), descending=order_by is WorkOrder.LAST_AT_DESC)
