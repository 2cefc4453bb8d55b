"""`Turns`: one thread of the reader pool computes at a time, since several would only be in each other's way.

The driver lets go of Python's lock for each step of a statement. A thread that
computes alone takes it up again for next to nothing. Of several, each row is a
change of threads: five large reads at once took twice the processor that they
took one after the other, and no less time.

A turn is a slice: a long read hands it on to the next in line, and who has had
none yet goes before those that have. So a short read waits for the rest of one
slice, however many long ones there are; every few newcomers one of these goes
on, so that they come to an end under any number of short ones. And a turn is no
lock: who has it and waits for a disk computes nothing, so after a while the
next in line goes on beside it.
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

NEW_IN_A_ROW = 4
"""So many newcomers go first before one that has had a turn goes on."""

Place = tuple[int, threading.Lock]
"""A thread that waits, and what is released when its turn has come."""


class Turns:
    """Whose turn it is, and who waits for one."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Make it.

        Args:
            monotonic: The clock, in seconds.
        """
        self._monotonic = monotonic
        self._mutex = threading.Lock()
        self._new: deque[Place] = deque()
        self._going: deque[Place] = deque()
        self._new_in_a_row = 0
        self._thread: int | None = None
        self._since = self._heard_at = 0.0

    @property
    def waiting(self) -> int:
        """How many threads wait for a turn."""
        return len(self._new) + len(self._going)

    def take(self) -> None:
        """Wait for the calling thread's first turn."""
        self._wait_in(self._new)

    def offer(self) -> None:
        """Be heard of, and let the next in line go on first where the calling thread has had its slice."""
        now = self._monotonic()
        if self._thread == threading.get_ident():
            self._heard_at = now
            if now - self._since < SLICE_SECONDS or not (self._new or self._going):
                return
        # Also where it was not heard of for long, and somebody else has gone on.
        self.end()
        self._wait_in(self._going)

    def end(self) -> None:
        """The calling thread has no more to do: the next in line may go on."""
        with self._mutex:
            if self._thread != threading.get_ident():
                return
            self._thread = None
            line = self._next_line()
            if line:
                self._let(line)

    def _wait_in(self, line: deque[Place]) -> None:
        me = threading.get_ident()
        with self._mutex:
            if self._thread is None:
                self._begin(me)
                return
            called = threading.Lock()
            called.acquire()
            place = me, called
            line.append(place)
        while not called.acquire(timeout=SILENT_SECONDS):
            with self._mutex:
                is_silent = self._monotonic() - self._heard_at > SILENT_SECONDS
                following = self._next_line()
                if is_silent and following and following[0] is place:
                    self._let(following)

    def _next_line(self) -> deque[Place]:
        """The line whose first is next."""
        return self._going if not self._new or (self._going and self._new_in_a_row >= NEW_IN_A_ROW) else self._new

    def _let(self, line: deque[Place]) -> None:
        """Let the first of a line go on."""
        self._new_in_a_row = self._new_in_a_row + 1 if line is self._new else 0
        thread, called = line.popleft()
        self._begin(thread)
        called.release()

    def _begin(self, thread: int) -> None:
        self._thread = thread
        self._since = self._heard_at = self._monotonic()
