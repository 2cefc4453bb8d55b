"""`Live`: what the source of a subscription runs on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar, TypeVarTuple

from synthetic.contributions import EventType
from synthetic.database.database import Database
from synthetic.database.snapshot import Snapshot
from synthetic.log.events import Event, EventFilter, filter_of
from synthetic.log.hub import Follower, Hub
from synthetic.log.positions import Position

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


class Live:
    """Reads of the store, and the log as it grows, for the source of a subscription.

    Attributes:
        is_reading: Whether the source waits for the store, which does not take long.
    """

    def __init__(
        self, database: Database, hub: Hub, resume: Position | None = None, *, is_interrupted: bool = True
    ) -> None:
        """Make it.

        Args:
            database: To read from.
            hub: Whom to follow.
            resume: Where its client has come to; it comes before what the document says.
            is_interrupted: Whether the client was cut off there, rather than slow.
        """
        self._database = database
        self._hub = hub
        self._resume = resume
        self._is_interrupted = is_interrupted
        self._epoch = ""
        self._followers: list[tuple[Follower, asyncio.Task[object] | None]] = []
        self.is_reading = False

    @property
    def follows(self) -> bool:
        """Whether the source follows the log."""
        return bool(self._followers)

    def find_end(self, task: asyncio.Task[object] | None) -> Position | None:
        """The position up to which the source has seen the log, while it waits for what follows.

        None while it does something else, and where that cannot be told: of
        one that follows the log twice, or in another task than the one that
        takes what it yields.

        Args:
            task: That takes what it yields.
        """
        if len(self._followers) != 1:
            return None
        follower, followed_in = self._followers[0]
        return follower.position if follower.is_waiting and followed_in is task else None

    def begin(self, after: Position | None) -> Position | None:
        """Where the client goes on from, for a source that has something else to say to one that begins.

        Args:
            after: What its argument says.
        """
        return self._resume or after

    async def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(snapshot, *args)` in a read transaction."""
        self.is_reading = True
        try:
            return await self._database.read(function, *args)
        finally:
            self.is_reading = False

    async def follow(
        self,
        after: Position | None,
        types: Sequence[EventType] | None = None,
        *,
        entity_id: str | None = None,
        construct_id: str | None = None,
        begin: Position | None = None,
    ) -> AsyncGenerator[Event]:
        """Events as they are appended, each once and in order.

        Args:
            after: The last position that the client saw, as its argument says.
            types: Only these.
            entity_id: Only those about this entity.
            construct_id: Only those that belong to this construct.
            begin: Where to begin for a client that has seen nothing yet; None: with what comes from now on.

        Raises:
            ResyncRequiredError: The log cannot be followed from there.
        """
        wanted = filter_of(types, entity_id=entity_id, construct_id=construct_id)
        async with aclosing(self.follow_all(after, wanted, begin=begin)) as events:
            async for event in events:
                yield event

    async def follow_all(
        self, after: Position | None, wanted: EventFilter, *, begin: Position | None = None
    ) -> AsyncGenerator[Event]:
        """As `follow`, with any filter."""
        seen = self._resume or after
        follower = await self._hub.follow(seen or begin, wanted)
        # The hub itself may not have read the log yet, or may have seen a later epoch already.
        self._epoch = follower.position.epoch
        self._followers.append((follower, asyncio.current_task()))
        if seen is not None and self._is_interrupted:
            self._hub.count_resume()
        try:
            while True:
                for event in await follower.next():
                    yield event
        finally:
            follower.close()

    def at(self, event: Event) -> Position:
        """The position to resume from, for whoever has seen an event."""
        return Position(self._epoch, event.position)
