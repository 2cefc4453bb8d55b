"""What this plugin writes to the log, and what its events carry. Neither URL nor secret is ever in them."""

from __future__ import annotations

from synthetic import EventType

_TARGET = "delivery_target"

TARGET_SAVED = EventType(
    name="delivery_target.saved",
    entity=_TARGET,
    purpose="A target was stored or changed: `name`, `enabled`, `created`, and the fields that were `changed`.",
)
TARGET_DELETED = EventType(
    name="delivery_target.deleted", entity=_TARGET, purpose="A target was deleted, with its deliveries."
)
TARGET_TESTED = EventType(
    name="delivery_target.tested",
    entity=_TARGET,
    purpose="Somebody had something posted to a target, to see whether it arrives: this event.",
)
TARGET_DISABLED = EventType(
    name="delivery_target.disabled",
    entity=_TARGET,
    purpose="A receiver answered 410 Gone, so nothing is posted to it any more: `name`, `reason`.",
)
SECRET_ROTATED = EventType(
    name="delivery_target.secret_rotated",
    entity=_TARGET,
    purpose="A target got another secret: `name`, and `previousUntilAt` (ISO 8601), until when requests are signed with"
    " an earlier one too, or null.",
)
CIRCUIT_OPENED = EventType(
    name="delivery_target.circuit_opened",
    entity=_TARGET,
    purpose="A target fails again and again and is left alone for a while: `name`, `failures`, and the last `code`.",
)
CIRCUIT_CLOSED = EventType(
    name="delivery_target.circuit_closed",
    entity=_TARGET,
    purpose="A target that had failed works again, or somebody wants it to be tried: `name`.",
)
EVENTS_MISSED = EventType(
    name="delivery_target.events_missed",
    entity=_TARGET,
    purpose="A target was so far behind that events had left the log: none `after` a position and `through` another"
    " was posted to it.",
)
DELIVERY_FAILED = EventType(
    name="delivery.failed",
    entity="delivery",
    purpose="A delivery has failed for good: `targetId`, `eventId`, `eventType`, `attempts`, and the last `code`.",
)
DELIVERY_RESENT = EventType(
    name="delivery.resent",
    entity="delivery",
    purpose="A delivery that had ended is sent again, as a new one with the same webhook id: `targetId`, `resendOf`.",
)
EVENTS = (
    TARGET_SAVED,
    TARGET_DELETED,
    TARGET_TESTED,
    TARGET_DISABLED,
    SECRET_ROTATED,
    CIRCUIT_OPENED,
    CIRCUIT_CLOSED,
    EVENTS_MISSED,
    DELIVERY_FAILED,
    DELIVERY_RESENT,
)
