"""What a turn of a consumer begins with, read at once."""

from __future__ import annotations

from typing import NamedTuple

from synthetic.database.snapshot import Snapshot
from synthetic.log.consumers.declared import DeclaredConsumer, KnownFingerprint
from synthetic.log.consumers.store import ConsumerRecord, find_consumer
from synthetic.log.events import EventPage, read_events
from synthetic.log.positions import LogEnds, read_ends


class Look(NamedTuple):
    """How a consumer stands.

    Attributes:
        record: Its row; None where it has none yet.
        ends: Of the log.
        fingerprint: Of its code as it is now.
        page: The events that come next; None where it does anything else than to follow the log, or is asked to.
    """

    record: ConsumerRecord | None
    ends: LogEnds
    fingerprint: str
    page: EventPage | None


def look(
    snapshot: Snapshot, consumer: DeclaredConsumer, fingerprint: KnownFingerprint, looked: int, limit: int
) -> Look:
    """Look how a consumer stands.

    Args:
        snapshot: To read in.
        consumer: Which.
        fingerprint: Of its code.
        looked: Up to where it has looked without storing that.
        limit: How many events it is given at most.
    """
    record, made_by = find_consumer(snapshot, consumer.name), fingerprint.read(snapshot)
    if record is None or record.phase != "FOLLOWING" or record.requested is not None:
        return Look(record, read_ends(snapshot), made_by, None)
    page = read_events(snapshot, max(record.position, looked), limit, consumer.wanted)
    return Look(record, page.ends, made_by, page)
