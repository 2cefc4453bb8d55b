"""Root query fields: `timeline`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Annotated

import strawberry

from synthetic import (
    After,
    Asked,
    Before,
    Connection,
    First,
    Last,
    LimitSettings,
    Position,
    Row,
    Snapshot,
    check_id,
    layout_of_pages,
    query,
    read_window,
)
from synthetic_projections.lineage import store
from synthetic_projections.lineage.enums import TimelineOrder
from synthetic_projections.lineage.types import COLUMNS, TimelineEntry

TRUNCATED = "TRUNCATED"


@query(reads=("projections.timeline",))
def timeline(
    snapshot: Snapshot,
    asked: Asked,
    construct_id: Annotated[strawberry.ID, strawberry.argument(description="The construct.")],
    order_by: Annotated[
        TimelineOrder, strawberry.argument(description="In which order.")
    ] = TimelineOrder.OCCURRED_AT_ASC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[TimelineEntry]:
    """Everything that happened to a construct, from any plugin, in the order in which it happened.

    Beside its own events these are events of others that name it: relationships
    from both ends, and sessions that came from it or went elsewhere. What has
    left the log is not there, and the notice TRUNCATED says so.
    """
    id = check_id(construct_id, "constructId")
    order = store.order_of(descending=order_by is TimelineOrder.OCCURRED_AT_DESC)
    window = read_window(snapshot.settings(LimitSettings), order, first, after, last, before)
    rows = store.list_entries(snapshot, id, order, window)
    if store.is_truncated(snapshot, id):
        snapshot.notice(TRUNCATED, "The beginning of the timeline has left the log for the archive.")
    more = len(rows) > window.size
    page = rows[: window.size]
    if window.backward:
        page.reverse()
    epoch = snapshot.position().epoch
    of_nodes, of_edges = asked.reads("nodes"), asked.reads("edges", "node")
    attributes = None if of_nodes is None or of_edges is None else of_nodes | of_edges
    layout = layout_of_pages(
        TimelineEntry.of.layout(COLUMNS, attributes), columns=COLUMNS, order=order, window=window, asked=asked
    )
    rows: list[Row] = [(*row, str(Position(epoch, row[0]))) for row in page]
    return layout.connection(rows, lambda: store.count_entries(snapshot, id), more=more)
