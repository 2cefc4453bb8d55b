"""Stopping work: a deadline, or a client that left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from typing import TypeVar

from synthetic.clock import Clock
from synthetic.errors import CancelledError, DeadlineExceededError, SyntheticError

ResultT = TypeVar("ResultT")

RETRY_MS = 1_000


class Interruption:
    """Whether one piece of work should stop, asked between and during statements.

    Cancelling is a plain assignment, so any thread may do it at any time
    without a lock; work that has ended is not affected.

    Attributes:
        deadline: On the clock's monotonic scale, in seconds; None without one.
        cancelled: Whether the one who asked has left.
    """

    __slots__ = ("_clock", "cancelled", "deadline")

    def __init__(self, clock: Clock, deadline: float | None = None) -> None:
        """Start the watch.

        Args:
            clock: Whose monotonic time counts.
            deadline: On that scale, in seconds; None for no deadline.
        """
        self._clock = clock
        self.deadline = deadline
        self.cancelled = False

    @contextmanager
    def narrowed(self, seconds: float) -> Generator[None]:
        """Let what runs in the block have no more than so much time; what comes after it has what was left before."""
        before = self.deadline
        ends = self._clock.monotonic() + seconds
        self.deadline = ends if before is None else min(before, ends)
        try:
            yield
        finally:
            self.deadline = before

    def cancel(self) -> None:
        """Ask the work to stop."""
        self.cancelled = True

    def reason(self) -> SyntheticError | None:
        """Why the work should stop, or None."""
        if self.cancelled:
            return CancelledError()
        if self.deadline is not None and self._clock.monotonic() >= self.deadline:
            return DeadlineExceededError(retry_after_ms=RETRY_MS)
        return None

    def check(self) -> None:
        """Stop the work if it should.

        Raises:
            CancelledError: The one who asked has left.
            DeadlineExceededError: Its time is up.
        """
        # Asked before every statement, so the clock is read here and not a call further down.
        if self.cancelled or (self.deadline is not None and self._clock.monotonic() >= self.deadline):
            raise self.reason() or CancelledError()

    async def within(self, awaitable: Awaitable[ResultT]) -> ResultT:
        """Wait for something, and no longer than to the deadline.

        Raises:
            DeadlineExceededError: It takes longer; it was cancelled.
        """
        seconds = None if self.deadline is None else max(0.0, self.deadline - self._clock.monotonic())
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await awaitable
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlineExceededError(retry_after_ms=RETRY_MS) from None
