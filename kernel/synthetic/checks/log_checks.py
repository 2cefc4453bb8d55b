"""Whether the log is in order: its ends, its epochs, who follows it, and what was moved to the archive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from synthetic.check_contributions import Check, Finding
from synthetic.checks.repairs import REBUILD_CONSUMER
from synthetic.database.snapshot import Snapshot
from synthetic.log.archive import Archive
from synthetic.log.errors import ArchiveDamagedError
from synthetic.log.event_types import EPOCH_BEGAN
from synthetic.log.positions import HEAD, read_ends
from synthetic.log.segments import Segment, check_size, list_segments, read_segment

_EPOCH = re.compile(r"[0-9a-f]{10}")


def find_wrong_ends(snapshot: Snapshot) -> Iterator[Finding]:
    """What the store says of where its log begins and ends, against the rows."""
    ends = read_ends(snapshot)
    newest = snapshot.row("SELECT position, epoch FROM domain_events ORDER BY position DESC LIMIT 1")
    # An older store may be without an epoch; it has a text whatever the type says.
    if not _EPOCH.fullmatch(str(ends.epoch)):
        yield Finding(message="The store does not say which epoch its log is of.", details={"epoch": ends.epoch})
    elif newest is not None and newest[1] != ends.epoch:
        yield Finding(
            message=f"The newest event, {newest[0]}, is of another epoch than the store.",
            entity_type="event",
            entity_id=str(newest[0]),
            details={"epoch": newest[1], "expected": ends.epoch},
        )
    if newest is not None and newest[0] > ends.head:
        yield Finding(
            message=f"The newest event has the position {newest[0]}, and the next one would be given {ends.head + 1}:"
            " positions would be used twice.",
            details={"newest": newest[0], "head": ends.head},
        )
    archived = snapshot.value("SELECT coalesce(max(last_position), 0) FROM log_segments")
    if archived != ends.horizon:
        yield Finding(
            message=f"The archive ends at {archived}, and the log's table is said to begin behind {ends.horizon}.",
            details={"archived": archived, "horizon": ends.horizon},
        )
    if ends.horizon > ends.head:
        yield Finding(
            message=f"The log ends at {ends.head}, before the {ends.horizon} up to which it was archived.",
            details={"horizon": ends.horizon, "head": ends.head},
        )


def find_mixed_epochs(snapshot: Snapshot) -> Iterator[Finding]:
    """Epochs follow one another: none comes back, and each but the first begins with the event that says so."""
    runs: list[tuple[str, int, int]] = snapshot.rows(
        "SELECT epoch, min(position), max(position) FROM domain_events GROUP BY epoch ORDER BY min(position)"
    )
    for (epoch, first, last), (later, began, _) in pairwise(runs):
        if began <= last:
            yield Finding(
                message=f"Events of the epoch {epoch} stand behind the first one of {later}, at {began}.",
                entity_id=str(last),
                details={"epoch": epoch, "first": first, "last": last, "later": later},
            )
        kind = snapshot.value("SELECT type FROM domain_events WHERE position = :position", {"position": began})
        if kind != EPOCH_BEGAN.name:
            yield Finding(
                message=f"The epoch {later} begins at {began} without the event that says so.",
                entity_id=str(began),
                details={"epoch": later, "type": kind},
            )


def find_lost_segments(snapshot: Snapshot) -> Iterator[Finding]:
    """Segments follow each other without a gap from the first position on, and their files are there in full size."""
    segments = list_segments(snapshot)
    directory = snapshot.resource(Archive).directory
    reached = 0
    for segment in segments:
        if segment.first_position != reached + 1:
            yield Finding(
                message=f"The events from {reached + 1} to {segment.first_position - 1} are in no segment."
                if segment.first_position > reached
                else f"The segment {segment.file} holds events that another one holds too.",
                entity_id=segment.file,
            )
        reached = segment.last_position
        snapshot.spend(0)
        try:
            check_size(directory / segment.file, segment)
        except ArchiveDamagedError as error:
            yield _of_segment(segment, error.message)


def find_altered_segments(snapshot: Snapshot) -> Iterator[Finding]:
    """Each file of the archive is as it was written, and holds the events that are on record."""
    directory = snapshot.resource(Archive).directory
    for segment in list_segments(snapshot):
        snapshot.spend(segment.size_bytes)
        count, last = 0, segment.first_position - 1
        in_order = True
        try:
            for event in read_segment(directory, segment):
                in_order = in_order and last < event.position <= segment.last_position
                count, last = count + 1, event.position
        except ArchiveDamagedError as error:
            yield _of_segment(segment, error.message)
            continue
        if not in_order or last != segment.last_position or count != segment.events:
            yield _of_segment(
                segment, f"{segment.file} does not hold the {segment.events} events that are on record, in their order."
            )


def _of_segment(segment: Segment, message: str) -> Finding:
    details = {"file": segment.file, "first": segment.first_position, "last": segment.last_position}
    return Finding(message=message, entity_id=segment.file, details=details)


_FOLLOWERS = (
    "SELECT name, 'The consumer ' || name || ' stands at ' || position || ', beyond the end of the log, '"
    " || head || '.'"
    f" FROM consumers, (SELECT {HEAD} AS head) WHERE position > head OR rebuild_to > head"
)
_SET_ASIDE = (
    "SELECT name, 'The consumer ' || name || ' counts ' || set_aside || ' events that it went on without, and '"
    " || found || ' are on record.' FROM (SELECT c.name, c.set_aside,"
    " (SELECT count(*) FROM set_aside_events s WHERE s.consumer = c.name) AS found FROM consumers c)"
    " WHERE found <> set_aside"
)

LOG_CHECKS = (
    Check(
        name="log_ends",
        purpose="The log begins and ends where the store says, in the epoch that it says.",
        find=find_wrong_ends,
        entity="log",
        effort="light",
    ),
    Check(
        name="consumers",
        purpose="No consumer has come further than the log.",
        sql=_FOLLOWERS,
        entity="consumer",
        action="Rebuild the consumer: `requestResync` with REBUILD.",
        effort="light",
        repair=REBUILD_CONSUMER,
    ),
    Check(
        name="set_aside_events",
        purpose="Each consumer counts the events that are on record as set aside.",
        sql=_SET_ASIDE,
        entity="consumer",
        action="Rebuild the consumer: `requestResync` with REBUILD.",
        effort="light",
        repair=REBUILD_CONSUMER,
    ),
    Check(
        name="log_epochs",
        purpose="The epochs of the log follow one another, and each begins with the event that says so.",
        find=find_mixed_epochs,
        entity="event",
    ),
    Check(
        name="archive",
        purpose="The archive holds the log from its first event on without a gap, and its files are there.",
        find=find_lost_segments,
        entity="segment",
        error_class=ArchiveDamagedError,
    ),
    Check(
        name="archive_contents",
        purpose="Every file of the archive is as it was written.",
        find=find_altered_segments,
        entity="segment",
        error_class=ArchiveDamagedError,
        effort="deep",
    ),
)
