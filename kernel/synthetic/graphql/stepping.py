"""Coroutines that are begun outside of a task of their own: most of them end without waiting for anything.

To hand a message to a connection takes a few microseconds as long as the
connection takes it, and a task that is woken for it costs as much again. So
whoever has something to hand over begins the coroutine itself, and only where
that waits, a task goes on with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, cast


class Suspended:
    """A coroutine that was begun and waits for something.

    To await it waits for that one thing and lets the coroutine go on, until it
    waits again or is over; what it raises then is raised here.

    Attributes:
        is_over: Whether it has ended.
    """

    __slots__ = ("_coroutine", "_waits_for", "is_over")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for
        self.is_over = False

    def __await__(self) -> Generator[Any, Any, None]:
        try:
            sent = yield self._waits_for
        except BaseException as error:  # noqa: BLE001 - as `await` does, cancellation included
            self._go_on(self._coroutine.throw, error)
        else:
            self._go_on(self._coroutine.send, sent)

    def throw(self, error: BaseException) -> None:
        """Raise an error where it waits; nobody waits for that any more, as when a task is cancelled."""
        waits_for = self._waits_for
        if isinstance(waits_for, asyncio.Future):
            cast("asyncio.Future[Any]", waits_for).cancel()
        self._go_on(self._coroutine.throw, error)

    def _go_on(self, how: Callable[[Any], Any], what: Any) -> None:
        is_over = True
        try:
            self._waits_for = how(what)
            is_over = False
        except StopIteration:
            # The coroutine has returned.
            pass
        finally:
            self.is_over = is_over


def begin(coroutine: Coroutine[Any, Any, None]) -> Suspended | None:
    """Run a coroutine up to where it waits; None when it is over without.

    Raises:
        BaseException: Whatever it raises.
    """
    try:
        waits_for = coroutine.send(None)
    except StopIteration:
        return None
    return Suspended(coroutine, waits_for)
