"""The GraphQL type of sessions, and the field that it adds to constructs."""

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
    Node,
    Order,
    RawJSON,
    Snapshot,
    batched,
    page,
)
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_sessions.enums import SessionOrder, SessionStatus
from synthetic_sessions.inputs import SessionFilter
from synthetic_sessions.model import Criteria
from synthetic_sessions.model import Session as SessionRecord
from synthetic_sessions.store import list_sessions_by_id, select_sessions

OrderBy = Annotated[SessionOrder, strawberry.argument(description="In which order.")]
Filter = Annotated[SessionFilter | None, strawberry.argument(description="Which; all without it.")]


@strawberry.type(description="One run of an agent.")
class Session(Node):
    """A row of `sessions`, and those around it."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    agent: str | None = strawberry.field(description="Name of the agent.")
    title: str | None = strawberry.field(description="One line for a person.")
    user_id: strawberry.ID | None = strawberry.field(
        description="Whom it works for. It is recorded and filtered by; it keeps nobody out."
    )
    project_id: strawberry.ID | None = strawberry.field(description="The project that it belongs to.")
    construct_id: strawberry.ID | None = strawberry.field(description="Id of the construct that it works on.")
    parent_session_id: strawberry.ID | None = strawberry.field(
        description="Id of the session whose agent started this one as a sub-agent."
    )
    status: SessionStatus = strawberry.field(description="Where it stands.")
    started_at: DateTime = strawberry.field(description="When it started.")
    last_activity_at: DateTime = strawberry.field(description="When something last happened in it.")
    ended_at: DateTime | None = strawberry.field(description="When it came to an end; null while it is ACTIVE.")
    metadata: JSON = strawberry.field(description="Whatever else the caller keeps with it: a JSON object.")
    version: int = strawberry.field(
        description="1 at first, one more with each change. What merely happens in the session is no change of it."
    )
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    updated_at: DateTime = strawberry.field(description="When it was changed last.")

    @classmethod
    def of(cls, record: SessionRecord) -> Self:
        """The object of a row."""
        return cls(
            id=strawberry.ID(record.id),
            agent=record.agent,
            title=record.title,
            user_id=None if record.user_id is None else strawberry.ID(record.user_id),
            project_id=None if record.project_id is None else strawberry.ID(record.project_id),
            construct_id=None if record.construct_id is None else strawberry.ID(record.construct_id),
            parent_session_id=None if record.parent_session_id is None else strawberry.ID(record.parent_session_id),
            status=SessionStatus(record.status),
            started_at=DateTime(record.started_at),
            last_activity_at=DateTime(record.last_activity_at),
            ended_at=None if record.ended_at is None else DateTime(record.ended_at),
            metadata=JSON(RawJSON(record.metadata)),
            version=record.version,
            created_at=DateTime(record.created_at),
            updated_at=DateTime(record.updated_at),
        )

    @batched
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[Session]") -> list[Construct | None]:
        """The construct that it works on."""
        # No construct has an empty id.
        return find_construct_nodes(snapshot, [parent.construct_id or "" for parent in parents])

    @batched
    @staticmethod
    def parent(snapshot: Snapshot, parents: "Sequence[Session]") -> "list[Session | None]":
        """The session whose agent started this one; null too where that is not stored (yet)."""
        # No session has an empty id.
        return find_session_nodes(snapshot, [parent.parent_session_id or "" for parent in parents])

    @batched
    @staticmethod
    def children(
        snapshot: Snapshot,
        parents: "Sequence[Session]",
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[Session]]":
        """The sessions of the sub-agents that it started, the first started first."""
        return [
            page_of_sessions(
                snapshot,
                Criteria(parent_session_id=parent.id),
                SessionOrder.STARTED_AT_ASC,
                first=first,
                after=after,
                last=last,
                before=before,
            )
            for parent in parents
        ]


@batched
def sessions(
    snapshot: Snapshot,
    parents: Sequence[Construct],
    filter: Filter = None,
    order_by: OrderBy = SessionOrder.STARTED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Session]]:
    """The sessions that work on it, those of sub-agents too; the last started first unless asked otherwise."""
    criteria = Criteria() if filter is None else filter.criteria()
    return [
        page_of_sessions(
            snapshot,
            criteria.of_construct(parent.id),
            order_by,
            first=first,
            after=after,
            last=last,
            before=before,
        )
        for parent in parents
    ]


def find_session_nodes(snapshot: Snapshot, ids: Sequence[str]) -> list[Session | None]:
    """For each id, the session or None: how `node(id:)` finds them."""
    return [None if record is None else Session.of(record) for record in list_sessions_by_id(snapshot, ids)]


def page_of_sessions(
    snapshot: Snapshot,
    criteria: Criteria,
    order_by: SessionOrder,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[Session]:
    """One page of the sessions that meet the criteria.

    Raises:
        BadUserInputError: A value is not acceptable, or a cursor is not of this list.
    """
    column, direction = order_by.value.split()
    selection = select_sessions(criteria, column)
    return page(
        snapshot,
        SessionRecord,
        select=selection.select,
        where=selection.where,
        params=selection.params,
        order=Order((column, "id"), descending=direction == "desc"),
        make=Session.of,
        first=first,
        after=after,
        last=last,
        before=before,
    )
