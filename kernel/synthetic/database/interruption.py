"""Stopping work: a deadline, or a client that left."""

from __future__ import annotations

from synthetic.clock import Clock
from synthetic.errors import CancelledError, DeadlineExceededError, SyntheticError


class Interruption:
    """Whether one piece of work should stop, asked between and during statements.

    Cancelling is a plain assignment, so any thread may do it at any time
    without a lock; work that has ended is not affected.
    """

    __slots__ = ("_cancelled", "_clock", "_deadline")

    def __init__(self, clock: Clock, deadline: float | None = None) -> None:
        """Start the watch.

        Args:
            clock: Whose monotonic time counts.
            deadline: On that scale, in seconds; None for no deadline.
        """
        self._clock = clock
        self._deadline = deadline
        self._cancelled = False

    @property
    def deadline(self) -> float | None:
        """On the clock's monotonic scale, in seconds; None without one."""
        return self._deadline

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._cancelled = True

    def reason(self) -> SyntheticError | None:
        """Why the work should stop, or None."""
        if self._cancelled:
            return CancelledError()
        if self._deadline is not None and self._clock.monotonic() >= self._deadline:
            return DeadlineExceededError(retry_after_ms=1_000)
        return None

    def check(self) -> None:
        """Stop the work if it should.

        Raises:
            CancelledError: The one who asked has left.
            DeadlineExceededError: Its time is up.
        """
        if self._cancelled or self._deadline is not None:
            reason = self.reason()
            if reason is not None:
                raise reason
