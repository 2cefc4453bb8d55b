"""The events behind a row: what the selector of its table gives, followed until it gives no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from synthetic.database.snapshot import Snapshot, Value
from synthetic.json_text import to_json
from synthetic.log.archive import Archive
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.fold_state import FoldTable
from synthetic.log.consumers.loaded import selector_of
from synthetic.log.events import COLUMNS, Event, EventFilter
from synthetic.log.positions import read_ends
from synthetic.selector_contributions import RowKey

EVENTS_MAX = 10_000
"""So many events of one row are followed; a row that is made from more is a sum over much of the log."""

ROUNDS_MAX = 64
"""So often a selector is asked to go on from what was found."""

SCANNED_MAX = 500_000
"""So many events of a type, an entity or a construct are looked at for what their payloads say."""

READS_KEPT = 20_000
"""So many events of what was read are kept for the rows that are looked at next."""


class Found(NamedTuple):
    """What a filter gave.

    Attributes:
        events: In the order of the log.
        is_cut_short: Whether there was more to look at than is looked at.
    """

    events: list[Event]
    is_cut_short: bool


class Reads:
    """What filters gave, for many rows in one snapshot that are found with the same ones, `through` and `limit`."""

    def __init__(self) -> None:
        self._found: dict[EventFilter, Found] = {}
        self._held = 0

    def get(self, snapshot: Snapshot, wanted: EventFilter, limit: int, through: int | None) -> Found:
        """As `find_logged`, of no more than `SCANNED_MAX` events whose payloads are looked into."""
        found = self._found.get(wanted)
        if found is None:
            end = _find_end_of_scan(snapshot, wanted, through)
            events = find_logged(snapshot, wanted, limit, through if end is None else end)
            found = Found(events, end is not None)
            if self._held > READS_KEPT:
                self._found.clear()
                self._held = 0
            self._found[wanted] = found
            self._held += 1 + len(events)
        return found


class Behind(NamedTuple):
    """What was found of a row's past.

    Attributes:
        events: In the order of the log.
        has_more: Whether there are more than were followed.
        horizon: Events up to this position have left the log, and were not looked for; 0: none.
        roots: The entities that the row is of, by its key: its past begins with theirs. None of a sum over others.
    """

    events: list[Event]
    has_more: bool
    horizon: int
    roots: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_truncated(self) -> bool:
        """Whether events may be missing: there were too many, or older ones were not looked for.

        What begins with an event that made it has no older ones: so nothing is
        missing where all do that the events are about.
        """
        if self.has_more:
            return True
        if self.horizon == 0:
            return False
        first: dict[tuple[str, str], Event] = {}
        for event in self.events:
            first.setdefault((event.entity_type, event.entity_id), event)
        return (
            not self.roots or not self.roots <= first.keys() or not all(is_beginning(event) for event in first.values())
        )


def is_beginning(event: Event) -> bool:
    """Whether an event says of itself that what it is about was not there before."""
    return event.type.endswith(".created") or event.data().get("created") is True


def find_behind(
    snapshot: Snapshot,
    consumer: DeclaredConsumer,
    table: FoldTable,
    key: RowKey,
    *,
    archived: bool = False,
    through: int | None = None,
    limit: int = EVENTS_MAX,
    reads: Reads | None = None,
) -> Behind:
    """The events that a row of a fold is made from.

    Args:
        snapshot: To read in.
        consumer: The fold.
        table: Of the row.
        key: Of the row; it need not be there any more.
        archived: Whether to read what has left the log, too, which takes long.
        through: The last position to look at; None: the end of the log.
        limit: How many events are followed.
        reads: What was read for other rows in this snapshot.

    Raises:
        ArchiveDamagedError: The archive was to be read, and is not as it was written.
    """
    selector = selector_of(consumer, table)
    found: dict[int, Event] = {}
    asked: set[EventFilter] = set()
    horizon = read_ends(snapshot).horizon
    reads, roots = reads or Reads(), frozenset[tuple[str, str]]()
    for _ in range(ROUNDS_MAX):
        # What a selector computes of many events takes its time, too.
        snapshot.spend(0)
        events = [found[position] for position in sorted(found)]
        wanted = [each for each in dict.fromkeys(selector.behind(key, events)) if each not in asked]
        if not wanted:
            return Behind(events, has_more=False, horizon=0 if archived else horizon, roots=roots)
        if not asked:
            roots = frozenset(
                (each.entity_type, each.entity_id) for each in wanted if each.entity_type and each.entity_id
            )
        asked.update(wanted)
        filters = [_of_consumer(each, consumer) for each in wanted]
        if archived and horizon:
            found |= {event.position: event for event in find_archived(snapshot, filters, limit + 1)}
        if not _read_all(snapshot, filters, found, reads, limit, through):
            break
    events = [found[position] for position in sorted(found)][:limit]
    return Behind(events, has_more=True, horizon=0 if archived else horizon)


def _read_all(
    snapshot: Snapshot,
    filters: Iterable[EventFilter],
    found: dict[int, Event],
    reads: Reads,
    limit: int,
    through: int | None,
) -> bool:
    """Add what filters give to what was found; whether that is all, and not more than the limit."""
    for each in filters:
        events, is_cut_short = reads.get(snapshot, each, limit + 1, through)
        found |= {event.position: event for event in events}
        if is_cut_short or len(found) > limit:
            return False
    return True


def find_facts(snapshot: Snapshot, entity_type: str, entity_id: str, limit: int = EVENTS_MAX) -> Behind:
    """All events about an entity, those in the archive too.

    Raises:
        ArchiveDamagedError: The archive is not as it was written.
    """
    wanted = EventFilter(entity_type=entity_type, entity_id=entity_id)
    found = {event.position: event for event in find_archived(snapshot, [wanted], limit + 1)}
    found |= {event.position: event for event in find_logged(snapshot, wanted, limit + 1)}
    events = [found[position] for position in sorted(found)]
    return Behind(events[:limit], has_more=len(events) > limit, horizon=0)


def find_logged(snapshot: Snapshot, wanted: EventFilter, limit: int, through: int | None = None) -> list[Event]:
    """The first events in the log that a filter gives, by the index that suits it.

    Args:
        snapshot: To read in.
        wanted: The filter.
        limit: How many events at most.
        through: The last position to look at; None: the end of the log.
    """
    is_narrow = any(each is not None for each in (wanted.entity_id, wanted.construct_id, wanted.position))
    where, params = replace(wanted, types=None).conditions()
    if wanted.types is None:
        return _find_in_order(snapshot, where, params, limit, through)
    if is_narrow:
        # The unary plus keeps SQLite on the index of the entity or the construct: a type has more events than these.
        where.append("+type IN (SELECT value FROM json_each(:types))")
        return _find_in_order(snapshot, where, {**params, "types": to_json(sorted(wanted.types))}, limit, through)
    # Each type has its events in order in the index; of all types at once, it would bring all before they are sorted.
    where.append("type = :type")
    found = [
        event
        for name in wanted.types
        for event in _find_in_order(snapshot, where, {**params, "type": name}, limit, through)
    ]
    return sorted(found)[:limit]


def _find_end_of_scan(snapshot: Snapshot, wanted: EventFilter, through: int | None) -> int | None:
    """The last position at which payloads are looked into; None: there are not too many to look at all."""
    if not wanted.payload:
        return None
    where, params = replace(wanted, types=None, payload=()).conditions()
    names: Iterable[str | None] = (None,)
    if wanted.types is not None and not where:
        where, names = ["type = :type"], sorted(wanted.types)
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    # Answered from the index of the type, the entity or the construct, which has the positions in order.
    sql = f"SELECT position FROM domain_events{clause} ORDER BY position LIMIT 1 OFFSET :scanned"
    ends = [snapshot.value(sql, {**params, "type": name, "scanned": SCANNED_MAX - 1}) for name in names]
    within = [end for end in ends if end is not None and (through is None or end < through)]
    return min(within, default=None)


def _find_in_order(
    snapshot: Snapshot, conditions: Sequence[str], params: Mapping[str, Value], limit: int, through: int | None
) -> list[Event]:
    """The first events of which some conditions hold, in order."""
    where, values = list(conditions), {**params, "limit": limit}
    if through is not None:
        where.append("position <= :through")
        values["through"] = through
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    return snapshot.records(
        Event, f"SELECT {COLUMNS} FROM domain_events{clause} ORDER BY position LIMIT :limit", values
    )


def find_archived(snapshot: Snapshot, filters: Iterable[EventFilter], limit: int) -> list[Event]:
    """The first events in the archive that any of some filters gives.

    Raises:
        ArchiveDamagedError: The archive is not as it was written.
    """
    matchers = [each.matcher() for each in filters]
    return snapshot.resource(Archive).search(snapshot, _any_of(matchers), limit)


def _any_of(matchers: list[Callable[[Event], bool]]) -> Callable[[Event], bool]:
    return lambda event: any(matches(event) for matches in matchers)


def _of_consumer(wanted: EventFilter, consumer: DeclaredConsumer) -> EventFilter:
    """What a filter gives of the events of a fold: of others it makes nothing."""
    own = consumer.wanted.types
    types = own if wanted.types is None or own is None else wanted.types & own
    return replace(wanted, types=wanted.types if types is None else types)
