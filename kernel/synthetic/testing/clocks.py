"""Time in tests: a clock to move, and waiting for what others bring about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from synthetic.clock import Clock, RunningTime, new_id

ResultT = TypeVar("ResultT")

WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.01


class ManualClock:
    """A clock that stands still until it is moved; monotonic time can run on."""

    def __init__(self, now_ms: int = 1_800_000_000_000, *, monotonic: Clock | None = None) -> None:
        """Set the clock.

        Args:
            now_ms: Unix milliseconds it shows.
            monotonic: Whose monotonic time it shows; None: it stands still too.
        """
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._seconds = 0.0
        self._run = new_id()

    def now_ms(self) -> int:
        """Unix milliseconds UTC."""
        return self._now_ms

    def monotonic(self) -> float:
        """Seconds since some instant."""
        return self._seconds if self._monotonic is None else self._monotonic.monotonic()

    def running_time(self) -> RunningTime:
        """How far it was advanced; each clock is a run of its own."""
        return RunningTime(self._run, self._seconds)

    def advance(self, ms: int) -> None:
        """Move it; a negative number sets the wall clock back, never the monotonic one."""
        self._now_ms += ms
        self._seconds += max(0, ms) / 1000

    def jump(self, ms: int) -> None:
        """Set the wall clock forward or back, as if no time had passed."""
        self._now_ms += ms


def wait_until(holds: Callable[[], ResultT], what: str = "it", *, seconds: float = WAIT_SECONDS) -> ResultT:
    """Look again and again until something holds: for what another thread or process brings about.

    Args:
        holds: Looks; what it returns counts as true or false.
        what: What is waited for, for the message.
        seconds: How long at most.

    Returns:
        What `holds` returned in the end.

    Raises:
        AssertionError: It did not come about.
    """
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about within {seconds:g} s")
        time.sleep(LOOK_SECONDS)
    return found
