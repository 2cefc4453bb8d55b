"""`Appended`: what one commit brought to the log, so that who is told of it need not read it there."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

EventValues: TypeAlias = tuple[str, str, str, str | None, str, str, str, str, str, str | None, int, int]
"""The fields of an `Event` from its id on."""

EVENTS_TOLD_MAX = 500
"""Of a stretch that has more events, only their types are told."""


class Appended(NamedTuple):
    """A stretch of the log that was appended.

    Attributes:
        after: The position before its first event.
        head: The position of its last.
        types: The names of the types of all its events; None where they are not known.
        events: All its events, whose positions follow each other; None where they have to be read.
    """

    after: int
    head: int
    types: frozenset[str] | None
    events: tuple[EventValues, ...] | None = None


def appended_of(values: list[EventValues], head: int) -> Appended:
    """The stretch of events that were inserted with one statement.

    Args:
        values: What was inserted.
        head: The position of the last.
    """
    types = frozenset(event[1] for event in values)
    return Appended(head - len(values), head, types, tuple(values) if len(values) <= EVENTS_TOLD_MAX else None)


def join(first: Appended | None, second: Appended | None) -> Appended | None:
    """Two stretches, of which the second is behind the first, as one."""
    if first is None or second is None:
        return first or second
    types = None if first.types is None or second.types is None else first.types | second.types
    events = None
    if first.events is not None and second.events is not None and first.head == second.after:
        events = first.events + second.events
    is_told = events is not None and len(events) <= EVENTS_TOLD_MAX
    return Appended(first.after, second.head, types, events if is_told else None)
