"""Time and ids: passed in, so that a test can hold and move them."""

from __future__ import annotations

import time
from typing import Protocol

from uuid_utils import uuid7


class Clock(Protocol):
    """What the kernel asks for the time."""

    def now_ms(self) -> int:
        """Unix milliseconds UTC: what is stored. May jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back: what deadlines and leases are measured by."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """Unix milliseconds UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds since some instant."""
        return time.monotonic()


def new_id() -> str:
    """A fresh UUIDv7 (RFC 9562) as text: unique, and roughly in order of time."""
    return str(uuid7())
