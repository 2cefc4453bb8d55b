"""The GraphQL type of session contexts, and the field that lists those of a session."""

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
    pages,
)
from synthetic_sessions.context_inputs import SessionContextFilter
from synthetic_sessions.context_model import SessionContext as SessionContextRecord
from synthetic_sessions.context_model import SessionContextCriteria
from synthetic_sessions.enums import SessionContextOrder
from synthetic_sessions.store import select_contexts
from synthetic_sessions.types import Session, find_session_nodes

OrderBy = Annotated[SessionContextOrder, strawberry.argument(description="In which order.")]
Filter = Annotated[SessionContextFilter | None, strawberry.argument(description="Which; all without it.")]


@strawberry.type(
    description="What an agent wants to know again in the next turn of a conversation. It goes with its session, and "
    "when nobody has used it for `plugins.sessions.keep_contexts_ms`."
)
class SessionContext(Node):
    """A row of `session_contexts`, and its session."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    session_id: strawberry.ID | None = strawberry.field(description="Id of the session that it is of.")
    user_id: strawberry.ID | None = strawberry.field(
        description="Whom it serves. It is recorded and filtered by; it keeps nobody out."
    )
    channel: str | None = strawberry.field(description="Where it is talked, as the chat names it.")
    thread_ts: str | None = strawberry.field(
        description="The thread in the channel, as the chat names it: an opaque text."
    )
    state: JSON = strawberry.field(description="What the agent wants to know again: a JSON object.")
    last_used_at: DateTime = strawberry.field(
        description="When it was last changed or touched; touches of the last moment may be missing."
    )
    version: int = strawberry.field(description="1 at first, one more with each change; a touch is none.")
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    updated_at: DateTime = strawberry.field(description="When it was changed last.")

    of = FromRecord(SessionContextRecord)

    @batched(needs=("session_id",))
    @staticmethod
    def session(snapshot: Snapshot, parents: "Sequence[SessionContext]", asked: Asked) -> list[Session | None]:
        """The session that it is of."""
        return find_session_nodes(snapshot, [parent.session_id for parent in parents], asked)


@batched(needs=("id",))
def contexts(
    snapshot: Snapshot,
    parents: Sequence[Session],
    asked: Asked,
    order_by: OrderBy = SessionContextOrder.LAST_USED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[SessionContext]]:
    """What its agent wants to know again, by conversation; the last used first unless asked otherwise."""
    return pages(
        snapshot,
        SessionContext,
        select_contexts(SessionContextCriteria(), each="session_id"),
        each=[parent.id for parent in parents],
        order=order_of_contexts(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def find_context_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[SessionContext | None]:
    """For each id, the context or None: how `node(id:)` finds them."""
    return find_rows(snapshot, SessionContext, "session_contexts", ids, asked)


@functools.cache
def order_of_contexts(order_by: SessionContextOrder) -> Order:
    """The order that a client asks for."""
    column, direction = order_by.value.split()
    return Order((column, "id"), (int, str), descending=direction == "desc")
