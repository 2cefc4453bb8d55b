"""`Appended`: what one commit brought to the log, so that who is told of it need not read it there."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

EventValues: TypeAlias = tuple[str, str, str, str | None, str, str, str, str, str, str | None, int, int]
"""The fields of an `Event` from its id on."""

EVENTS_TOLD_MAX = 500
CHARACTERS_TOLD_MAX = 262_144
"""Of a stretch that has more events, or payloads with more characters in all, only the types are told."""

_TEXT, _TEXT_OR_NONE, _WHOLE = frozenset({str}), frozenset({str, type(None)}), frozenset({int})
_FIELDS = (*[_TEXT] * 3, _TEXT_OR_NONE, *[_TEXT] * 5, _TEXT_OR_NONE, _WHOLE, _WHOLE)


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
    types = frozenset(str(event[1]) for event in values)
    # What is of another type stands in the log as SQLite has converted it.
    is_plain = len(values) <= EVENTS_TOLD_MAX and all(
        type(value) in allowed for event in values for value, allowed in zip(event, _FIELDS, strict=True)
    )
    return Appended(head - len(values), head, types, _short(tuple(values)) if is_plain else None)


def join(first: Appended | None, second: Appended | None) -> Appended | None:
    """Two stretches, of which the second is behind the first, as one."""
    if first is None or second is None:
        return first or second
    types = None if first.types is None or second.types is None else first.types | second.types
    events = None
    if first.events is not None and second.events is not None and first.head == second.after:
        events = _short(first.events + second.events)
    return Appended(first.after, second.head, types, events)


def _short(events: tuple[EventValues, ...]) -> tuple[EventValues, ...] | None:
    """Events, unless they are so many or so long that they are rather read than kept."""
    if len(events) > EVENTS_TOLD_MAX or sum(len(event[6]) for event in events) > CHARACTERS_TOLD_MAX:
        return None
    return events
