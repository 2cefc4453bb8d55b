"""The GraphQL types of constructs. What is sent in stands in `inputs.py`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from synthetic import (
    JSON,
    After,
    Before,
    Connection,
    DateTime,
    First,
    Last,
    Long,
    Node,
    Order,
    RawJSON,
    Snapshot,
    TablePlan,
    batched,
    page,
)
from synthetic_constructs.enums import ConstructStatus, DeletionAction, RelationshipDirection, RelationshipKind
from synthetic_constructs.model import ConstructRecord, Criteria, LinkedConstruct, Related, RelationshipRecord
from synthetic_constructs.store import (
    list_constructs_by_id,
    select_constructs,
    select_linked_constructs,
    select_relationships,
)

NEWEST_FIRST = Order(("created_at", "id"), descending=True)
FIRST_LINKED_FIRST = Order(("linked_at", "id"))
LINKS_NEWEST_FIRST = Order(("created_at", "from_id", "kind", "to_id"), descending=True)


@strawberry.type(description="A unit of agent work.")
class Construct(Node):
    """A row of `constructs`, and what it is related to."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    type: str = strawberry.field(description="What kind of work it is, in the caller's words.")
    status: ConstructStatus = strawberry.field(description="Where it stands.")
    title: str = strawberry.field(description="One line for a person.")
    description: str | None = strawberry.field(description="More text.")
    user_id: strawberry.ID | None = strawberry.field(
        description="Whom it is done for. It is recorded and filtered by; it keeps nobody out."
    )
    project_id: strawberry.ID | None = strawberry.field(description="The project that it belongs to.")
    metadata: JSON = strawberry.field(description="Whatever else the caller keeps with it: a JSON object.")
    version: int = strawberry.field(description="1 at first, one more with each change.")
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    updated_at: DateTime = strawberry.field(description="When it was changed last.")
    started_at: DateTime | None = strawberry.field(description="When it first became ACTIVE.")
    ended_at: DateTime | None = strawberry.field(
        description="When it became COMPLETED, FAILED or CANCELLED; null while it is in none of these."
    )

    @classmethod
    def of(cls, record: ConstructRecord) -> Self:
        """The object of a row."""
        return cls(
            id=strawberry.ID(record.id),
            type=record.type,
            status=ConstructStatus(record.status),
            title=record.title,
            description=record.description,
            user_id=None if record.user_id is None else strawberry.ID(record.user_id),
            project_id=None if record.project_id is None else strawberry.ID(record.project_id),
            metadata=JSON(RawJSON(record.metadata)),
            version=record.version,
            created_at=DateTime(record.created_at),
            updated_at=DateTime(record.updated_at),
            started_at=None if record.started_at is None else DateTime(record.started_at),
            ended_at=None if record.ended_at is None else DateTime(record.ended_at),
        )

    @batched
    @staticmethod
    def relationships(
        snapshot: Snapshot,
        parents: "Sequence[Construct]",
        direction: Annotated[
            RelationshipDirection, strawberry.argument(description="At which end this construct stands.")
        ] = RelationshipDirection.BOTH,
        kinds: Annotated[
            list[RelationshipKind] | None, strawberry.argument(description="Only these kinds; all without it.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[ConstructRelationship]]":
        """Its links to other constructs, the newest first."""
        # One walk for each parent, which ends with its page: one query for all would read every link of each.
        return [
            page_of_relationships(snapshot, Related(parent.id, kinds, direction), first, after, last, before)
            for parent in parents
        ]

    @batched
    @staticmethod
    def parents(
        snapshot: Snapshot,
        parents: "Sequence[Construct]",
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[Construct]]":
        """The constructs that it is a part of (PARENT), the first related first."""
        return [
            page_of_linked(snapshot, parent.id, RelationshipDirection.INCOMING, first, after, last, before)
            for parent in parents
        ]

    @batched
    @staticmethod
    def children(
        snapshot: Snapshot,
        parents: "Sequence[Construct]",
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[Construct]]":
        """The constructs that are its parts (PARENT), the first related first."""
        return [
            page_of_linked(snapshot, parent.id, RelationshipDirection.OUTGOING, first, after, last, before)
            for parent in parents
        ]


@strawberry.type(description="A link from one construct to another.")
class ConstructRelationship:
    """A row of `construct_relationships`."""

    kind: RelationshipKind = strawberry.field(description="What it means.")
    from_id: strawberry.ID = strawberry.field(description="Id of the construct that it begins at.")
    to_id: strawberry.ID = strawberry.field(description="Id of the construct that it leads to.")
    metadata: JSON = strawberry.field(description="Whatever else the caller keeps with it: a JSON object.")
    created_at: DateTime = strawberry.field(description="When the two were related.")

    @classmethod
    def of(cls, record: RelationshipRecord) -> Self:
        """The object of a row."""
        return cls(
            kind=RelationshipKind(record.kind),
            from_id=strawberry.ID(record.from_id),
            to_id=strawberry.ID(record.to_id),
            metadata=JSON(RawJSON(record.metadata)),
            created_at=DateTime(record.created_at),
        )

    @batched
    @staticmethod
    def from_construct(snapshot: Snapshot, parents: "Sequence[ConstructRelationship]") -> list[Construct]:
        """The construct that it begins at."""
        return _constructs(snapshot, [parent.from_id for parent in parents])

    @batched
    @staticmethod
    def to_construct(snapshot: Snapshot, parents: "Sequence[ConstructRelationship]") -> list[Construct]:
        """The construct that it leads to."""
        return _constructs(snapshot, [parent.to_id for parent in parents])


@strawberry.type(description="What a deletion does to the rows of one table.")
class DeletedRows:
    """A line of a `DeletionPlan`."""

    plugin: str = strawberry.field(description="The plugin whose table it is.")
    table: str = strawberry.field(description="The table.")
    action: DeletionAction = strawberry.field(description="What becomes of the rows.")
    rows: Long = strawberry.field(description="How many rows.")
    sample_keys: list[str] = strawberry.field(
        description="Keys of the first rows; those of several columns are joined by `/`."
    )

    @classmethod
    def of(cls, plan: TablePlan) -> Self:
        """The object of a line."""
        return cls(
            plugin=plan.plugin,
            table=plan.table,
            action=DeletionAction(plan.action),
            rows=Long(plan.rows),
            sample_keys=list(plan.sample_keys),
        )


def find_construct_nodes(snapshot: Snapshot, ids: Sequence[str]) -> list[Construct | None]:
    """For each id, the construct or None: how `node(id:)` finds them."""
    return [None if record is None else Construct.of(record) for record in list_constructs_by_id(snapshot, ids)]


def _constructs(snapshot: Snapshot, ids: Sequence[str]) -> list[Construct]:
    """The constructs at the ends of links, which exist as long as the links do."""
    return [construct for construct in find_construct_nodes(snapshot, ids) if construct is not None]


def page_of_constructs(
    snapshot: Snapshot, criteria: Criteria, order: Order, first: First, after: After, last: Last, before: Before
) -> Connection[Construct]:
    """One page of the constructs that meet the criteria.

    Raises:
        BadUserInputError: A value in the criteria or an argument of the page is not acceptable.
    """
    selection = select_constructs(snapshot, criteria, by_creation=order.columns == NEWEST_FIRST.columns)
    return page(
        snapshot,
        ConstructRecord,
        select=selection.select,
        where=selection.where,
        params=selection.params,
        order=order,
        make=Construct.of,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def page_of_linked(
    snapshot: Snapshot,
    id: str,
    direction: RelationshipDirection,
    first: First,
    after: After,
    last: Last,
    before: Before,
) -> Connection[Construct]:
    """One page of a construct's parents or children."""
    selection = select_linked_constructs(id, RelationshipKind.PARENT, direction)
    return page(
        snapshot,
        LinkedConstruct.of,
        select=selection.select,
        where=selection.where,
        params=selection.params,
        order=FIRST_LINKED_FIRST,
        make=lambda linked: Construct.of(linked.construct),
        first=first,
        after=after,
        last=last,
        before=before,
    )


def page_of_relationships(
    snapshot: Snapshot, related: Related, first: First, after: After, last: Last, before: Before
) -> Connection[ConstructRelationship]:
    """One page of a construct's links, the newest first."""
    selection = select_relationships(related)
    return page(
        snapshot,
        RelationshipRecord,
        select=selection.select,
        where=selection.where,
        params=selection.params,
        order=LINKS_NEWEST_FIRST,
        make=ConstructRelationship.of,
        first=first,
        after=after,
        last=last,
        before=before,
    )
