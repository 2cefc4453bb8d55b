"""Which events travel with which rows, wherever they are kept.

The events about a row travel with it, all of them, also those of a time when it
belonged to another construct: only so do folds come to the same result. Events
of a construct about what is no row, such as those that clients write, travel
with the construct. What is told of rows that are gone, or have moved to another
construct, stays.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Row, Snapshot
from synthetic.json_text import to_json
from synthetic.log.archive import Archive
from synthetic.log.drift.scratch import scratch_tables
from synthetic.log.events import COLUMNS, Event
from synthetic.log.positions import read_ends
from synthetic.transfer.manifest import KERNEL, ORIGIN_COLUMNS
from synthetic.transfer.travelling import entity_names

READ_EVENTS = 500
_SCRATCH = f"({COLUMNS.replace('position', 'position INTEGER PRIMARY KEY', 1)})"
_INDEXES = ("entity_id, entity_type", "construct_id")
ItemT = TypeVar("ItemT")
_NO_ORIGIN: Row = (None,) * len(ORIGIN_COLUMNS)


class History:
    """The log of a store: what is in its table, and what has left it for the archive."""

    def __init__(self, snapshot: Snapshot, archived: Snapshot | None, horizon: int) -> None:
        """Make it; see `open_history`."""
        self._snapshot = snapshot
        # Each with the position behind which its events are: what has come to the archive goes from the table later.
        self._sources = [(snapshot, horizon)] if archived is None else [(archived, 0), (snapshot, horizon)]
        self._others = to_json(sorted(entity_names(list_tables(snapshot))))

    def about(self, entities: Mapping[str, Iterable[str]]) -> set[int]:
        """The positions of all events about entities: from their type to their ids."""
        found: set[int] = set()
        for entity, ids in entities.items():
            for some in _batches(ids):
                found |= self._positions(
                    "entity_type = :entity AND entity_id IN (SELECT value FROM json_each(:ids))",
                    {"entity": entity, "ids": to_json(some)},
                )
        return found

    def of_construct(self, construct_id: str) -> set[int]:
        """The positions of a construct's events about what is no row of a table."""
        return self._positions(
            "construct_id = :id AND +entity_type NOT IN (SELECT value FROM json_each(:others))",
            {"id": construct_id, "others": self._others},
        )

    def of_nothing(self) -> set[int]:
        """The positions of the events that are about no construct and no row."""
        return self._positions(
            "construct_id IS NULL AND module <> :kernel AND entity_type NOT IN (SELECT value FROM json_each(:others))",
            {"kernel": KERNEL, "others": self._others},
        )

    def read(self, positions: Iterable[int]) -> Iterator[Row]:
        """The events at these positions, in order, as `EVENT_COLUMNS`."""
        for some in _batches(sorted(positions)):
            params = {"positions": to_json(some)}
            origins: dict[int, Row] = {
                position: tuple(origin)
                for position, *origin in self._snapshot.rows(
                    f"SELECT position, {', '.join(ORIGIN_COLUMNS)} FROM event_origins"
                    " WHERE position IN (SELECT value FROM json_each(:positions))",
                    params,
                )
            }
            for source, after in self._sources:
                for event in source.rows(
                    f"SELECT {COLUMNS} FROM domain_events WHERE position IN (SELECT value FROM json_each(:positions))"
                    " AND position > :after ORDER BY position",
                    {**params, "after": after},
                ):
                    yield (*event, *origins.get(event[0], _NO_ORIGIN))

    def _positions(self, condition: str, params: Mapping[str, str]) -> set[int]:
        return {
            position
            for source, _ in self._sources
            for (position,) in source.rows(f"SELECT position FROM domain_events WHERE {condition}", params)
        }


@contextmanager
def open_history(snapshot: Snapshot) -> Generator[History]:
    """The log of a store, for the block.

    What is in the archive is brought into a database beside the store, which
    is gone after the block, since it can be found by nothing but its position.

    Raises:
        ArchiveDamagedError: The archive is not as it was written.
    """
    horizon = read_ends(snapshot).horizon
    if horizon == 0:
        yield History(snapshot, None, horizon)
        return
    with scratch_tables({"domain_events": _SCRATCH}) as scratch:
        places = ", ".join(f":{name}" for name in Event._fields)
        for event in _archived(snapshot, horizon):
            scratch.execute(f"INSERT INTO domain_events ({COLUMNS}) VALUES ({places})", event._asdict())
        for columns in _INDEXES:
            scratch.execute(f"CREATE INDEX events_by_{columns.partition(',')[0]} ON domain_events ({columns})")
        yield History(snapshot, scratch, horizon)


def _archived(snapshot: Snapshot, horizon: int) -> Iterator[Event]:
    """The events that have left the table."""
    archive, after = snapshot.resource(Archive), 0
    while after < horizon:
        page = archive.page(snapshot, after, READ_EVENTS)
        yield from (event for event in page.events if event.position <= horizon)
        after = page.through


def _batches(items: Iterable[ItemT]) -> Iterator[Sequence[ItemT]]:
    remaining = iter(items)
    while some := list(islice(remaining, READ_EVENTS)):
        yield some
