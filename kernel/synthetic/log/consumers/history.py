"""Where the events of the past come from: what a rebuild of a fold reads."""

from __future__ import annotations

from synthetic.database.snapshot import Snapshot
from synthetic.log.archive import Archive
from synthetic.log.events import EventFilter, EventPage


def require_history(snapshot: Snapshot, after: int = 0) -> None:
    """Make sure that all events behind a position can be read.

    Raises:
        ArchiveDamagedError: Some are not where they were put.
    """
    snapshot.resource(Archive).require(snapshot, after)


def read_history(snapshot: Snapshot, after: int, limit: int, wanted: EventFilter) -> EventPage:
    """The next events behind a position, wherever they are kept.

    Args:
        snapshot: To read in.
        after: Position of the last one that was seen.
        limit: How many at most.
        wanted: Which.

    Raises:
        ArchiveDamagedError: They are not where they were put, or not as they were written.
    """
    return snapshot.resource(Archive).page(snapshot, after, limit, wanted)
