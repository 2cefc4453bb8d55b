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

    @contextmanager
    def narrowed(self, seconds: float) -> Generator[None]:
        """Let what runs in the block have no more than so much time; what comes after it has what was left before."""
        before = self._deadline
        ends = self._clock.monotonic() + seconds
        self._deadline = ends if before is None else min(before, ends)
        try:
            yield
        finally:
            self._deadline = before

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._cancelled = True

    def reason(self) -> SyntheticError | None:
        """Why the work should stop, or None."""
        if self._cancelled:
            return CancelledError()
        if self._deadline is not None and self._clock.monotonic() >= self._deadline:
            return DeadlineExceededError(retry_after_ms=RETRY_MS)
        return None

    def check(self) -> None:
        """Stop the work if it should.

        Raises:
            CancelledError: The one who asked has left.
            DeadlineExceededError: Its time is up.
        """
        # Asked before every statement, so the clock is read here and not a call further down.
        if self._cancelled or (self._deadline is not None and self._clock.monotonic() >= self._deadline):
            raise self.reason() or CancelledError()

    async def within(self, awaitable: Awaitable[ResultT]) -> ResultT:
        """Wait for something, and no longer than to the deadline.

        Raises:
            DeadlineExceededError: It takes longer; it was cancelled.
        """
        seconds = None if self._deadline is None else max(0.0, self._deadline - self._clock.monotonic())
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await awaitable
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlineExceededError(retry_after_ms=RETRY_MS) from None
