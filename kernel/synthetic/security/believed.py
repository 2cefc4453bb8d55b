"""Answers that are looked up and then believed for a short while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
AnswerT = TypeVar("AnswerT")


class Believed(Generic[KeyT, AnswerT]):
    """What a lookup said lately, asked once for all who wait for the same answer.

    Belongs to one event loop. "Nothing" (None) is an answer but never
    remembered, so that what strangers ask for takes no room.
    """

    def __init__(
        self,
        look_up: Callable[[KeyT], Coroutine[Any, Any, AnswerT | None]],
        monotonic: Callable[[], float],
        *,
        seconds: float,
        entries_max: int,
    ) -> None:
        """Make it empty.

        Args:
            look_up: Finds an answer out.
            monotonic: Seconds that never go back.
            seconds: How long an answer is believed, counted from when it was asked for.
            entries_max: How many answers are kept; the oldest goes first.
        """
        self._look_up = look_up
        self._monotonic = monotonic
        self._seconds = seconds
        self._entries_max = entries_max
        self._answers: OrderedDict[KeyT, tuple[AnswerT, float]] = OrderedDict()
        self._lookups: dict[KeyT, asyncio.Task[AnswerT | None]] = {}

    def __contains__(self, key: KeyT) -> bool:
        """Whether there was an answer, be it too old to be believed."""
        return key in self._answers

    def find(self, key: KeyT) -> AnswerT | None:
        """The answer that is there and is believed; None where it would have to be looked up."""
        found = self._answers.get(key)
        if found is not None and self._monotonic() - found[1] < self._seconds:
            return found[0]
        return None

    async def ask(self, key: KeyT) -> AnswerT | None:
        """The answer, looked up unless one is there that is believed.

        Raises:
            Exception: Whatever the lookup raised, for all who waited for it.
        """
        found = self.find(key)
        if found is not None:
            return found
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = asyncio.create_task(self._renew(key))
            self._lookups[key] = lookup
            lookup.add_done_callback(lambda done: self._end(key, done))
        # Whoever leaves must not take the answer from the others.
        return await asyncio.shield(lookup)

    async def _renew(self, key: KeyT) -> AnswerT | None:
        asked = self._monotonic()
        answer = await self._look_up(key)
        self._answers.pop(key, None)
        if answer is not None:
            self._answers[key] = (answer, asked)
            if len(self._answers) > self._entries_max:
                self._answers.popitem(last=False)
        return answer

    def _end(self, key: KeyT, lookup: asyncio.Task[AnswerT | None]) -> None:
        del self._lookups[key]
        if not lookup.cancelled():
            # If all who waited have left, asyncio must not complain that nobody saw the error.
            lookup.exception()
