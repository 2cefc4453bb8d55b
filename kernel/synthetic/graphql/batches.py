"""`Batches`: what the source of a subscription yields, taken together where one commit has brought it.

A source is an asynchronous generator that yields one thing after the other.
What it yields without waiting in between is one batch, and so is what it
yields between short reads of the store. It is driven by the task that asks
for the batches, and by no other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from synthetic.graphql.stepping import Suspended, begin
from synthetic.log.live import Live
from synthetic.log.positions import Position

BATCH_MAX = 100
"""Things of one batch: as many events as a follower is handed at once."""


class _EnoughError(asyncio.CancelledError):
    """Ends a source where it waits, as the end of its task would."""


class Batches:
    """The batches of one source."""

    def __init__(self, source: AsyncIterator[Any], live: Live, *, is_latest: bool) -> None:
        """Make it.

        Args:
            source: The generator.
            live: What it runs on.
            is_latest: Whether nothing may be taken from it before it is asked for.
        """
        self._source = source
        self._live = live
        self._is_latest = is_latest
        self._batch: list[Any] = []
        self._taking: Suspended | None = None
        self._failure: Exception | None = None
        self._has_ended = False

    async def next(self, *, to_end: bool = False) -> list[Any]:
        """The next things; none when the source has ended.

        Args:
            to_end: Wait for nothing that is yet to be written: none either, when all that there is was taken.

        Raises:
            Exception: What the source has raised, after all that it has yielded before.
        """
        while True:
            if self._taking is None and not self._batch:
                if self._failure is not None:
                    raise self._failure
                if self._has_ended:
                    return []
                self._taking = begin(self._take())
                if self._taking is None:
                    # A source that never waits, with a client that takes all of it, would let nobody else run.
                    await asyncio.sleep(0)
            # What waits for the store is let go on: more of the same batch may follow.
            if self._batch and (self._taking is None or not self._live.is_reading):
                batch, self._batch = self._batch, []
                return batch
            if self._taking is not None:
                if to_end and self.find_end() is not None:
                    return []
                await self._taking
                if self._taking.is_over:
                    self._taking = None

    def find_end(self) -> Position | None:
        """Up to where the source has seen the log, where it waits for what follows; None where it does not."""
        if self._batch or self._taking is None:
            return None
        return self._live.find_end(asyncio.current_task())

    async def close(self) -> None:
        """End the source."""
        taking, self._taking = self._taking, None
        if taking is not None and not taking.is_over:
            with contextlib.suppress(_EnoughError):
                taking.throw(_EnoughError())
                while not taking.is_over:
                    await taking
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()

    async def _take(self) -> None:
        """Take from the source until there are enough for a batch."""
        try:
            async for happened in self._source:
                self._batch.append(happened)
                # Of what does not come from the log, nobody knows how much there is.
                if self._is_latest or not self._live.follows or len(self._batch) >= BATCH_MAX:
                    return
            self._has_ended = True
        except Exception as error:  # noqa: BLE001 - what was yielded before comes first
            self._failure = error
