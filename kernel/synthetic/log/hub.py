"""`Hub`: the followers of one process, served from one reading of the log.

New events of other processes are read once, those of this process are told by
its writer, and both are kept in a short window in memory. Each follower has
only its position. One that keeps up is served from the window; one that
begins further back, or that its client holds up, reads pages of the log at its
own pace until it has caught up. So nobody waits for a slow one, and a slow one
costs no memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import Callable
from operator import attrgetter

from synthetic.database.database import Database
from synthetic.errors import SyntheticError
from synthetic.log.appended import Appended
from synthetic.log.event_types import EPOCH_BEGAN
from synthetic.log.events import EVERYTHING, Event, EventFilter, EventPage, read_events
from synthetic.log.positions import LogEnds, Position, check_position, read_ends
from synthetic.logs import logger_for
from synthetic.metrics import Metrics

READ_EVENTS = 500
"""New events that are read at once."""

PAGE_EVENTS = 100
"""Events that a follower is handed at once; so many it holds while its client takes none."""

WINDOW_EVENTS = 2_000
"""Events kept in memory for followers that keep up."""

AGAIN_SECONDS = 0.25
"""Pause after the log could not be read."""

log = logger_for(__name__)
_position = attrgetter("position")


class Hub:
    """Hands new events to the followers of one event loop.

    Attributes:
        end: The log was read up to this position.
        epoch: Of that position.
        sharing: Subscribers that have no follower of their own, since another's serves them as well.
    """

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        self.sharing = 0
        self._followers: set[Follower] = set()
        self._window: list[Event] = []
        self._begin = 0
        self.end = 0
        self.epoch = ""
        self._reading: asyncio.Task[None] | None = None
        metrics.subscribers.set_function(self._count)

    async def follow(self, after: Position | None, wanted: EventFilter = EVERYTHING) -> Follower:
        """Begin to follow.

        Args:
            after: The last position that was seen; None: from now on.
            wanted: Which events.

        Returns:
            A follower, which must be closed.

        Raises:
            ResyncRequiredError: The log cannot be followed from there.
        """
        ends = await self._database.read(read_ends)
        number = ends.head if after is None else check_position(after, ends)
        follower = Follower(self, Position(ends.epoch, number), wanted)
        self._followers.add(follower)
        self._begin_reading()
        return follower

    def count_resume(self) -> None:
        """Note that a client goes on from a position that it brought."""
        self._metrics.resumes.inc()

    def leave(self, follower: Follower) -> None:
        """Forget a follower; with the last one, stop reading."""
        self._followers.discard(follower)
        if not self._followers and self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def page(self, position: int, wanted: EventFilter, limit: int = PAGE_EVENTS) -> EventPage:
        """What follows a position, from the log itself."""
        return await self._database.read(read_events, position, limit, wanted)

    def recent(self, position: int, epoch: str) -> list[Event] | None:
        """What follows a position, from memory; None if that does not reach back so far."""
        if epoch != self.epoch or not self._begin <= position <= self.end:
            return None
        return self._window[bisect_right(self._window, position, key=_position) :]

    def _count(self) -> int:
        return len(self._followers) + self.sharing

    def _begin_reading(self) -> None:
        loop = asyncio.get_running_loop()
        if self._reading is None or self._reading.done() or self._reading.get_loop() is not loop:
            self._window, self.end, self.epoch = [], 0, ""
            self._reading = loop.create_task(self._read())

    async def _read(self) -> None:
        """Read new events as they come, and tell those who wait for them."""
        loop, moved = asyncio.get_running_loop(), asyncio.Event()

        def take(appended: Appended) -> None:
            if not self._take(appended):
                moved.set()

        def tell(appended: Appended) -> None:
            # From any thread. What is told of twice is nothing new the second time.
            if appended.head != self.end:
                # A loop that has ended is left with its followers.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(take, appended)

        end_listening = self._database.watch.listen(tell, count_subscribers=self._count)
        try:
            moved.set()
            while True:
                await moved.wait()
                moved.clear()
                try:
                    while await self._read_page():
                        pass
                except SyntheticError as error:
                    log.warning("log not read", code=error.code)
                    loop.call_later(AGAIN_SECONDS, moved.set)
                except Exception:
                    # Whatever it is, those who follow would otherwise wait for ever.
                    log.exception("log not read")
                    loop.call_later(AGAIN_SECONDS, moved.set)
        finally:
            end_listening()

    async def _read_page(self) -> bool:
        """Take in what is new; whether there may be more."""
        if not self.epoch:
            self._begin_at(await self._database.read(read_ends))
            return False
        after = self.end
        events, through, ends = await self.page(after, EVERYTHING, READ_EVENTS)
        if ends.epoch != self.epoch:
            self._begin_at(ends)
            return False
        if self.end > after:
            # Meanwhile some of these were told.
            events = [event for event in events if event.position > self.end]
            through = max(through, self.end)
        self._go_on(events, through)
        return through < ends.head

    def _take(self, appended: Appended) -> bool:
        """Take in what was told; False where it has to be read."""
        if not self.epoch:
            return False
        if appended.head <= self.end:
            # It was read meanwhile, or is told of again.
            return True
        if appended.after != self.end or appended.events is None or EPOCH_BEGAN.name in (appended.types or ()):
            return False
        numbered = enumerate(appended.events, appended.after + 1)
        self._go_on([Event(position, self.epoch, *values) for position, values in numbered], appended.head)
        return True

    def _go_on(self, events: list[Event], through: int) -> None:
        """Keep what is new, and offer it to those who wait."""
        self._window += events
        self.end = through
        if len(self._window) > WINDOW_EVENTS:
            dropped = len(self._window) - WINDOW_EVENTS // 2
            self._begin = self._window[dropped - 1].position
            del self._window[:dropped]
        for follower in self._followers:
            follower.offer(events, through)

    def _begin_at(self, ends: LogEnds) -> None:
        """Begin with what comes after the head; what is before, followers read themselves."""
        self._window, self._begin, self.end, self.epoch = [], ends.head, ends.head, ends.epoch
        for follower in self._followers:
            follower.look_again()


class Follower:
    """One who follows the log.

    Attributes:
        position: Everything up to here was handed out, or did not match.
    """

    def __init__(self, hub: Hub, position: Position, wanted: EventFilter) -> None:
        self.position = position
        self._hub = hub
        self._wanted = wanted
        self._matches: Callable[[Event], bool] = wanted.matcher()
        self._waiting: asyncio.Event | None = None
        self._offered: list[Event] = []

    @property
    def is_waiting(self) -> bool:
        """Whether all events up to its position were handed out, and it waits for those that follow."""
        return self._waiting is not None and not self._waiting.is_set()

    async def next(self) -> list[Event]:
        """The next events that match, in order; waits until there are some.

        Raises:
            ResyncRequiredError: The log cannot be followed any further from where this one is.
            SyntheticError: The log cannot be read.
        """
        while True:
            recent = self._hub.recent(self.position.number, self.position.epoch)
            is_at_end = True
            if recent is None:
                page = await self._hub.page(self.position.number, self._wanted)
                check_position(self.position, page.ends)
                events, through = page.events, page.through
                is_at_end = through >= page.ends.head
            else:
                events = [event for event in recent if self._matches(event)][:PAGE_EVENTS]
                through = events[-1].position if len(events) == PAGE_EVENTS else self._hub.end
            self.position = self.position._replace(number=max(through, self.position.number))
            if events:
                return events
            # While a page was read, the hub may have gone on, and told this one before it waited.
            if is_at_end and self.position.number >= self._hub.end:
                await self._wait()
                if self._offered:
                    events, self._offered = self._offered, []
                    return events

    def offer(self, events: list[Event], end: int) -> None:
        """From the hub: these are new, and the log has come so far."""
        if self._waiting is None or len(self._offered) >= PAGE_EVENTS:
            # Who does not come for what it was offered goes on behind that, from the log.
            return
        # It waits with all seen up to the first of these. Where none is for it, it need not be woken to know that.
        matching = [event for event in events if event.position > self.position.number and self._matches(event)]
        self.position = self.position._replace(number=max(end, self.position.number))
        if matching:
            self._offered += matching
            self._waiting.set()

    def look_again(self) -> None:
        """From the hub: the log is not the one that it was."""
        if self._waiting is not None:
            self._waiting.set()

    def close(self) -> None:
        """Follow no more."""
        self._hub.leave(self)

    async def _wait(self) -> None:
        self._waiting = asyncio.Event()
        try:
            await self._waiting.wait()
        finally:
            self._waiting = None
