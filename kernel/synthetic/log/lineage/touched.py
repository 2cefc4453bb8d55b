"""The rows that an event touched: those in which it is held now, as the folds' selectors say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from synthetic.database.snapshot import Snapshot
from synthetic.json_text import to_json
from synthetic.log.archive import Archive
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.loaded import LoadedFolds, selector_of
from synthetic.log.events import COLUMNS, Event
from synthetic.log.lineage.row_keys import text_of_key
from synthetic.log.positions import read_ends

TOUCHED_MAX = 1_000
"""So many rows of one event are named."""


class TouchedRecord(NamedTuple):
    """A row that holds an event.

    Attributes:
        entity_type: The entity, or the table of a fold.
        entity_id: Which one, or the row's key.
        module: The fold; None: it is what the event itself is about.
    """

    entity_type: str
    entity_id: str
    module: str | None = None


def find_touched(snapshot: Snapshot, events: Sequence[Event | None]) -> list[list[TouchedRecord]]:
    """For each event what it is about, and the rows of folds that hold it; nothing of one that is not there."""
    folds = [*snapshot.resource(LoadedFolds).folds.values()]
    return [[] if event is None else list(islice(_touched(snapshot, folds, event), TOUCHED_MAX)) for event in events]


def find_events_at(snapshot: Snapshot, positions: Sequence[int]) -> list[Event | None]:
    """For each position its event, from the log or the archive; None: there is none.

    Raises:
        ArchiveDamagedError: The archive is not as it was written.
    """
    rows = snapshot.records(
        Event,
        f"SELECT {COLUMNS} FROM domain_events WHERE position IN (SELECT value FROM json_each(:positions))",
        {"positions": to_json(sorted(set(positions)))},
    )
    found = {event.position: event for event in rows}
    horizon = read_ends(snapshot).horizon
    for position in sorted(set(positions) - found.keys()):
        if position <= horizon:
            page = snapshot.resource(Archive).page(snapshot, position - 1, 1)
            found |= {event.position: event for event in page.events}
    return [found.get(position) for position in positions]


def _touched(snapshot: Snapshot, folds: Sequence[DeclaredConsumer], event: Event) -> Iterator[TouchedRecord]:
    yield TouchedRecord(event.entity_type, event.entity_id)
    for fold in folds:
        if fold.wanted.types is not None and event.type not in fold.wanted.types:
            continue
        state = fold.state(snapshot)
        for table in fold.tables:
            for key in dict.fromkeys(selector_of(fold, table).touched(state, event)):
                if state.get(table.record, *key) is not None:
                    yield TouchedRecord(table.name, text_of_key(key), fold.name)
