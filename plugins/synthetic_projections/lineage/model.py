"""The fold `timeline`: which events of other constructs, or of none, name a construct. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from synthetic import Event, FoldState
from synthetic_constructs.events import CONSTRUCT_DELETED, RELATIONSHIP_DELETED, RELATIONSHIP_SAVED

CONSTRUCT = CONSTRUCT_DELETED.entity
LINKS = frozenset({RELATIONSHIP_SAVED.name, RELATIONSHIP_DELETED.name})


class Mention(NamedTuple):
    """A row of `timeline_mentions`: an event that belongs to no construct or another one, and names this one."""

    construct_id: str
    occurred_at: int
    position: int


def fold_mentions(state: FoldState, event: Event) -> None:
    """Take in one event."""
    for construct_id in mentioned_in(event):
        state.put(Mention(construct_id, event.occurred_at_utc, event.position))
    if event.type == CONSTRUCT_DELETED.name:
        for mention in state.rows(Mention, event.entity_id):
            state.delete(Mention, *mention)


def mentioned_in(event: Event) -> frozenset[str]:
    """The constructs that an event names beside the one that it belongs to.

    A payload names one at its top level: under `constructId` or a name that
    ends in `ConstructId`, as the `EntityId` whose `EntityType` is a construct,
    or as an end of a relationship.
    """
    named = frozenset(_named(event))
    return named - {event.construct_id} if named else named


def _named(event: Event) -> Iterator[str]:
    if event.entity_type == CONSTRUCT:
        yield event.entity_id
    if event.type in LINKS:
        data = event.data()
        yield from (data["fromId"], data["toId"])
    # Most events name nothing else, and are not parsed.
    elif "onstructId" in event.payload or "ntityType" in event.payload:
        yield from _named_in(event.data())


def _named_in(data: dict[str, Any]) -> Iterator[str]:
    for name, value in data.items():
        if not isinstance(value, str):
            continue
        if name == "constructId" or name.endswith("ConstructId"):
            yield value
        elif value == CONSTRUCT and name.endswith("EntityType"):
            id = data.get(f"{name.removesuffix('Type')}Id")
            if isinstance(id, str):
                yield id
