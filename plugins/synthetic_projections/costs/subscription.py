"""Root subscription fields: `costs`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from synthetic import AfterPosition, Live, Position, Snapshot, log_horizon, subscription
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_projections.costs.asking import Asking, Filter, First, From, GroupBy, MaybeBucket, TimeZone, To
from synthetic_projections.costs.events import COST_RECORDED
from synthetic_projections.costs.store.sums import find_progress
from synthetic_projections.costs.types import CostRow
from synthetic_sessions.events import SESSION_SAVED
from synthetic_transcripts.events import USAGE_EVENTS

TYPES = (CONSTRUCT_SAVED, SESSION_SAVED, *USAGE_EVENTS, COST_RECORDED)
"""What changes sums."""

PAUSE_SECONDS = 0.1
PAUSE_SECONDS_MAX = 2.0
"""Pauses between looks whether an event is in the sums; the first one makes a burst of events one update."""


@strawberry.type(description="Costs as they are now.")
class CostsUpdate:
    """What the subscription `costs` yields."""

    position: Position = strawberry.field(description="Where to go on from, for whoever has seen this update.")
    rows: list[CostRow] = strawberry.field(description="The rows, as the query `costs` gives them.")


@subscription(latest=True, graphql_name="costs")
async def cost_updates(
    live: Live,
    group_by: GroupBy = None,
    from_at: From = None,
    to_at: To = None,
    time_zone: TimeZone = "UTC",
    bucket: MaybeBucket = None,
    filter: Filter = None,
    first: First = None,
    after: AfterPosition = None,
) -> AsyncGenerator[CostsUpdate]:
    """Costs as they are now, and again whenever something was spent; the arguments are those of the query.

    A burst of changes is one update, and a slow client gets the newest.
    """
    asking = Asking(
        group_by=group_by,
        from_at=from_at,
        to_at=to_at,
        time_zone=time_zone,
        bucket=bucket,
        filter=filter,
        first=first,
    )
    begin, told, rows = await live.read(_look, asking)
    if live.begin(after) is None:
        yield CostsUpdate(position=begin, rows=rows)
    else:
        # What its client has seen may be less than what the sums hold.
        told = -1
    async with aclosing(live.follow(after, TYPES, begin=begin)) as events:
        async for event in events:
            if event.position <= told:
                continue
            await _until_summed(live, event.position)
            position, told, rows = await live.read(_look, asking)
            yield CostsUpdate(position=position, rows=rows)


async def _until_summed(live: Live, position: int) -> None:
    """Wait until the sums hold an event: however long that takes, since nothing new can be said before."""
    pause = PAUSE_SECONDS
    await asyncio.sleep(pause)
    while await live.read(_summed_to) < position:
        pause = min(2 * pause, PAUSE_SECONDS_MAX)
        await asyncio.sleep(pause)


def _summed_to(snapshot: Snapshot) -> int:
    """Up to which event the sums hold the log."""
    progress = find_progress(snapshot)
    # What spent last may be archived by now, and nothing have been spent since: whoever follows begins behind it.
    return max(log_horizon(snapshot), 0 if progress is None else progress.last_position)


def _look(snapshot: Snapshot, asking: Asking) -> tuple[Position, int, list[CostRow]]:
    """Up to where the sums hold the log, as a position and as its number, and what they say."""
    through = _summed_to(snapshot)
    return Position(snapshot.position().epoch, through), through, asking.answer(snapshot)
