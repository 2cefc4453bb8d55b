"""The GraphQL type of thread sessions, and the field that lists those of a session."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import functools
from collections.abc import Sequence
from typing import Annotated

import strawberry

from synthetic import (
    EVERYTHING,
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
from synthetic_sessions.enums import ThreadSessionOrder
from synthetic_sessions.store import select_threads
from synthetic_sessions.thread_inputs import ThreadSessionFilter
from synthetic_sessions.thread_model import ThreadSession as ThreadSessionRecord
from synthetic_sessions.thread_model import ThreadSessionCriteria
from synthetic_sessions.types import Session, find_session_nodes

OrderBy = Annotated[ThreadSessionOrder, strawberry.argument(description="In which order.")]
Filter = Annotated[ThreadSessionFilter | None, strawberry.argument(description="Which; all without it.")]


@strawberry.type(
    description="Which session answers in a thread of a channel. It goes with its session, and when no message has "
    "come for `plugins.sessions.keep_threads_ms`."
)
class ThreadSession(Node):
    """A row of `thread_sessions`, and its session."""

    id: strawberry.ID = strawberry.field(description="A UUIDv7.")
    channel: str = strawberry.field(description="Where it is talked, as the chat names it.")
    thread_ts: str = strawberry.field(
        description="The thread in the channel, as the chat names it: an opaque text. The two together are unique."
    )
    session_id: strawberry.ID = strawberry.field(description="Id of the session that answers there.")
    user_id: strawberry.ID | None = strawberry.field(
        description="Who began it. It is recorded and filtered by; it keeps nobody out."
    )
    last_message_at: DateTime = strawberry.field(
        description="When the last message came; touches of the last moment may be missing."
    )
    version: int = strawberry.field(description="1 at first, one more with each change; a touch is none.")
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    updated_at: DateTime = strawberry.field(description="When it was changed last.")

    of = FromRecord(ThreadSessionRecord)

    @batched(needs=("session_id",))
    @staticmethod
    def session(snapshot: Snapshot, parents: "Sequence[ThreadSession]", asked: Asked) -> list[Session | None]:
        """The session that answers there; null only where it is being deleted."""
        return find_session_nodes(snapshot, [parent.session_id for parent in parents], asked)


@batched(needs=("id",))
def threads(
    snapshot: Snapshot,
    parents: Sequence[Session],
    asked: Asked,
    order_by: OrderBy = ThreadSessionOrder.LAST_MESSAGE_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[ThreadSession]]:
    """The threads in which it answers; the last talked in first unless asked otherwise."""
    return pages(
        snapshot,
        ThreadSession,
        select_threads(ThreadSessionCriteria(), each="session_id"),
        each=[parent.id for parent in parents],
        order=order_of_threads(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def find_thread_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[ThreadSession | None]:
    """For each id, the thread or None: how `node(id:)` finds them."""
    return find_rows(snapshot, ThreadSession, "thread_sessions", ids, asked)


@functools.cache
def order_of_threads(order_by: ThreadSessionOrder) -> Order:
    """The order that a client asks for."""
    column, direction = order_by.value.split()
    return Order((column, "id"), (int, str), descending=direction == "desc")
