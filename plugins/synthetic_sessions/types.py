"""The GraphQL type of sessions, and the field that it adds to constructs."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import functools
from collections.abc import Sequence
from typing import Annotated

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
    Node,
    Order,
    Snapshot,
    batched,
    find_rows,
    page,
    pages,
    values_of,
)
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_sessions.enums import SessionOrder, SessionStatus
from synthetic_sessions.inputs import SessionFilter
from synthetic_sessions.model import ALL_SESSIONS, Criteria
from synthetic_sessions.model import Session as SessionRecord
from synthetic_sessions.store import select_sessions, stale_before

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

    of = FromRecord(SessionRecord)

    @batched(needs=("status", "last_activity_at"))
    @staticmethod
    def is_stale(snapshot: Snapshot, parents: "Sequence[Session]") -> list[bool]:
        """Whether it is ACTIVE, and nobody has touched it within `plugins.sessions.stale_ms`."""
        limit = stale_before(snapshot)
        return [parent.status == SessionStatus.ACTIVE and parent.last_activity_at < limit for parent in parents]

    @batched(needs=("construct_id",))
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[Session]", asked: Asked) -> list[Construct | None]:
        """The construct that it works on."""
        return find_construct_nodes(snapshot, values_of(parents, "construct_id"), asked)

    @batched(needs=("parent_session_id",))
    @staticmethod
    def parent(snapshot: Snapshot, parents: "Sequence[Session]", asked: Asked) -> "list[Session | None]":
        """The session whose agent started this one; null too where that is not stored (yet)."""
        return find_session_nodes(snapshot, values_of(parents, "parent_session_id"), asked)

    @batched(needs=("id",))
    @staticmethod
    def children(
        snapshot: Snapshot,
        parents: "Sequence[Session]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> "list[Connection[Session]]":
        """The sessions of the sub-agents that it started, the first started first."""
        order = order_of(SessionOrder.STARTED_AT_ASC)
        return pages(
            snapshot,
            Session,
            select_sessions(ALL_SESSIONS, order.columns[0], each="parent_session_id"),
            each=values_of(parents, "id"),
            order=order,
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )


@batched(needs=("id",))
def sessions(
    snapshot: Snapshot,
    parents: Sequence[Construct],
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = SessionOrder.STARTED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Session]]:
    """The sessions that work on it, those of sub-agents too; the last started first unless asked otherwise."""
    criteria = ALL_SESSIONS if filter is None else filter.criteria(snapshot)
    order = order_of(order_by)
    return pages(
        snapshot,
        Session,
        select_sessions(criteria, order.columns[0], each="construct_id"),
        each=values_of(parents, "id"),
        order=order,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def find_session_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[Session | None]:
    """For each id, the session or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Session, "sessions", ids, asked)


@functools.cache
def order_of(order_by: SessionOrder) -> Order:
    """The order that a client asks for."""
    column, direction = order_by.value.split()
    return Order((column, "id"), (int, str), descending=direction == "desc")


def page_of_sessions(
    snapshot: Snapshot,
    criteria: Criteria,
    order_by: SessionOrder,
    asked: Asked = EVERYTHING,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[Session]:
    """One page of the sessions that meet the criteria.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or a cursor is not of this list.
    """
    order = order_of(order_by)
    return page(
        snapshot,
        Session,
        select_sessions(criteria, order.columns[0]),
        order=order,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
