"""The history of the made-up fleet: moments, merged from all parts in the order of time, and written.

Each moment is written as of its own instant: `tx.now` is the time at which it
happened, so every row and event has the times that it would have had. How many
moments were written is stored with them, so a history that was interrupted is
gone on with where it stopped. Where the last event is somebody else's, the store
was changed meanwhile, and its history would not fit.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.demo.fleet import Fleet
from synthetic.demo.records import FleetConstruct
from synthetic.demo_errors import NotADemoError
from synthetic.errors import (
    PluginFailedError,
    StorageFailedError,
    StorageFullError,
    StorageReadOnlyError,
    StoreDamagedError,
    SyntheticError,
)
from synthetic.store import Store

MOMENTS_KEY = "demo_moments"
ACTOR = "demo"
AFTER_CHANGES = "Delete the directory and make the demo anew, or name another one with --data."
GROUP_MOMENTS = 200
"""So many are written in one transaction: a commit for each would cost more than what it holds."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened.

    Attributes:
        at: When, Unix milliseconds UTC; `tx.now` is that.
        write: Writes it, in a transaction that holds other moments too; may be called again.
        amount: How many things it adds, as they are counted for people; 0 for one that only changes some.
    """

    at: int
    write: Callable[[Transaction], object]
    amount: int = 1


History: TypeAlias = Callable[[Fleet, FleetConstruct], Iterator[Moment]]


def merged_history(fleet: Fleet, parts: Sequence[tuple[str, History]]) -> Iterator[tuple[str, Moment]]:
    """All moments up to the end of the history, in order; of one instant, in the order of the plugins.

    Only the next moment of each construct that is under way is held.

    Args:
        fleet: The plan.
        parts: For each plugin, its name and what it has to tell.

    Yields:
        The plugin, and the moment.

    Raises:
        PluginFailedError: Moments of a plugin go back in time.
    """
    waiting: list[tuple[int, int, int, Moment, Iterator[Moment]]] = []

    def put(number: int, place: int, moments: Iterator[Moment], not_before: int) -> None:
        moment = next(moments, None)
        if moment is None:
            return
        if moment.at < not_before:
            raise PluginFailedError(
                f"The plugin {parts[place][0]}: in its history, a moment at {moment.at} follows one at {not_before}.",
                action="Let its history yield moments in the order of time, none before the construct was planned.",
                details={"plugin": parts[place][0]},
            )
        if moment.at <= fleet.now:
            heapq.heappush(waiting, (moment.at, number, place, moment, moments))

    def take(until: int) -> Iterator[tuple[str, Moment]]:
        while waiting and waiting[0][0] < until:
            at, number, place, moment, moments = heapq.heappop(waiting)
            yield parts[place][0], moment
            put(number, place, moments, at)

    for number, construct in enumerate(fleet.constructs()):
        yield from take(construct.created_at)
        for place, (_, history) in enumerate(parts):
            put(number, place, history(fleet, construct), construct.created_at)
    yield from take(fleet.now + 1)


def write_history(
    store: Store,
    history: Iterator[tuple[str, Moment]],
    stop: threading.Event,
    wrote: Callable[[str, int], None],
) -> bool:
    """Write what is not written yet.

    Args:
        store: Where, as the actor `ACTOR`; nobody else writes to it.
        history: From `merged_history`.
        stop: Once it is set, no more is written.
        wrote: Told of each moment that is written, now or before: the plugin, and the amount.

    Returns:
        Whether all is written now.

    Raises:
        NotADemoError: Something else was written since it stopped.
        SyntheticError: It cannot be written.
    """
    done, before = 0, store.read(count_moments)
    store.read(_require_untouched)
    while group := tuple(islice(history, GROUP_MOMENTS)):
        if stop.is_set():
            return False
        fresh = [moment for _, moment in group[max(0, before - done) :]]
        done += len(group)
        if fresh:
            _write_group(store, fresh, done, goes_on=before > 0)
        for plugin, moment in group:
            wrote(plugin, moment.amount)
    return True


def count_moments(snapshot: Snapshot) -> int:
    """How many moments of the history are written."""
    return int(snapshot.value("SELECT value FROM meta WHERE key = :key", {"key": MOMENTS_KEY}) or 0)


def _require_untouched(snapshot: Snapshot) -> None:
    actor = snapshot.value("SELECT actor FROM domain_events ORDER BY position DESC LIMIT 1")
    if actor not in (None, ACTOR):
        raise _changed_error()


def _write_group(store: Store, moments: Sequence[Moment], done: int, *, goes_on: bool) -> None:
    """Write moments in one transaction.

    Not every change is an event. So where a history is gone on with, a moment
    that is refused says the same as a log that has grown. An error that may
    pass is none of that, nor is one of the disk.
    """
    try:
        store.write(_write_moments, moments, done)
    except (StorageFullError, StorageReadOnlyError, StorageFailedError, StoreDamagedError):
        raise
    except SyntheticError as error:
        if error.recoverable or not goes_on:
            raise
        raise _changed_error() from error


def _changed_error() -> NotADemoError:
    return NotADemoError("This half-made demo was changed since its making was interrupted.", action=AFTER_CHANGES)


def _write_moments(tx: Transaction, moments: Sequence[Moment], done: int) -> None:
    for moment in moments:
        tx.move_to(moment.at)
        moment.write(tx)
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        {"key": MOMENTS_KEY, "value": str(done)},
    )
