"""What this plugin writes to the log."""

from __future__ import annotations

from synthetic import EventType

REVIEW_SAVED = EventType(
    name="review.saved", entity="review", purpose="A construct was reviewed: `constructId` and `verdict`."
)
REVIEW_DELETED = EventType(name="review.deleted", entity="review", purpose="A review was deleted.")
