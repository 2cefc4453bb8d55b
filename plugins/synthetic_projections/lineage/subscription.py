"""Root subscription fields: `timeline`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from synthetic import AfterPosition, EventFilter, Live, check_id, subscription
from synthetic_projections.lineage.model import mentioned_in
from synthetic_projections.lineage.types import TimelineEntry


@subscription(graphql_name="timeline")
async def timeline_updates(
    live: Live,
    construct_id: Annotated[strawberry.ID, strawberry.argument(description="The construct.")],
    after: AfterPosition = None,
) -> AsyncGenerator[TimelineEntry]:
    """What happens to a construct, as it is appended: every entry once, in the order of the log.

    One that comes late may have occurred before another that was there already.
    """
    id = check_id(construct_id, "constructId")
    async with aclosing(live.follow_all(after, EventFilter())) as records:
        async for record in records:
            if record.construct_id == id or id in mentioned_in(record):
                yield TimelineEntry.of(record, position=live.at(record))
