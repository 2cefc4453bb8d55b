"""`Worker`: a thread that gives one piece of background work its turns.

Each piece has a thread of its own, so one that is slow, or fails again and
again, holds no other up. Their number is that of the services and consumers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from synthetic.clock import Clock
from synthetic.database.interruption import Interruption
from synthetic.errors import SyntheticError
from synthetic.exits import staying
from synthetic.logs import logger_for
from synthetic.retry import Backoff
from synthetic.services.lease import LeaseLostError

log = logger_for(__name__)

FAILURE_BACKOFF = Backoff(first_ms=500.0, ceiling_ms=60_000.0)


class Work(Protocol):
    """A piece of background work.

    Attributes:
        name: As `plugin.name`.
    """

    name: str

    def turn(self, stopping: Stopping) -> float:
        """Do a bounded amount.

        Returns:
            Seconds until the next turn, unless it is woken before.
        """
        ...

    def end(self) -> None:
        """Bring to an end what was begun, after the last turn."""
        ...

    def close(self) -> None:
        """Let go of what is kept open between two turns, whether it was brought to an end or not."""
        ...

    def count_failures(self, in_a_row: int) -> None:
        """Note a turn that failed, or, with 0, that one has gone well after others that failed."""
        ...


class Stopping:
    """How a piece of work learns that it is to end.

    Attributes:
        interruption: For its reads and writes, which stop as well.
    """

    def __init__(self, clock: Clock) -> None:
        self._stopped = threading.Event()
        self.interruption = Interruption(clock)

    @property
    def is_set(self) -> bool:
        """Whether it is."""
        return self._stopped.is_set()

    def begin(self) -> None:
        """Say so."""
        self._stopped.set()
        self.interruption.cancel()

    def rest(self, seconds: float) -> None:
        """Pause, but not once it is to end."""
        self._stopped.wait(seconds)


class Worker:
    """One thread and its piece of work."""

    def __init__(self, work: Work, clock: Clock, on_lost: Callable[[], None]) -> None:
        """Make it; `start` starts its thread.

        Args:
            work: What to do.
            clock: For the interruption of its reads and writes.
            on_lost: Called when another process has taken the lease.
        """
        self.name = work.name
        self._work = work
        self._clock = clock
        self._turn_began: float | None = None
        self._on_lost = on_lost
        self._stopping = Stopping(clock)
        self._awake = threading.Event()
        self._hurried = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"synthetic-{work.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether its thread has not ended yet."""
        return self._thread.is_alive()

    def seconds_in_turn(self, now: float) -> float:
        """How long it has been at its turn; 0 between two turns.

        Args:
            now: Monotonic, in seconds.
        """
        began = self._turn_began
        return 0.0 if began is None else now - began

    def wake(self) -> None:
        """Let the next turn come at once."""
        self._awake.set()

    def hurry(self) -> None:
        """As `wake`, and also where it pauses after failures: somebody has asked for a try."""
        self._hurried.set()
        self._awake.set()

    def begin_to_stop(self) -> None:
        """Ask it to end; a transaction that runs is rolled back."""
        self._stopping.begin()
        self._hurried.set()
        self._awake.set()

    def join(self, seconds: float) -> bool:
        """Wait for its end; whether it came."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._take_turns()
        finally:
            self._close()

    def _take_turns(self) -> None:
        failures = 0
        while not self._stopping.is_set:
            try:
                pause = self._take_turn()
            except LeaseLostError:
                self._on_lost()
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, it holds nothing else up
                if self._stopping.is_set:
                    break
                failures += 1
                self._note_failure(error, failures)
                self._hurried.wait(FAILURE_BACKOFF.pause_ms(failures) / 1000)
                self._hurried.clear()
                continue
            if failures:
                failures = 0
                self._work.count_failures(0)
            if pause > 0:
                self._awake.wait(pause)
            self._awake.clear()
        self._end()

    def _take_turn(self) -> float:
        self._turn_began = self._clock.monotonic()
        try:
            with staying(self.name):
                return self._work.turn(self._stopping)
        finally:
            self._turn_began = None

    def _note_failure(self, error: Exception, failures: int) -> None:
        self._work.count_failures(failures)
        if isinstance(error, SyntheticError) and error.recoverable:
            log.warning("background work put off", work=self.name, code=error.code)
        else:
            log.error("background work failed", work=self.name, exc_info=error)

    def _end(self) -> None:
        try:
            self._work.end()
        except (SyntheticError, LeaseLostError) as error:
            log.warning("background work not brought to an end", work=self.name, reason=str(error))

    def _close(self) -> None:
        try:
            self._work.close()
        except Exception:
            log.exception("background work not closed", work=self.name)
