"""Services for tests, and how a runner is made of them."""

from __future__ import annotations

import threading
from typing import Any

from synthetic.clock import SystemClock
from synthetic.contributions import Service, Stamped
from synthetic.services.runner import BackgroundRunner
from synthetic.store import Store


class Work:
    """A service that does what it is told and says when."""

    def __init__(self, *outcomes: int | Exception) -> None:
        self.outcomes = list(outcomes)
        self.ran = threading.Semaphore(0)
        self.count = 0

    def do(self, _given: Any) -> int:
        """A step, or work."""
        self.count += 1
        self.ran.release()
        outcome = self.outcomes.pop(0) if self.outcomes else 0
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def service(name: str = "trim", *, every_ms: int = 60_000, **functions: Any) -> Stamped[Service]:
    """A service of the plugin `notes`."""
    return Stamped("notes", Service(name=name, purpose="For a test.", every_ms=every_ms, **functions))


def runner(store: Store, *services: Stamped[Service], clock: Any = None) -> BackgroundRunner:
    """A process's background work."""
    kernel = store.kernel
    return BackgroundRunner(services, (), kernel.database, clock or SystemClock(), kernel.metrics)


def lease(store: Store) -> tuple[str, int, int]:
    """Owner, token and end of the lease."""
    row = store.read(lambda snapshot: snapshot.row("SELECT owner, token, expires_at FROM leases"))
    assert row is not None
    return row  # type: ignore[return-value]


def metric(store: Store, name: str, **labels: str) -> float | None:
    """What was counted."""
    return store.kernel.metrics.registry.get_sample_value(name, labels)
