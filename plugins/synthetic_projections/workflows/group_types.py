"""The GraphQL types of stories and projects, and the fields that lead to them."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from synthetic import (
    EVERYTHING,
    After,
    Asked,
    Before,
    Column,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Node,
    Order,
    Snapshot,
    batched,
    find_rows,
    pages,
    values_of,
)
from synthetic_constructs.store import ConstructStatus
from synthetic_constructs.types import Construct
from synthetic_projections.workflows.enums import WorkOrder, WorkStatus
from synthetic_projections.workflows.inputs import WorkFilter
from synthetic_projections.workflows.model import WorkCriteria
from synthetic_projections.workflows.read_model import ProjectRow, StoryRow
from synthetic_projections.workflows.store.durations import DurationsOf, list_durations, list_statuses
from synthetic_projections.workflows.store.filters import select_stories
from synthetic_projections.workflows.types import READS, OrderBy, StateSummary, Workflow

GroupFilter = Annotated[WorkFilter | None, strawberry.argument(description="Which; all without it.")]


@strawberry.type(
    description="A story, as far as the log was followed: the workflows that name it. Their counts and times are "
    "theirs alone, and move with them."
)
class Story(Node):
    """A row of the read model `stories`."""

    id: strawberry.ID = strawberry.field(description="The callers' id.")
    project_id: strawberry.ID | None = strawberry.field(
        description="The project that the workflow belongs to of which something was recorded last."
    )
    status: WorkStatus = strawberry.field(description="Whether one of its workflows is OPEN.")
    workflow_count: int = strawberry.field(description="How many workflows belong to it.")
    open_workflow_count: int = strawberry.field(description="How many of these are OPEN.")
    transition_count: int = strawberry.field(description="How many transitions these have made.")
    first_at: DateTime = strawberry.field(
        description="When something first happened in a workflow that belongs, or once belonged, to it."
    )
    last_at: DateTime = strawberry.field(description="When something last happened in such a workflow.")

    of = FromRecord(
        StoryRow,
        id=Column("story_id"),
        workflow_count=Column("workflows"),
        open_workflow_count=Column("open_workflows"),
        transition_count=Column("transitions"),
    )

    @batched(reads=READS, needs=("id",))
    @staticmethod
    def states(snapshot: Snapshot, parents: "Sequence[Story]") -> list[list[StateSummary]]:
        """The states that its workflows were ever in: those that most of them are in first, at most 200."""
        found = list_durations(snapshot, DurationsOf.STORY, values_of(parents, "id"))
        return [[StateSummary.of(summary) for summary in each] for each in found]


@strawberry.type(description="How many constructs of a project have a status.")
class ConstructStatusCount:
    """A row of `project_statuses`."""

    status: ConstructStatus = strawberry.field(description="The status.")
    constructs: int = strawberry.field(description="How many have it.")


@strawberry.type(
    description="A project, as far as the log was followed: the workflows and constructs that name it. Their counts "
    "and times are theirs alone, and move with them."
)
class Project(Node):
    """A row of the read model `projects`."""

    id: strawberry.ID = strawberry.field(description="The callers' id.")
    status: WorkStatus = strawberry.field(
        description="Whether one of its workflows is OPEN, or one of its constructs is not over."
    )
    workflow_count: int = strawberry.field(description="How many workflows belong to it.")
    open_workflow_count: int = strawberry.field(description="How many of these are OPEN.")
    construct_count: int = strawberry.field(description="How many constructs belong to it.")
    open_construct_count: int = strawberry.field(
        description="How many of these are neither COMPLETED nor FAILED nor CANCELLED."
    )
    transition_count: int = strawberry.field(description="How many transitions its workflows have made.")
    first_at: DateTime = strawberry.field(
        description="When something first happened in what belongs, or once belonged, to it; of a construct, a save."
    )
    last_at: DateTime = strawberry.field(description="When something last happened in that.")

    of = FromRecord(
        ProjectRow,
        id=Column("project_id"),
        workflow_count=Column("workflows"),
        open_workflow_count=Column("open_workflows"),
        construct_count=Column("constructs"),
        open_construct_count=Column("open_constructs"),
        transition_count=Column("transitions"),
    )

    @batched(reads=READS, needs=("id",))
    @staticmethod
    def states(snapshot: Snapshot, parents: "Sequence[Project]") -> list[list[StateSummary]]:
        """The states that its workflows were ever in: those that most of them are in first, at most 200."""
        found = list_durations(snapshot, DurationsOf.PROJECT, values_of(parents, "id"))
        return [[StateSummary.of(summary) for summary in each] for each in found]

    @batched(reads=READS, needs=("id",))
    @staticmethod
    def construct_statuses(snapshot: Snapshot, parents: "Sequence[Project]") -> list[list[ConstructStatusCount]]:
        """How many of its constructs have which status; those that none has are left out."""
        return [
            [ConstructStatusCount(status=ConstructStatus(row.status), constructs=row.constructs) for row in each]
            for each in list_statuses(snapshot, values_of(parents, "id"))
        ]

    @batched(reads=READS, needs=("id",))
    @staticmethod
    def stories(
        snapshot: Snapshot,
        parents: "Sequence[Project]",
        asked: Asked,
        filter: GroupFilter = None,
        order_by: OrderBy = WorkOrder.LAST_AT_DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[Story]]:
        """Its stories, those in which something happened last first unless asked otherwise."""
        criteria = WorkCriteria() if filter is None else filter.criteria()
        return pages(
            snapshot,
            Story,
            select_stories(criteria, each="project_id"),
            each=values_of(parents, "id"),
            order=story_order(order_by),
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )


@batched(reads=READS, needs=("story_id",))
def story(snapshot: Snapshot, parents: Sequence[Workflow], asked: Asked) -> list[Story | None]:
    """The story that it belongs to."""
    return find_story_nodes(snapshot, values_of(parents, "story_id"), asked)


def project_field() -> Any:
    """The field `project` of a type whose objects have a `project_id`: of workflows, stories, constructs."""

    @batched(reads=READS, needs=("project_id",))
    def project(snapshot: Snapshot, parents: Sequence[Construct], asked: Asked) -> list[Project | None]:
        """The project that it belongs to."""
        return find_project_nodes(snapshot, values_of(parents, "project_id"), asked)

    return project


def find_story_nodes(snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING) -> list[Story | None]:
    """For each id, the story or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Story, "stories", ids, asked, key="story_id")


def find_project_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[Project | None]:
    """For each id, the project or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Project, "projects", ids, asked, key="project_id")


def story_order(order_by: WorkOrder) -> Order:
    """The order of stories that a client asks for."""
    return Order(("last_at", "story_id"), (int, str), descending=order_by is WorkOrder.LAST_AT_DESC)


def project_order(order_by: WorkOrder) -> Order:
    """The order of projects that a client asks for."""
    return Order(("last_at", "project_id"), (int, str), descending=order_by is WorkOrder.LAST_AT_DESC)
