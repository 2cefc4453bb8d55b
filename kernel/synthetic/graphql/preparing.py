"""`PreparingReads`: what a `prepare` reads with, before there is the operation's snapshot."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, TypeVarTuple

from synthetic.database.database import Database
from synthetic.database.snapshot import Snapshot

Prepare = Callable[..., Awaitable[Any]]

READS = "reads"
"""The first parameter of a `prepare` that reads the store."""

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


class PreparingReads:
    """Reads of the store for an async function that is awaited before a field's snapshot is opened.

    Each is in a snapshot of its own, so what it finds may have changed by the
    time at which the field's function runs.
    """

    def __init__(self, database: Database) -> None:
        """Make it for a store."""
        self._database = database

    async def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(snapshot, *args)` in a read transaction; to cancel the await ends it."""
        return await self._database.read(function, *args)


def call_prepare(prepare: Prepare, database: Database, arguments: Mapping[str, Any]) -> Awaitable[Any]:
    """Call what a field declares with `prepare=`, with what it takes."""
    if takes_reads(prepare):
        return prepare(PreparingReads(database), **arguments)
    return prepare(**arguments)


def takes_reads(prepare: Prepare) -> bool:
    """Whether the first parameter of a function is that of the reads."""
    return next(iter(inspect.signature(prepare).parameters), None) == READS
