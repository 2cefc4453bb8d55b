"""`Turns`: one thread of the reader pool computes at a time, since several would only be in each other's way.

The driver lets go of Python's lock for each step of a statement. A thread that
computes alone takes it up again for next to nothing. Of several, each row is a
change of threads: five large reads at once took twice the processor that they
took one after the other, and no less time.

A turn is a slice: a long read hands it on to the next in line, so a short one
waits for a slice of each of the others, and never for their ends. And it is no
lock: who has the turn and waits for a disk computes nothing, so after a while
the next in line goes on beside it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

SLICE_SECONDS = 0.002
"""So long a thread computes before it lets the next."""

SILENT_SECONDS = 0.01
"""A thread that has not been heard of for so long is taken to wait for something; it computes some steps in less."""


class Turns:
    """Whose turn it is, and who waits for one."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Make it.

        Args:
            monotonic: The clock, in seconds.
        """
        self._monotonic = monotonic
        self._mutex = threading.Lock()
        self._line: deque[tuple[int, threading.Lock]] = deque()
        self._thread: int | None = None
        self._since = self._heard_at = 0.0

    def take(self) -> None:
        """Wait for the calling thread's turn."""
        me = threading.get_ident()
        with self._mutex:
            if self._thread is None:
                self._begin(me)
                return
            called = threading.Lock()
            called.acquire()
            place = me, called
            self._line.append(place)
        while not called.acquire(timeout=SILENT_SECONDS):
            with self._mutex:
                is_silent = self._monotonic() - self._heard_at > SILENT_SECONDS
                if is_silent and self._line and self._line[0] is place:
                    self._line.popleft()
                    self._begin(me)
                    return

    def offer(self) -> None:
        """Be heard of, and let the next in line go on first where the calling thread has had its slice."""
        now = self._monotonic()
        if self._thread == threading.get_ident():
            self._heard_at = now
            if not self._line or now - self._since < SLICE_SECONDS:
                return
        # Also where it was not heard of for long, and somebody else has gone on.
        self.end()
        self.take()

    def end(self) -> None:
        """The calling thread has no more to do: the next in line may go on."""
        with self._mutex:
            if self._thread != threading.get_ident():
                return
            self._thread = None
            if self._line:
                thread, called = self._line.popleft()
                self._begin(thread)
                called.release()

    def _begin(self, thread: int) -> None:
        self._thread = thread
        self._since = self._heard_at = self._monotonic()
