"""What the kernel itself writes to the log."""

from __future__ import annotations

from synthetic.contributions import EventType

EPOCH_BEGAN = EventType(
    name="log.epoch_began",
    entity="log",
    purpose="The store was taken back to an earlier state: positions given out before are of another history.",
)

SYNC_STATUS_CHANGED = EventType(
    name="sync.status_changed",
    entity="module",
    purpose="A module fares otherwise than before: its status, previousStatus (null at first), and kinds of reasons.",
)
SYNC_REQUESTED = EventType(
    name="sync.requested",
    entity="module",
    purpose="An operator has asked something of a module: the action.",
)
SYNC_FORGOTTEN = EventType(
    name="sync.module_forgotten",
    entity="module",
    purpose="A module that is no more was taken off the list.",
)

RETENTION_RAN = EventType(
    name="retention.ran",
    entity="retention",
    purpose="Retention has deleted rows: rows in all, and for each of its rules, how many of which table.",
)
RETENTION_SUSPENDED = EventType(
    name="retention.suspended",
    entity="retention",
    purpose="The clock has jumped, so retention waits for an operator: expectedAt, and shownAt.",
)
RETENTION_RESUMED = EventType(
    name="retention.resumed",
    entity="retention",
    purpose="An operator has confirmed the clock, and retention goes on.",
)

KERNEL_EVENTS = (
    EPOCH_BEGAN,
    SYNC_STATUS_CHANGED,
    SYNC_REQUESTED,
    SYNC_FORGOTTEN,
    RETENTION_RAN,
    RETENTION_SUSPENDED,
    RETENTION_RESUMED,
)
