"""The archive: ranges of the log past retention, each a compressed, hashed file in `archive/`.

A range is first written whole to its file, then recorded together with the
log's new horizon, and only then deleted from the table, in small batches. So a
crash at any point loses nothing: what was not recorded is written again, and
what was not deleted is deleted later. A process that was held up while another
took over its work may come to a range that is archived by then: it leaves the
file alone unless it has all events of the range, and so would write the same.
Nobody keeps the log from ending: whoever is left behind its horizon is rebuilt
from here.
"""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import zstandard

from synthetic.contributions import Service
from synthetic.database.ownership import BlockingStore
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import SettingsLookup
from synthetic.database.transaction import Transaction
from synthetic.durable_files import durable_file, remove_partial_files
from synthetic.faults import crash_point
from synthetic.json_text import to_json
from synthetic.kernel_settings import EventSettings
from synthetic.log.errors import ArchiveDamagedError
from synthetic.log.events import COLUMNS, EVERYTHING, Event, EventFilter, EventPage, read_events
from synthetic.log.positions import read_ends
from synthetic.log.segments import FORMAT, SEGMENT_COLUMNS, Segment, check_size, list_segments, read_segment
from synthetic.logs import logger_for

LEVEL = 9
READ_EVENTS = 1_000
SEGMENTS_KEPT = 2
"""Segments in memory, with all their events: rebuilds that run at once are often in the same one."""

DELETE_EVENTS = 1_000
EVERY_MS = 60_000
DAY_MS = 86_400_000
"""A range that has not as many events as a segment waits a day longer, so that quiet stores make few files."""

log = logger_for(__name__)


class _OvertakenError(Exception):
    """Another process has archived the range, which its lease allows and ours does not any more."""


class Range(NamedTuple):
    """What is to be moved next.

    Attributes:
        first: Where it begins: behind the last one, whether or not an event has this position.
        last: Position of its last event.
        events: How many.
    """

    first: int
    last: int
    events: int


def archive_service(directory: Path) -> Service:
    """The archiving of the log as the kernel's background work."""
    return Service(
        name="archive_log",
        purpose="Moves events past retention to the archive.",
        work=partial(archive_step, directory),
        every_ms=EVERY_MS,
    )


def archive_step(directory: Path, store: BlockingStore) -> int:
    """Move one range past retention to the archive, or go on with deleting what was moved.

    Args:
        directory: The directory `archive`.
        store: To read and write through.

    Returns:
        How many events were moved or deleted; 0 when there is nothing to do.

    Raises:
        SyntheticError: The file cannot be written; the log is as it was.
    """
    deleted = store.write(_delete_archived)
    if deleted:
        return deleted
    found = store.read(_find_range)
    if found is None:
        return 0
    try:
        segment = _write_segment(store, directory, found)
    except _OvertakenError:
        return 0
    crash_point("archive.segment_written")
    store.write(_record, segment)
    crash_point("archive.recorded")
    remove_partial_files(directory)
    log.info("log archived", file=segment.file, events=segment.events, size_bytes=segment.size_bytes)
    return segment.events


def _find_range(snapshot: Snapshot) -> Range | None:
    """What is to be moved next."""
    settings = snapshot.settings(EventSettings)
    first = snapshot.row("SELECT position, ingested_at_utc FROM domain_events ORDER BY position LIMIT 1")
    before = snapshot.now - settings.keep_ms
    if first is None or first[1] >= before:
        return None
    last, count = first[0] - 1, 0
    # Ends at the first event that is still to be kept: the log ends at one place, whatever a clock did.
    for position, ingested_at in snapshot.iterate(
        "SELECT position, ingested_at_utc FROM domain_events ORDER BY position LIMIT :limit",
        {"limit": settings.segment_events},
    ):
        if ingested_at >= before:
            break
        last, count = position, count + 1
    if count < settings.segment_events and first[1] >= before - DAY_MS:
        return None
    return Range(read_ends(snapshot).horizon + 1, last, count)


def _write_segment(store: BlockingStore, directory: Path, found: Range) -> Segment:
    first, last, events = found
    target = directory / f"events-{first:015d}-{last:015d}.jsonl.zst"
    with durable_file(target) as file:
        written, first_at, last_at = _compress(store, file, first, last)
        if written != events:
            raise _OvertakenError
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    return Segment(first, last, events, target.name, target.stat().st_size, digest, first_at, last_at, 0)


def _compress(store: BlockingStore, file: BinaryIO, first: int, last: int) -> tuple[int, int, int]:
    """Write the events; how many there were, and when the first and the last were appended."""
    events, first_at, last_at = 0, 0, 0
    with zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).stream_writer(file, closefd=False) as writer:
        writer.write(f"{to_json({'format': FORMAT, 'columns': Event._fields})}\n".encode())
        position = first - 1
        while position < last:
            page = store.read(_read_range, position, last)
            if not page:
                raise _OvertakenError
            for event in page:
                writer.write(f"{to_json(tuple(event))}\n".encode())
            events += len(page)
            first_at = first_at or page[0].ingested_at_utc
            last_at, position = page[-1].ingested_at_utc, page[-1].position
    return events, first_at, last_at


def _read_range(snapshot: Snapshot, after: int, last: int) -> list[Event]:
    return snapshot.records(
        Event,
        f"SELECT {COLUMNS} FROM domain_events WHERE position > :after AND position <= :last"
        " ORDER BY position LIMIT :limit",
        {"after": after, "last": last, "limit": READ_EVENTS},
    )


def _record(tx: Transaction, segment: Segment) -> None:
    tx.execute(
        f"INSERT INTO log_segments ({SEGMENT_COLUMNS}) VALUES ({', '.join(f':{name}' for name in Segment._fields)})",
        {**segment._asdict(), "archived_at": tx.now},
    )
    tx.execute(
        "INSERT INTO meta (key, value) VALUES ('log_pruned_to', :value)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        {"value": str(segment.last_position)},
    )


def _delete_archived(tx: Transaction) -> int:
    return tx.execute(
        "DELETE FROM domain_events WHERE position IN"
        " (SELECT position FROM domain_events WHERE position <= :horizon ORDER BY position LIMIT :limit)",
        {"horizon": read_ends(tx).horizon, "limit": DELETE_EVENTS},
    )


class Archive:
    """Reads the whole log, from its first event on: segments, then the table.

    A resource of a kernel's transactions. It keeps the segments that were read
    last, since rebuilds go through them page by page, and lets go of them when
    one has come to the table.

    Attributes:
        directory: The directory `archive`.
    """

    def __init__(self, directory: Path) -> None:
        """Make it.

        Args:
            directory: The directory `archive`.
        """
        self.directory = directory
        self._kept: OrderedDict[Segment, list[Event]] = OrderedDict()
        self._keeping = threading.Lock()

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Never made on demand: each kernel provides its own.

        Raises:
            LookupError: Always.
        """
        raise LookupError("a kernel provides its Archive when it is opened")

    def require(self, snapshot: Snapshot, after: int = 0) -> None:
        """Make sure that all events behind a position are there to be read.

        Raises:
            ArchiveDamagedError: A segment is missing, or its file is not there or of another size.
        """
        horizon = read_ends(snapshot).horizon
        reached = after
        for segment in list_segments(snapshot):
            if segment.last_position <= after:
                continue
            if segment.first_position > reached + 1:
                break
            check_size(self.directory / segment.file, segment)
            reached = segment.last_position
        if reached < horizon:
            raise ArchiveDamagedError(
                f"The events from {reached + 1} to {horizon} are not in the archive.",
                details={"after": after, "horizon": horizon},
            )

    def page(self, snapshot: Snapshot, after: int, limit: int, wanted: EventFilter = EVERYTHING) -> EventPage:
        """The next events after a position, wherever they are.

        Args:
            snapshot: To read in.
            after: Position of the last one that was seen; 0 to begin.
            limit: How many at most.
            wanted: Which.

        Raises:
            ArchiveDamagedError: A segment is not there, or not as it was written.
        """
        ends = read_ends(snapshot)
        if after >= ends.horizon:
            with self._keeping:
                self._kept.clear()
            return read_events(snapshot, after, limit, wanted)
        segment = snapshot.record(
            Segment,
            f"SELECT {SEGMENT_COLUMNS} FROM log_segments WHERE last_position > :after ORDER BY first_position LIMIT 1",
            {"after": after},
        )
        if segment is None:
            raise ArchiveDamagedError("The record of what was archived is not there.")
        matches = wanted.matcher()
        held = self._read(segment)
        following = islice(held, bisect_right(held, after, key=attrgetter("position")), None)
        events = list(islice(filter(matches, following), limit))
        through = events[-1].position if len(events) == limit else segment.last_position
        return EventPage(events, through, ends)

    def search(self, snapshot: Snapshot, matches: Callable[[Event], bool], limit: int) -> list[Event]:
        """The first events in the archive of which a function says that they are wanted.

        All segments are read for it, one after the other: no index leads into them.

        Args:
            snapshot: To read in; its time bounds how long that may take.
            matches: Says it.
            limit: How many at most.

        Raises:
            ArchiveDamagedError: A segment is not there, or not as it was written.
        """
        self.require(snapshot)
        found: list[Event] = []
        for segment in list_segments(snapshot):
            snapshot.spend(segment.size_bytes)
            found += islice(filter(matches, self._read(segment)), limit - len(found))
            if len(found) >= limit:
                break
        return found

    def _read(self, segment: Segment) -> list[Event]:
        with self._keeping:
            held = self._kept.get(segment)
        if held is None:
            held = list(read_segment(self.directory, segment))
            with self._keeping:
                self._kept[segment] = held
                if len(self._kept) > SEGMENTS_KEPT:
                    self._kept.popitem(last=False)
        return held
