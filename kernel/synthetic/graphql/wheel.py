"""One timer for all connections of a kind: each is visited once in a period, a part of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Protocol

SLOTS_MAX = 32
TICK_MS_MIN = 20


class Visited(Hashable, Protocol):
    """A connection that stays open."""

    def visit(self) -> None:
        """A period has passed."""
        ...


class Wheel:
    """Visits connections for as long as there are any."""

    def __init__(self, period_ms: float) -> None:
        """Make it; each connection is visited every `period_ms`, the first time after at most so long."""
        count = max(1, min(SLOTS_MAX, int(period_ms / TICK_MS_MIN)))
        self._tick_seconds = period_ms / 1000 / count
        self._slots: list[dict[Visited, None]] = [{} for _ in range(count)]
        self._next = 0
        self._count = 0
        self._turning: asyncio.TimerHandle | None = None

    def add(self, visited: Visited) -> int:
        """Visit a connection from now on; returns its slot, for `remove`."""
        # The slot that was visited last is the one whose turn comes last.
        slot = (self._next - 1) % len(self._slots)
        self._slots[slot][visited] = None
        self._count += 1
        if self._turning is None:
            self._turn_later()
        return slot

    def remove(self, visited: Visited, slot: int) -> None:
        """Visit a connection no more."""
        del self._slots[slot][visited]
        self._count -= 1
        if not self._count and self._turning is not None:
            self._turning.cancel()
            self._turning = None

    def _turn_later(self) -> None:
        self._turning = asyncio.get_running_loop().call_later(self._tick_seconds, self._turn)

    def _turn(self) -> None:
        slot, self._next = self._slots[self._next], (self._next + 1) % len(self._slots)
        self._turn_later()
        for visited in tuple(slot):
            # Another's visit may have ended it.
            if visited in slot:
                visited.visit()
