"""`Pace`: a service that looks often does so more rarely while none of the events come that it has to do with.

A store that nobody writes to should cost next to nothing, and nearly all that a
service looks for comes with an event. What comes with time alone, such as a
retry that is due, is found a little later.
"""

from __future__ import annotations

from collections.abc import Collection

from synthetic.clock import Clock
from synthetic.contributions import EventType

STILL_SECONDS = 2.0
"""When no event has come for so long, the log stands still for a service."""

STILL_TIMES = 4
"""Its pauses are so many times as long then,"""

STILL_PAUSE_SECONDS = 1.0
"""but not longer than this for it."""


class Pace:
    """How long a service pauses, by when the last event came that it has to do with."""

    def __init__(self, clock: Clock, events: Collection[EventType] | None = None) -> None:
        """Begin as if one had just come.

        Args:
            clock: By which it is.
            events: Those that it has to do with; None: all.
        """
        self._clock = clock
        self._moved_at = clock.monotonic()
        self._wanted = None if events is None else frozenset(each.name for each in events)

    @property
    def is_still(self) -> bool:
        """Whether the log stands still."""
        return self._clock.monotonic() - self._moved_at >= STILL_SECONDS

    def note_events(self, types: frozenset[str] | None) -> bool:
        """Note that events of these types have come, or, by None, of any; whether the log stood still until now."""
        if types is not None and self._wanted is not None and self._wanted.isdisjoint(types):
            return False
        was_still, self._moved_at = self.is_still, self._clock.monotonic()
        return was_still

    def pause_seconds(self, every_ms: int) -> float:
        """How long a service pauses now that found nothing to do."""
        seconds = every_ms / 1000
        return max(seconds, min(STILL_TIMES * seconds, STILL_PAUSE_SECONDS)) if self.is_still else seconds


def is_often(every_ms: int) -> bool:
    """Whether a service looks so often that it pauses longer while the log stands still, and is woken then."""
    return every_ms / 1000 < STILL_PAUSE_SECONDS
