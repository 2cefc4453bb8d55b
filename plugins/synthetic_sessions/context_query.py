"""Root query fields: `sessionContext` and `sessionContexts`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, bad_input, find_row, page, query
from synthetic_sessions.context_model import SessionContextCriteria
from synthetic_sessions.context_types import Filter, OrderBy, SessionContext, order_of_contexts
from synthetic_sessions.enums import SessionContextOrder
from synthetic_sessions.store import find_context_of_thread, select_contexts


@query
def session_context(
    snapshot: Snapshot,
    asked: Asked,
    id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id; or channel and threadTs.")] = None,
    channel: Annotated[str | None, strawberry.argument(description="The channel, with threadTs.")] = None,
    thread_ts: Annotated[
        str | None, strawberry.argument(description="The thread in the channel, an opaque text.")
    ] = None,
) -> SessionContext | None:
    """The session context with this id, or of those of a thread the one that was used last; or null."""
    if id is not None:
        if channel is not None or thread_ts is not None:
            raise bad_input("id", "must not be given with channel or threadTs")
    elif channel is None or thread_ts is None:
        raise bad_input("id", "must be given, or both channel and threadTs")
    else:
        found = find_context_of_thread(snapshot, channel, thread_ts)
        return None if found is None else SessionContext.of(found)
    return find_row(snapshot, SessionContext, "session_contexts", id, asked)


@query
def session_contexts(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = SessionContextOrder.LAST_USED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[SessionContext]:
    """Session contexts, the last used first unless asked otherwise."""
    return page(
        snapshot,
        SessionContext,
        select_contexts(SessionContextCriteria() if filter is None else filter.criteria()),
        order=order_of_contexts(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
