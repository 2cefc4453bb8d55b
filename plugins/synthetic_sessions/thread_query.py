"""Root query fields: `threadSession` and `threadSessions`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, page, query
from synthetic_sessions.enums import ThreadSessionOrder
from synthetic_sessions.store import find_thread, select_threads
from synthetic_sessions.thread_model import ThreadSessionCriteria
from synthetic_sessions.thread_types import Filter, OrderBy, ThreadSession, order_of_threads


@query
def thread_session(
    snapshot: Snapshot,
    channel: Annotated[str, strawberry.argument(description="The channel.")],
    thread_ts: Annotated[str, strawberry.argument(description="The thread in the channel, an opaque text.")],
) -> ThreadSession | None:
    """Which session answers in this thread, or null."""
    found = find_thread(snapshot, channel, thread_ts)
    return None if found is None else ThreadSession.of(found)


@query
def thread_sessions(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = ThreadSessionOrder.LAST_MESSAGE_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[ThreadSession]:
    """Thread sessions, the last talked in first unless asked otherwise."""
    return page(
        snapshot,
        ThreadSession,
        select_threads(ThreadSessionCriteria() if filter is None else filter.criteria()),
        order=order_of_threads(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )
