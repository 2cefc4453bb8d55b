"""How the answer of a write or read travels from the thread that did it to the one that asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from typing import Any, Protocol


class Ticket(Protocol):
    """A place for one answer."""

    def settle(self, result: Any, error: BaseException | None) -> None:
        """Hand over the answer; called once, by the thread that did the work."""
        ...


class BlockingTicket:
    """For a caller that is a thread of its own."""

    __slots__ = ("_error", "_lock", "_result")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._result: Any = None
        self._error: BaseException | None = None

    def settle(self, result: Any, error: BaseException | None) -> None:
        """Keep the answer and wake the caller; a second one changes nothing."""
        if not self._lock.locked():
            return
        self._result, self._error = result, error
        self._lock.release()

    def wait(self) -> Any:
        """The answer, when it is there; an error is raised."""
        with self._lock:
            if self._error is not None:
                raise self._error
            return self._result


class LoopTicket:
    """For a coroutine; `future` belongs to its event loop."""

    __slots__ = ("future", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()

    def settle(self, result: Any, error: BaseException | None) -> None:
        """Send the answer to the event loop that waits for it."""
        _wake(self.loop, [(self, result, error)])

    def deliver(self, result: Any, error: BaseException | None) -> None:
        """Complete the future, in its own loop; the caller may have left."""
        if self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


Settlement = tuple[Ticket, Any, BaseException | None]
LoopSettlement = tuple[LoopTicket, Any, BaseException | None]


def settle_all(settlements: Iterable[Settlement]) -> None:
    """Hand over many answers, waking each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[LoopSettlement]] = {}
    for ticket, result, error in settlements:
        if isinstance(ticket, LoopTicket):
            by_loop.setdefault(ticket.loop, []).append((ticket, result, error))
        else:
            ticket.settle(result, error)
    for loop, batch in by_loop.items():
        _wake(loop, batch)


def _wake(loop: asyncio.AbstractEventLoop, batch: list[LoopSettlement]) -> None:
    # A loop that closed meanwhile has nobody left who waits.
    if loop.is_closed():
        return
    try:
        loop.call_soon_threadsafe(_deliver_all, batch)
    except RuntimeError:
        if not loop.is_closed():
            raise


def _deliver_all(batch: list[LoopSettlement]) -> None:
    for ticket, result, error in batch:
        ticket.deliver(result, error)
