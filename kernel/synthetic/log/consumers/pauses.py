"""`Pauses`: how long a consumer that had nothing more to do waits before it takes in what is new."""

from __future__ import annotations

from synthetic.clock import Clock
from synthetic.log.watch import LogWatch
from synthetic.services.workers import Stopping

LINGER_SECONDS = 0.05
"""From the end of a turn to the next at least, so that a burst of commits is taken in together."""

DELIVERY_SECONDS = 0.000_02
"""For each subscriber of this process, so that what is new is delivered first: to do both at once costs more than one
after the other, and live updates cannot wait. Never longer than `LINGER_SECONDS`."""


class Pauses:
    """The pauses of one consumer."""

    def __init__(self, clock: Clock, watch: LogWatch) -> None:
        """Begin without one.

        Args:
            clock: By which they are.
            watch: Of the log.
        """
        self._clock = clock
        self._watch = watch
        self._idle_since: float | None = None

    def note_idle(self) -> None:
        """A turn has ended after which there was nothing more to do."""
        self._idle_since = self._clock.monotonic()

    def rest(self, stopping: Stopping) -> None:
        """Pause, where the turn that begins is the first since then."""
        if self._idle_since is None:
            return
        linger = self._idle_since + LINGER_SECONDS - self._clock.monotonic()
        delivery = min(LINGER_SECONDS, DELIVERY_SECONDS * self._watch.subscribers())
        self._idle_since = None
        if (seconds := max(linger, delivery)) > 0:
            stopping.rest(seconds)
