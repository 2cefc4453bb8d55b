"""What stands in the log, as the tests of plugins look at it."""

from __future__ import annotations

from typing import Any

from synthetic import Event, Store
from synthetic.log.events import read_events


def logged(store: Store, *types: str) -> list[Event]:
    """All events, or those of some types, in the order of the log."""
    events = store.read(read_events, 0, 100_000).events
    return [event for event in events if not types or event.type in types]


def told(store: Store, *types: str) -> list[tuple[str, str]]:
    """The type of each event, and whom it is about."""
    return [(event.type, event.entity_id) for event in logged(store, *types)]


def payloads(store: Store, *types: str) -> list[dict[str, Any]]:
    """What each event carries."""
    return [event.data() for event in logged(store, *types)]
