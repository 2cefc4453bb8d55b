"""Retry of transient faults: exponential back-off with full jitter, inside a deadline.

The pause before attempt n is uniform between 0 and `min(ceiling, first * 2**n)`
("full jitter": https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
With the defaults the ceilings are 10, 20, 40 … 640, then 1,000 ms. What is not
transient is raised at once; exhaustion raises the last fault.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from synthetic.clock import Clock

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to pause between attempts."""

    first_ms: float = 10.0
    ceiling_ms: float = 1_000.0

    def pause_ms(self, attempt: int) -> float:
        """A random pause before the attempt that follows `attempt` (from 0) failures."""
        doubled = self.first_ms * 2 ** min(attempt, 32)
        return random.uniform(0.0, min(self.ceiling_ms, doubled))  # noqa: S311 - jitter is no secret


def retry_until(
    deadline: float,
    function: Callable[[], ResultT],
    *,
    is_transient: Callable[[BaseException], bool],
    clock: Clock,
    on_retry: Callable[[BaseException], None],
    stopped: threading.Event,
    backoff: Backoff | None = None,
) -> ResultT:
    """Call a function until it succeeds, fails for good, or the deadline passes.

    Args:
        deadline: On the clock's monotonic scale, in seconds.
        function: What to call; it may be called many times.
        is_transient: Which errors are worth another attempt.
        clock: Whose monotonic time counts.
        on_retry: Told of each error that is retried, to count it.
        stopped: Set to give up at once, at shutdown.
        backoff: The pauses.

    Returns:
        What the function returned.

    Raises:
        BaseException: The last error of the function.
    """
    pauses = backoff or Backoff()
    attempt = 0
    while True:
        try:
            return function()
        except Exception as error:
            left = deadline - clock.monotonic()
            if left <= 0 or not is_transient(error):
                raise
            on_retry(error)
            if stopped.wait(min(left, pauses.pause_ms(attempt) / 1000)):
                raise
            attempt += 1
