"""`Pace`: services that look often do so more rarely while the log stands still.

A store that nobody writes to should cost next to nothing, and nearly all that a
service looks for comes with an event. What comes with time alone, such as a
retry that is due, is found a little later.
"""

from __future__ import annotations

from synthetic.clock import Clock

STILL_SECONDS = 2.0
"""When no event has come for so long, the log stands still."""

STILL_TIMES = 4
"""The pauses of services are so many times as long then,"""

STILL_PAUSE_SECONDS = 1.0
"""but not longer than this for it."""


class Pace:
    """How long services pause, by when the last event came."""

    def __init__(self, clock: Clock) -> None:
        """Begin as if an event had just come."""
        self._clock = clock
        self._moved_at = clock.monotonic()

    @property
    def is_still(self) -> bool:
        """Whether the log stands still."""
        return self._clock.monotonic() - self._moved_at >= STILL_SECONDS

    def note_event(self) -> bool:
        """Note that events have come; whether the log stood still until now."""
        was_still, self._moved_at = self.is_still, self._clock.monotonic()
        return was_still

    def pause_seconds(self, every_ms: int) -> float:
        """How long a service pauses now that found nothing to do."""
        seconds = every_ms / 1000
        return max(seconds, min(STILL_TIMES * seconds, STILL_PAUSE_SECONDS)) if self.is_still else seconds


def is_often(every_ms: int) -> bool:
    """Whether a service looks so often that it pauses longer while the log stands still, and is woken then."""
    return every_ms / 1000 < STILL_PAUSE_SECONDS
