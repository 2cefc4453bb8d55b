"""`Readings` for checks: all in one snapshot, or each in a snapshot of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from synthetic.database.snapshot import Snapshot

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class OneSnapshot:
    """Reads in a snapshot that is there already, as where a query makes checks."""

    snapshot: Snapshot

    def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """See `Readings`."""
        return function(self.snapshot, *args)

    def go_on(self) -> None:
        """See `Readings`."""
        self.snapshot.spend(0)


@dataclass(frozen=True, slots=True)
class OwnSnapshots:
    """Reads in a new snapshot each time, so that none is held in between, and the store's log can be folded back.

    Attributes:
        opening: Opens one.
        stopping: Raises where the work should stop.
    """

    opening: Callable[[], AbstractContextManager[Snapshot]]
    stopping: Callable[[], None]

    def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """See `Readings`."""
        with self.opening() as snapshot:
            return function(snapshot, *args)

    def go_on(self) -> None:
        """See `Readings`."""
        self.stopping()
