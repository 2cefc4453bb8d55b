"""Root subscription fields: `costs`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple

import strawberry

from synthetic import (
    SYNC_STATUS_CHANGED,
    AfterPosition,
    EventFilter,
    Live,
    Position,
    Snapshot,
    find_making,
    log_horizon,
    read_events,
    subscription,
)
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_projections.costs.asking import Asking, Filter, First, From, GroupBy, MaybeBucket, TimeZone, To
from synthetic_projections.costs.events import COST_RECORDED
from synthetic_projections.costs.store.sums import MODULE, find_progress
from synthetic_projections.costs.types import CostRow
from synthetic_sessions.events import SESSION_SAVED
from synthetic_transcripts.events import USAGE_EVENTS

TYPES = (CONSTRUCT_SAVED, SESSION_SAVED, *USAGE_EVENTS, COST_RECORDED)
"""What changes sums."""

CHANGING = EventFilter(types=frozenset(each.name for each in TYPES))

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

    They come again, too, when the sums were made anew: by other prices, or by a
    rebuild. A burst of changes is one update, and a slow client gets the newest.
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
    seen = await live.read(_look, asking)
    begin, told, making = seen.position, seen.position.number, seen.making
    if live.begin(after) is None:
        yield CostsUpdate(position=begin, rows=seen.rows)
    else:
        # What its client has seen may be less than what the sums hold, and of sums that are not there any more.
        told, making = -1, None
    async with aclosing(live.follow(after, (*TYPES, SYNC_STATUS_CHANGED), begin=begin)) as events:
        async for event in events:
            if event.type == SYNC_STATUS_CHANGED.name:
                # The end of a rebuild is a change of the module's status; most changes are nothing of the kind.
                if event.entity_id != MODULE or making == await live.read(find_making, MODULE):
                    continue
            elif event.position <= told:
                continue
            else:
                await _until_summed(live, event.position)
            seen = await live.read(_look, asking)
            told, making = seen.position.number, seen.making
            yield CostsUpdate(position=seen.position, rows=seen.rows)


async def _until_summed(live: Live, position: int) -> None:
    """Wait until the sums hold an event: however long that takes, since nothing new can be said before."""
    pause = PAUSE_SECONDS
    await asyncio.sleep(pause)
    while await live.read(_summed_to) < position:
        pause = min(2 * pause, PAUSE_SECONDS_MAX)
        await asyncio.sleep(pause)


class _Seen(NamedTuple):
    """What one look has shown.

    Attributes:
        position: The sums hold all that changes them up to there.
        making: By what rebuild they were made.
        rows: What they say.
    """

    position: Position
    making: str | None
    rows: list[CostRow]


def _summed_to(snapshot: Snapshot) -> int:
    """The last event that the sums hold."""
    progress = find_progress(snapshot)
    # What spent last may be archived by now, and nothing have been spent since: whoever follows begins behind it.
    return max(log_horizon(snapshot), 0 if progress is None else progress.last_position)


def _look(snapshot: Snapshot, asking: Asking) -> _Seen:
    through = _summed_to(snapshot)
    # What comes then and changes no sum was seen, too: else a client that comes back is told of a rebuild once more.
    page = read_events(snapshot, through, 1, CHANGING)
    seen_to = page.events[0].position - 1 if page.events else max(through, page.through)
    position = Position(snapshot.position().epoch, seen_to)
    return _Seen(position, find_making(snapshot, MODULE), asking.answer(snapshot))
