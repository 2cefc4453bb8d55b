"""The background lease: which of the processes that share a store does its background work.

The holder renews it every two seconds; eight seconds after the last time
another process takes it, with a larger token. What the holder writes for
background work is fenced: the transaction itself looks whether the token is
still its own, so a process that was held up, however long, changes nothing
after another has taken over.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from synthetic.clock import Clock, new_id
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.origin import Origin

NAME = "background"
LEASE_MS = 8_000
"""How long after it was last renewed the lease holds."""

RENEW_SECONDS = 2.0
LOOK_SECONDS = 1.0
"""How often a process that does not hold the lease looks whether it is free: with `LEASE_MS` less than ten seconds."""

WRITE_SECONDS = 1.5
"""A renewal that takes longer is given up; the next is tried in its place."""

UPKEEP = Origin("service:kernel.lease", is_upkeep=True)
"""In whose name the lease is written; it emits no event."""

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")
LeaseRow = tuple[str, int, int]


class LeaseLostError(Exception):
    """Another process does the background work now: nothing was written."""


class Hold:
    """The lease while it is one process's, from the day it takes it until another does."""

    def __init__(self, database: Database, clock: Clock, owner: str, token: int) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._token = token

    def check(self, snapshot: Snapshot) -> None:
        """Refuse to work on, if another process has taken over.

        Raises:
            LeaseLostError: It has.
        """
        row = _read(snapshot)
        if row is None or row[:2] != (self._owner, self._token):
            raise LeaseLostError

    def write(
        self,
        origin: Origin,
        interruption: Interruption,
        function: Callable[[Transaction, *Ts], ResultT],
        *args: *Ts,
    ) -> ResultT:
        """Run a write that is refused if another process has taken over by then.

        Raises:
            LeaseLostError: It has; nothing is written.
        """
        return self._database.write_blocking(self._fenced, function, args, interruption=interruption, origin=origin)

    def renew(self) -> bool:
        """Hold it for another while; whether it is still ours.

        Raises:
            SyntheticError: The store cannot be written in the time that there is.
        """
        return self._write(_renew)

    def release(self) -> bool:
        """Give it back, so that another process need not wait for it to run out; whether it was still ours.

        Raises:
            SyntheticError: The store cannot be written in the time that there is.
        """
        return self._write(_release)

    def _fenced(self, tx: Transaction, function: Callable[[Transaction, *Ts], ResultT], args: tuple[*Ts]) -> ResultT:
        self.check(tx)
        return function(tx, *args)

    def _write(self, function: Callable[[Transaction, str, int], bool]) -> bool:
        return self._database.write_blocking(
            function,
            self._owner,
            self._token,
            interruption=Interruption(self._clock, self._clock.monotonic() + WRITE_SECONDS),
            origin=UPKEEP,
        )


class Lease:
    """One process's interest in the lease."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{new_id()}"
        self._seen: LeaseRow | None = None
        self._seen_since = clock.monotonic()

    def find_free(self) -> Hold | None:
        """Take the lease if it is free; None while it is another's.

        Raises:
            SyntheticError: The store cannot be asked, or not written.
        """
        # Asked in a read first: a process that only waits its turn should not take the write lock.
        row = self._database.read_blocking(_read)
        now = self._clock.monotonic()
        if row != self._seen:
            self._seen, self._seen_since = row, now
        # One that nobody renews is free, whatever the wall clock by which it was made has done since.
        stands_still = now - self._seen_since >= LEASE_MS / 1000
        if row is not None and row[2] > self._clock.now_ms() and not stands_still:
            return None
        interruption = Interruption(self._clock, now + WRITE_SECONDS)
        token = self._database.write_blocking(_take, self._owner, row, interruption=interruption, origin=UPKEEP)
        return None if token is None else Hold(self._database, self._clock, self._owner, token)


def _read(snapshot: Snapshot) -> LeaseRow | None:
    row = snapshot.row("SELECT owner, token, expires_at FROM leases WHERE name = :name", {"name": NAME})
    return None if row is None else (row[0], row[1], row[2])


def _renew(tx: Transaction, owner: str, token: int) -> bool:
    changed = tx.execute(
        "UPDATE leases SET expires_at = :expires_at WHERE name = :name AND owner = :owner AND token = :token",
        {"name": NAME, "owner": owner, "token": token, "expires_at": tx.now + LEASE_MS},
    )
    return changed == 1


def _take(tx: Transaction, owner: str, seen: LeaseRow | None) -> int | None:
    """Take a lease that is still as it was seen; the token, or None if another was quicker."""
    if _read(tx) != seen:
        return None
    token = 1 if seen is None else seen[1] + 1
    tx.execute(
        "INSERT INTO leases (name, owner, token, expires_at) VALUES (:name, :owner, :token, :expires_at)"
        " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, token = excluded.token,"
        " expires_at = excluded.expires_at",
        {"name": NAME, "owner": owner, "token": token, "expires_at": tx.now + LEASE_MS},
    )
    return token


def _release(tx: Transaction, owner: str, token: int) -> bool:
    changed = tx.execute(
        "UPDATE leases SET expires_at = 0 WHERE name = :name AND owner = :owner AND token = :token",
        {"name": NAME, "owner": owner, "token": token},
    )
    return changed == 1
