"""Root query fields: `session` and `sessions`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, find_row, query
from synthetic_sessions.enums import SessionOrder
from synthetic_sessions.model import ALL_SESSIONS
from synthetic_sessions.types import Filter, OrderBy, Session, page_of_sessions


@query
def session(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Session | None:
    """The session with this id, or null."""
    return find_row(snapshot, Session, "sessions", id, asked)


@query
def sessions(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = SessionOrder.STARTED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Session]:
    """Sessions, the last started first unless asked otherwise."""
    criteria = ALL_SESSIONS if filter is None else filter.criteria(snapshot)
    return page_of_sessions(snapshot, criteria, order_by, asked, first=first, after=after, last=last, before=before)
