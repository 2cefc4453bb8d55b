"""Comparing a whole fold: it is made once more from the log, beside the store, and compared row by row.

The log is read in batches, each in a read transaction of its own where the
caller has many, so that a long comparison keeps no old state of the store
alive. Only the end is read in one: what has come meanwhile, and the tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, TypeVar, TypeVarTuple

from synthetic.database.snapshot import Row, Snapshot
from synthetic.database.transaction import Transaction
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.fold_state import FoldTable
from synthetic.log.consumers.history import read_history
from synthetic.log.consumers.loaded import fold_in
from synthetic.log.consumers.store import SET_ASIDE_KEPT, find_consumer
from synthetic.log.drift.model import ROWS_KEPT, Comparison, Difference, DriftRow, DriftScope
from synthetic.log.drift.scratch import read_definitions, scratch_tables
from synthetic.log.lineage.row_keys import text_of_key
from synthetic.log.positions import read_ends

BATCH_EVENTS = 1_000

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")


class Reading(Protocol):
    """What a comparison reads through."""

    def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(snapshot, *args)` in a read transaction."""
        ...


class OneSnapshot:
    """Reads in one snapshot that is there already."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def read(self, function: Callable[[Snapshot, *Ts], ResultT], *args: *Ts) -> ResultT:
        """Run `function(snapshot, *args)`; stopped between batches, as the snapshot is."""
        self._snapshot.spend(0)
        return function(self._snapshot, *args)


class Goal(NamedTuple):
    """Up to where a fold is made once more.

    Attributes:
        position: That of the fold.
        set_aside: Positions of events that it went on without.
        rebuilt_at: When its tables were made; None: with their store.
    """

    position: int
    set_aside: frozenset[int]
    rebuilt_at: int | None


def find_goal(snapshot: Snapshot, consumer: DeclaredConsumer) -> Goal | None:
    """What a fold has taken in; None where nothing can be concluded.

    Its tables are not what this code makes, or it went on without so many
    events that it is not known any more which.
    """
    record = find_consumer(snapshot, consumer.name)
    if record is None or record.phase == "REBUILDING" or record.fingerprint != consumer.fingerprint(snapshot):
        return None
    if record.set_aside >= SET_ASIDE_KEPT:
        return None
    rows = snapshot.rows(
        "SELECT position FROM set_aside_events WHERE consumer = :name AND position > 0", {"name": consumer.name}
    )
    return Goal(record.position, frozenset(position for (position,) in rows), record.rebuilt_at)


def compare_whole(reading: Reading, consumer: DeclaredConsumer) -> Comparison | None:
    """Make a fold once more and compare all its rows.

    Args:
        reading: What to read through.
        consumer: The fold.

    Returns:
        What came of it; None where it was or is being rebuilt, or has to be.

    Raises:
        ArchiveDamagedError: Events of the past are not where they were put.
        Exception: What the fold's code raises at an event that it took in before.
    """
    goal = reading.read(find_goal, consumer)
    if goal is None:
        return None
    with scratch_tables(reading.read(read_definitions, consumer.tables)) as scratch:
        after: int = 0
        while True:
            after = _fold_on(reading, consumer, scratch, after, goal)
            found: Comparison | Goal | None = reading.read(_end, consumer, scratch, after, goal)
            if not isinstance(found, Goal):
                return found
            goal = found


def _fold_on(reading: Reading, consumer: DeclaredConsumer, scratch: Transaction, after: int, goal: Goal) -> int:
    """Take in the events up to a goal; how far it has come."""
    while after < goal.position:
        page = reading.read(read_history, after, BATCH_EVENTS, consumer.wanted)
        state = consumer.state(scratch)
        events = [
            each for each in page.events if each.position <= goal.position and each.position not in goal.set_aside
        ]
        fold_in(consumer, state, events)
        state.write_back(scratch)
        after = min(page.through, goal.position)
    return after


def _end(
    snapshot: Snapshot, consumer: DeclaredConsumer, scratch: Transaction, after: int, before: Goal
) -> Comparison | Goal | None:
    """Take in what came meanwhile and compare; the new goal where that is too much for one read."""
    goal = find_goal(snapshot, consumer)
    # Another rebuild may have taken in what was set aside before.
    if goal is None or goal.position < after or goal.rebuilt_at != before.rebuilt_at:
        return None
    if goal.position - after > BATCH_EVENTS:
        return goal
    _fold_on(OneSnapshot(snapshot), consumer, scratch, after, goal)
    horizon = read_ends(snapshot).horizon
    rows, differing, first, hashes = 0, 0, list[DriftRow](), list[tuple[str, str]]()
    for table in consumer.tables:
        digest = hashlib.sha256()
        for stored, made in _side_by_side(snapshot, scratch, table, horizon):
            rows += 1
            if made is not None:
                digest.update(repr(made).encode())
            if stored != made:
                differing += 1
                if len(first) < ROWS_KEPT:
                    first.append(_difference_of(table, stored, made))
        hashes.append((table.name, digest.hexdigest()))
    return Comparison(
        DriftScope.WHOLE,
        goal.position,
        rows,
        differing=differing,
        first=tuple(first),
        hashes=tuple(hashes),
        rebuilt_at=goal.rebuilt_at,
    )


def _difference_of(table: FoldTable, stored: Row | None, made: Row | None) -> DriftRow:
    """How a row differs from what the log makes of it; one of the two is there at least."""
    key = (stored or made or ())[: len(table.key)]
    if stored is None:
        return DriftRow(table.name, text_of_key(key), Difference.MISSING)
    return DriftRow(table.name, text_of_key(key), Difference.UNFOUNDED if made is None else Difference.ALTERED)


def _side_by_side(
    snapshot: Snapshot, scratch: Transaction, table: FoldTable, horizon: int
) -> Iterator[tuple[Row | None, Row | None]]:
    """For each key, in order, the row that is stored and the one that was made; none of events that left the log."""
    where, params = table.remaining(horizon)
    sql = f'SELECT {", ".join(table.columns)} FROM "{table.name}" WHERE {where} ORDER BY {", ".join(table.key)}'
    length = len(table.key)
    stored_rows, made_rows = snapshot.iterate(sql, params), scratch.iterate(sql, params)
    stored, made = next(stored_rows, None), next(made_rows, None)
    while stored is not None or made is not None:
        if made is None or (stored is not None and stored[:length] < made[:length]):
            yield stored, None
            stored = next(stored_rows, None)
        elif stored is None or made[:length] < stored[:length]:
            yield None, made
            made = next(made_rows, None)
        else:
            yield stored, made
            stored, made = next(stored_rows, None), next(made_rows, None)
