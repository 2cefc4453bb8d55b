"""Time and ids: passed in, so that a test can hold and move them."""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path
from typing import NamedTuple, Protocol

from uuid_utils import uuid7


class RunningTime(NamedTuple):
    """How long something has run, by a counter that nobody sets.

    Attributes:
        run: Names what runs; of another run nothing can be told.
        seconds: Since it began.
    """

    run: str
    seconds: float


class Clock(Protocol):
    """What the kernel asks for the time."""

    def now_ms(self) -> int:
        """Unix milliseconds UTC: what is stored. May jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back: what deadlines and leases are measured by."""
        ...

    def running_time(self) -> RunningTime:
        """How long the machine has run, its sleep included: what jumps of `now_ms` are told by."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """Unix milliseconds UTC."""
        return time.time_ns() // 1_000_000

    monotonic = staticmethod(time.monotonic)

    def running_time(self) -> RunningTime:
        """Since the machine was started.

        Only Linux names its runs, so elsewhere each process is a run of its own.
        The machine's sleep is counted on Linux and macOS; on other systems it
        is where `time.monotonic` counts it, and else is taken for a jump.
        """
        run = _machine_run()
        if run is not None:
            return RunningTime(run, time.clock_gettime(time.CLOCK_BOOTTIME))
        counter = counter_through_sleep(sys.platform)
        return RunningTime(_PROCESS_RUN, time.monotonic() if counter is None else time.clock_gettime(counter))


def new_id() -> str:
    """A fresh UUIDv7 (RFC 9562) as text: unique, and roughly in order of time."""
    return str(uuid7())


def counter_through_sleep(platform: str) -> int | None:
    """The system clock that nobody sets and that goes on while the machine sleeps, if it has another than Linux has.

    On macOS `time.monotonic` stands still in sleep, and CLOCK_MONOTONIC is
    reckoned from the wall clock; CLOCK_MONOTONIC_RAW is the continuous counter
    of the kernel. Elsewhere the clock of that name stops in sleep, or is none.

    Args:
        platform: As `sys.platform` has it.
    """
    return time.CLOCK_MONOTONIC_RAW if platform == "darwin" else None


_PROCESS_RUN = f"process {new_id()}"


@functools.cache
def _machine_run() -> str | None:
    """What Linux calls the present run of the machine; None elsewhere."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None
