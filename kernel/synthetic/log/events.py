"""`Event`: a row of the log, and how rows are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from synthetic.contributions import EventType
from synthetic.database.snapshot import Snapshot, Value
from synthetic.json_text import from_json, to_json
from synthetic.log.positions import LogEnds, read_ends

WINDOW_EVENTS = 20_000
"""So many positions one read looks at, at most, however few of them match."""


class Event(NamedTuple):
    """A fact, as it stands in the log.

    Attributes:
        position: Its place; strictly increases in the order of commits.
        epoch: In which history it was appended.
        id: A UUIDv7, or what the client brought.
        type: What happened: `construct.saved`.
        module: The plugin that wrote it.
        construct_id: The construct that it belongs to.
        entity_type: What kind of thing it is about.
        entity_id: Which one.
        payload: JSON text of an object.
        actor: On whose behalf it was written.
        correlation_id: The same for all that one request caused.
        causation_id: Id of the event that it is a reaction to.
        occurred_at_utc: When it happened, Unix milliseconds.
        ingested_at_utc: When it was appended, Unix milliseconds.
    """

    position: int
    epoch: str
    id: str
    type: str
    module: str
    construct_id: str | None
    entity_type: str
    entity_id: str
    payload: str
    actor: str
    correlation_id: str
    causation_id: str | None
    occurred_at_utc: int
    ingested_at_utc: int

    def data(self) -> dict[str, Any]:
        """The payload, parsed."""
        return from_json(self.payload)


COLUMNS = ", ".join(Event._fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events somebody wants; None means all.

    Attributes:
        types: Their types, by name.
        entity_type: What they are about.
        entity_id: Whom they are about.
        construct_id: The construct that they belong to.
        module: The plugin that wrote them.
        correlation_id: The request that caused them.
        position: Only the one with this position.
        payload: What must stand in their payloads under names of the top level:
            a text, one of some texts, or None: nothing, or null. No index
            serves this.
    """

    types: frozenset[str] | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    construct_id: str | None = None
    module: str | None = None
    correlation_id: str | None = None
    position: int | None = None
    payload: tuple[tuple[str, str | frozenset[str] | None], ...] = ()

    def matcher(self) -> Callable[[Event], bool]:
        """A function that says of an event whether it is wanted."""
        types = self.types
        wanted = [(name, value) for name in _EQUAL if (value := getattr(self, name)) is not None]
        payload = self.payload

        if types is not None and not wanted and not payload:
            return lambda event: event.type in types

        def matches(event: Event) -> bool:
            if types is not None and event.type not in types:
                return False
            if not all(getattr(event, name) == value for name, value in wanted):
                return False
            return not payload or _holds(event, payload)

        return matches

    def conditions(self) -> tuple[list[str], dict[str, Value]]:
        """The same in SQL: conditions that all must hold, and their parameters."""
        where = [f"{name} = :{name}" for name in _EQUAL if getattr(self, name) is not None]
        params: dict[str, Value] = {name: getattr(self, name) for name in _EQUAL if getattr(self, name) is not None}
        if self.types is not None:
            where.append("type IN (SELECT value FROM json_each(:types))")
            params["types"] = to_json(sorted(self.types))
        for number, (name, value) in enumerate(self.payload):
            stands = f"json_extract(payload, :path_{number})"
            params[f"path_{number}"] = f'$."{name}"'
            if isinstance(value, frozenset):
                where.append(f"{stands} IN (SELECT value FROM json_each(:texts_{number}))")
                params[f"texts_{number}"] = to_json(sorted(value))
            else:
                where.append(f"{stands} IS :text_{number}")
                params[f"text_{number}"] = value
        return where, params


def _holds(event: Event, wanted: Sequence[tuple[str, str | frozenset[str] | None]]) -> bool:
    data = event.data()
    for name, value in wanted:
        stands = data.get(name)
        if isinstance(value, frozenset):
            if not (isinstance(stands, str) and stands in value):
                return False
        elif stands != value:
            return False
    return True


_EQUAL = ("entity_type", "entity_id", "construct_id", "module", "correlation_id", "position")

EVERYTHING = EventFilter()


def filter_of(
    types: Sequence[EventType] | None, *, entity_id: str | None = None, construct_id: str | None = None
) -> EventFilter:
    """A filter by the records that plugins declare."""
    names = None if types is None else frozenset(each.name for each in types)
    return EventFilter(types=names, entity_id=entity_id, construct_id=construct_id)


class EventPage(NamedTuple):
    """Events that follow a position.

    Attributes:
        events: Those that match, in order.
        through: Everything up to this position was looked at.
        ends: Of the log, in the same snapshot.
    """

    events: list[Event]
    through: int
    ends: LogEnds


def read_events(snapshot: Snapshot, after: int, limit: int, wanted: EventFilter = EVERYTHING) -> EventPage:
    """The next events after a position.

    Args:
        snapshot: To read in.
        after: Position of the last one that was seen.
        limit: How many at most.
        wanted: Which.
    """
    ends = read_ends(snapshot)
    last = min(ends.head, after + WINDOW_EVENTS)
    where, params = wanted.conditions()
    # The unary plus keeps SQLite on the primary key, whose window is bounded; an index of a filter's column is not.
    conditions = " AND ".join(["position > :after", "position <= :last", *(f"+{each}" for each in where)])
    events = snapshot.records(
        Event,
        f"SELECT {COLUMNS} FROM domain_events WHERE {conditions} ORDER BY position LIMIT :limit",
        {**params, "after": after, "last": last, "limit": limit},
    )
    return EventPage(events, events[-1].position if len(events) == limit else last, ends)


def find_events(snapshot: Snapshot, ids: Sequence[str]) -> list[Event | None]:
    """For each id its event, or None."""
    records = snapshot.records(
        Event,
        f"SELECT {COLUMNS} FROM domain_events WHERE id IN (SELECT value FROM json_each(:ids))",
        {"ids": to_json(list(ids))},
    )
    found = {event.id: event for event in records}
    return [found.get(id) for id in ids]
