"""What this theme writes to the log, and what its events carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synthetic import EventType

SEARCH_SAVED = EventType(
    name="saved_search.saved",
    entity="saved_search",
    purpose="A search was saved (`created`) or changed: `changed` names the fields.",
)
SEARCH_DELETED = EventType(
    name="saved_search.deleted",
    entity="saved_search",
    purpose="A saved search was deleted, with the list of what it had found.",
)
SEARCH_MATCHED = EventType(
    name="saved_search.matched",
    entity="saved_search",
    purpose="A saved search has found documents that were indexed since it was looked for last: `hits` names each by"
    " its `kind`, `entityId` and `ordinal`, at most 20 in one event.",
)
EVENTS = (SEARCH_SAVED, SEARCH_DELETED, SEARCH_MATCHED)

HITS_MAX = 20
"""Most hits of one event, so that its payload is bounded."""


def matched_payload(hits: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """What `saved_search.matched` carries: kind, entity and ordinal of each hit."""
    return {"hits": [{"kind": kind, "entityId": entity, "ordinal": ordinal} for kind, entity, ordinal in hits]}
