"""Background work that does not come to the end of a turn: found, and named, since nothing can end it.

Python cannot stop a thread that waits for something else than the store. What
hangs holds no other work up, unless it does so in a write transaction; it is
left behind at a stop, and counts as hanging until its thread has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from synthetic.clock import Clock
from synthetic.database.surroundings import SettingsLookup
from synthetic.logs import logger_for
from synthetic.metrics import Metrics
from synthetic.services.workers import Worker

log = logger_for(__name__)

HANGING_SECONDS = 60.0
"""Turns are bounded, and most take milliseconds; one that takes longer than this is taken to hang."""

LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Hanging:
    """A piece of background work that hangs.

    Attributes:
        name: As `plugin.name`.
        seconds: For how long it has been at its turn.
    """

    name: str
    seconds: float


class HangingWork:
    """What hangs in this process, as a resource of snapshots; empty where another does the background work."""

    def __init__(self) -> None:
        self.found: tuple[Hanging, ...] = ()

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Nothing, as long as nothing runs."""
        return cls()


class HangWatch:
    """A thread that looks at all workers again and again: what hangs may hold up the one that started them."""

    def __init__(self, clock: Clock, metrics: Metrics, hanging: HangingWork) -> None:
        """Make it; `start` starts its thread.

        Args:
            clock: Whose time counts.
            metrics: Where it is shown.
            hanging: Where it is said what hangs.
        """
        self._clock = clock
        self._metrics = metrics
        self._hanging = hanging
        self._lock = threading.Lock()
        self._workers: list[Worker] = []
        self._named: set[str] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="synthetic-hang-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def follow(self, workers: Sequence[Worker]) -> None:
        """Watch these too; each is forgotten when its thread has ended."""
        with self._lock:
            self._workers.extend(workers)

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        now = self._clock.monotonic()
        with self._lock:
            self._workers = [worker for worker in self._workers if worker.is_alive]
            turns = [(worker.name, worker.seconds_in_turn(now)) for worker in self._workers]
        found = tuple(Hanging(name, seconds) for name, seconds in turns if seconds >= HANGING_SECONDS)
        for each in found:
            self._metrics.service_hanging(each.name, each.seconds)
            if each.name not in self._named:
                log.error("background work hangs", work=each.name, seconds=round(each.seconds))
        for name in self._named - {each.name for each in found}:
            self._metrics.service_hanging(name, 0.0)
            log.warning("background work hangs no more", work=name)
        self._named = {each.name for each in found}
        self._hanging.found = found
