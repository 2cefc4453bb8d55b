"""Background work: each service runs in one of the processes that share a store.

A service is a step, one short write transaction, repeated until it finds
nothing to do. Before each step, and in the same transaction, the process takes
or renews the service's lease; a process that was held up past its lease finds
it gone and does nothing. The lease's token grows each time it changes hands.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence

from synthetic.clock import Clock, new_id
from synthetic.contributions import Service, Stamped
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.database.transaction import Snapshot, Transaction
from synthetic.errors import SyntheticError
from synthetic.logs import logger_for
from synthetic.metrics import Metrics
from synthetic.retry import Backoff

log = logger_for(__name__)

LEASE_MS = 8_000
"""How long after its service was due a lease still holds; then another process takes over."""

TURN_SECONDS = 2.0
"""How often a process asks whether it is its turn."""

RELEASE_SECONDS = 1.0
"""How long a stop may wait to give the leases back; they run out by themselves."""

FAILURE_BACKOFF = Backoff(first_ms=500.0, ceiling_ms=60_000.0)


class ServiceRunner:
    """The services of one process: a thread that gives each its turn."""

    def __init__(
        self, services: Sequence[Stamped[Service]], database: Database, clock: Clock, metrics: Metrics
    ) -> None:
        self._tasks = [_Task(service, database, clock, metrics) for service in services]
        self._database = database
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="synthetic-services", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._tasks:
            self._thread.start()

    def stop(self) -> None:
        """Let the running step end, then stop and let go of the leases."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._release_leases()

    def _run(self) -> None:
        while not self._stopped.is_set():
            for task in self._tasks:
                if task.due <= self._clock.monotonic() and not self._stopped.is_set():
                    task.take_turn()
            following = min(task.due for task in self._tasks)
            self._stopped.wait(max(0.0, min(TURN_SECONDS, following - self._clock.monotonic())))

    def _release_leases(self) -> None:
        """Give the leases back, so that another process need not wait for them to run out."""
        held = [task.lease for task in self._tasks if task.holds_lease]
        if not held:
            return
        interruption = Interruption(self._clock, self._clock.monotonic() + RELEASE_SECONDS)
        try:
            self._database.write_blocking(_release_leases, held, interruption=interruption)
        except SyntheticError as error:
            log.warning("leases not given back", services=[lease["name"] for lease in held], code=error.code)


class _Task:
    """One service in this process."""

    def __init__(self, service: Stamped[Service], database: Database, clock: Clock, metrics: Metrics) -> None:
        self.name = f"{service.plugin}.{service.record.name}"
        self.due = clock.monotonic()
        self._service = service.record
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{new_id()}"
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._failures = 0
        self.holds_lease = False

    @property
    def lease(self) -> dict[str, str]:
        """Name and owner of the lease, as the table has them."""
        return {"name": self.name, "owner": self._owner}

    def take_turn(self) -> None:
        """Do one step if the lease is ours, and set when the next is due."""
        started = self._clock.monotonic()
        try:
            # Asked in a read first: a process that only waits its turn should not take the write lock.
            mine = self._database.read_blocking(_may_take_lease, self.name, self._owner)
            done = self._database.write_blocking(self._step) if mine else None
        except Exception as error:
            self._failures += 1
            self._metrics.service_failure(self.name)
            if isinstance(error, SyntheticError) and error.recoverable:
                log.warning("service step put off", service=self.name, code=error.code)
            else:
                log.exception("service step failed", service=self.name)
            self.due = started + FAILURE_BACKOFF.pause_ms(self._failures) / 1000
            return
        self._failures = 0
        self.holds_lease = done is not None
        if done is None:
            self.due = started + TURN_SECONDS
            return
        self._metrics.service_step(self.name, done, self._clock.monotonic() - started)
        self.due = started if done else started + self._service.every_ms / 1000

    def _step(self, tx: Transaction) -> int | None:
        if not _take_lease(tx, self.name, self._owner, self._service.every_ms + LEASE_MS):
            return None
        return self._service.step(tx)


def _may_take_lease(snapshot: Snapshot, name: str, owner: str) -> bool:
    row = snapshot.row("SELECT owner, expires_at FROM leases WHERE name = :name", {"name": name})
    return row is None or row[0] == owner or row[1] <= snapshot.now


def _take_lease(tx: Transaction, name: str, owner: str, lease_ms: int) -> bool:
    """Take a lease that is free, run out or ours; whether it is ours now."""
    changed = tx.execute(
        "INSERT INTO leases (name, owner, token, expires_at) VALUES (:name, :owner, 1, :expires_at)"
        " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at,"
        " token = leases.token + (leases.owner <> excluded.owner)"
        " WHERE leases.owner = excluded.owner OR leases.expires_at <= :now",
        {"name": name, "owner": owner, "expires_at": tx.now + lease_ms, "now": tx.now},
    )
    return changed == 1


def _release_leases(tx: Transaction, leases: Sequence[dict[str, str]]) -> None:
    tx.execute_many("UPDATE leases SET expires_at = 0 WHERE name = :name AND owner = :owner", leases)
