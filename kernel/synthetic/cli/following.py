"""Following the log from a command: no server, no event loop, and no look at the store while nothing happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from synthetic.contributions import EventType
from synthetic.log.events import Event, EventFilter, filter_of, read_events
from synthetic.log.positions import Position, check_position, read_position

if TYPE_CHECKING:
    from synthetic.database.snapshot import Snapshot
    from synthetic.store import Store

PAGE_EVENTS = 500
"""New events that are read at once."""

PAUSE_SECONDS = 0.1
"""Shortest time between two looks at the end of the log: who draws what is found need not do so more often."""

TICK_SECONDS = 0.25
"""How often it is seen, while nothing happens, whether to stop."""

ResultT = TypeVar("ResultT")


class _Page(NamedTuple, Generic[ResultT]):
    """What one look at the log came to.

    Attributes:
        position: Up to where everything was looked at.
        is_at_end: Whether that was the head.
        found: What the reader returned, in a tuple; empty when nothing had happened, so that it was not called.
    """

    position: Position
    is_at_end: bool
    found: tuple[ResultT, ...]


def follow_log(
    store: Store,
    read: Callable[[Snapshot, Sequence[Event]], ResultT],
    types: Sequence[EventType],
    stop: threading.Event,
) -> Generator[tuple[Position, ResultT]]:
    """What a function finds in the store now, and again each time that something has happened, until told to stop.

    The log of other processes is followed as well as this one's.

    Args:
        store: To follow.
        read: Called in a snapshot with the events that are new in it, in order; at first with none. Each event is
            handed over once.
        types: Only events of these types count.
        stop: Ends it; `stop_requests` gives one.

    Yields:
        Up to where everything was looked at, and what `read` returned.

    Raises:
        ResyncRequiredError: The store was restored meanwhile, or this stood still for so long that events were missed.
    """
    moved, wanted = threading.Event(), filter_of(types)
    end_listening = store.kernel.database.watch.listen(lambda _appended: moved.set())
    try:
        position, found = store.read(lambda snapshot: (read_position(snapshot), read(snapshot, ())))
        yield position, found
        while not stop.is_set():
            moved.clear()
            page = store.read(_read_page, position, wanted, read)
            position = page.position
            for result in page.found:
                yield position, result
            if page.is_at_end:
                stop.wait(PAUSE_SECONDS)
                while not stop.is_set() and not moved.wait(TICK_SECONDS):
                    pass
    finally:
        end_listening()


def _read_page(
    snapshot: Snapshot, after: Position, wanted: EventFilter, read: Callable[[Snapshot, Sequence[Event]], ResultT]
) -> _Page[ResultT]:
    page = read_events(snapshot, after.number, PAGE_EVENTS, wanted)
    check_position(after, page.ends)
    found = (read(snapshot, page.events),) if page.events else ()
    return _Page(after._replace(number=max(page.through, after.number)), page.through >= page.ends.head, found)
