"""The GraphQL types of constructs. What is sent in stands in `inputs.py`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Self, cast

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    After,
    Asked,
    Before,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Long,
    Node,
    Order,
    Snapshot,
    TablePlan,
    batched,
    find_rows,
    page,
    pages,
    values_of,
)
from synthetic_constructs.enums import ConstructStatus, DeletionAction, RelationshipDirection, RelationshipKind
from synthetic_constructs.model import ConstructRecord, Criteria, RelationshipRecord
from synthetic_constructs.store import select_constructs, select_linked_constructs, select_relationships

NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)
FIRST_LINKED_FIRST = Order(("linked_at", "id"), (int, str))
LINKS_NEWEST_FIRST = Order(("created_at", "from_id", "kind", "to_id"), (int, str, str, str), descending=True)


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

    of = FromRecord(ConstructRecord)

    @batched(needs=("id",))
    @staticmethod
    def relationships(
        snapshot: Snapshot,
        parents: "Sequence[Construct]",
        asked: Asked,
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
        ids = values_of(parents, "id")
        return pages_of_relationships(
            snapshot, ids, kinds, direction, asked, first=first, after=after, last=last, before=before
        )

    @batched(needs=("id",))
    @staticmethod
    def parents(
        snapshot: Snapshot,
        parents: "Sequence[Construct]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[Construct]]":
        """The constructs that it is a part of (PARENT), the first related first."""
        ids = values_of(parents, "id")
        return pages_of_linked(
            snapshot, ids, RelationshipDirection.INCOMING, asked, first=first, after=after, last=last, before=before
        )

    @batched(needs=("id",))
    @staticmethod
    def children(
        snapshot: Snapshot,
        parents: "Sequence[Construct]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[Construct]]":
        """The constructs that are its parts (PARENT), the first related first."""
        ids = values_of(parents, "id")
        return pages_of_linked(
            snapshot, ids, RelationshipDirection.OUTGOING, asked, first=first, after=after, last=last, before=before
        )


@strawberry.type(description="A link from one construct to another.")
class ConstructRelationship:
    """A row of `construct_relationships`."""

    kind: RelationshipKind = strawberry.field(description="What it means.")
    from_id: strawberry.ID = strawberry.field(description="Id of the construct that it begins at.")
    to_id: strawberry.ID = strawberry.field(description="Id of the construct that it leads to.")
    metadata: JSON = strawberry.field(description="Whatever else the caller keeps with it: a JSON object.")
    created_at: DateTime = strawberry.field(description="When the two were related.")

    of = FromRecord(RelationshipRecord)

    @batched(needs=("from_id",))
    @staticmethod
    def from_construct(snapshot: Snapshot, parents: "Sequence[ConstructRelationship]", asked: Asked) -> list[Construct]:
        """The construct that it begins at."""
        return _constructs(snapshot, values_of(parents, "from_id"), asked)

    @batched(needs=("to_id",))
    @staticmethod
    def to_construct(snapshot: Snapshot, parents: "Sequence[ConstructRelationship]", asked: Asked) -> list[Construct]:
        """The construct that it leads to."""
        return _constructs(snapshot, values_of(parents, "to_id"), asked)


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


def find_construct_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[Construct | None]:
    """For each id, the construct or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Construct, "constructs", ids, asked)


def _constructs(snapshot: Snapshot, ids: Sequence[str], asked: Asked) -> list[Construct]:
    """The constructs at the ends of links, which exist as long as the links do."""
    return cast("list[Construct]", find_construct_nodes(snapshot, ids, asked))


def page_of_constructs(
    snapshot: Snapshot,
    criteria: Criteria,
    order: Order,
    asked: Asked = EVERYTHING,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[Construct]:
    """One page of the constructs that meet the criteria.

    Raises:
        BadUserInputError: A value in the criteria or an argument of the page is not acceptable.
    """
    return page(
        snapshot,
        Construct,
        select_constructs(snapshot, criteria, by_creation=order.columns == NEWEST_FIRST.columns),
        order=order,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def pages_of_linked(
    snapshot: Snapshot,
    ids: Sequence[str],
    direction: RelationshipDirection,
    asked: Asked = EVERYTHING,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> list[Connection[Construct]]:
    """For each construct a page of its parents (INCOMING) or children (OUTGOING), the first related first."""
    return pages(
        snapshot,
        Construct,
        select_linked_constructs(RelationshipKind.PARENT, direction),
        each=ids,
        order=FIRST_LINKED_FIRST,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def pages_of_relationships(
    snapshot: Snapshot,
    ids: Sequence[str],
    kinds: Sequence[RelationshipKind] | None,
    direction: RelationshipDirection,
    asked: Asked = EVERYTHING,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> "list[Connection[ConstructRelationship]]":
    """For each construct a page of its links, the newest first."""
    return pages(
        snapshot,
        ConstructRelationship,
        select_relationships(kinds, direction),
        each=ids,
        order=LINKS_NEWEST_FIRST,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
