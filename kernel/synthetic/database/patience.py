"""`Patience`: how the writer waits for a write lock that another process holds.

SQLite's own wait looks again after pauses that grow to a tenth of a second.
A process that commits without a rest lets go of the lock for a tenth of a
millisecond at a time, and is then almost never met: the others wait for
seconds. Who looks about every millisecond comes in between within some tens
of them, for next to no processor.
"""

from __future__ import annotations

import random
import time

PAUSE_SECONDS = 0.001
"""The mean pause between two looks; drawn anew each time, so that two processes do not keep step."""

LONG_SECONDS = 1.0
LONG_PAUSE_SECONDS = 0.01
"""Who has held the lock for so long holds it for more than a commit: it is looked for more rarely then."""


class Patience:
    """A busy handler of SQLite with a deadline."""

    def __init__(self, wait_ms: int) -> None:
        """Begin to wait.

        Args:
            wait_ms: For how long at most.
        """
        self._began = time.monotonic()
        self._wait_seconds = wait_ms / 1000

    def __call__(self, _looks: int) -> bool:
        """Pause; whether to look again."""
        waited = time.monotonic() - self._began
        left = self._wait_seconds - waited
        if left <= 0:
            return False
        pause = PAUSE_SECONDS if waited < LONG_SECONDS else LONG_PAUSE_SECONDS
        time.sleep(min(left, pause * random.uniform(0.5, 1.5)))  # noqa: S311 - spreads looks, guards nothing
        return True
