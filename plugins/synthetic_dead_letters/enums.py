"""This plugin's enums as the schema shows them, with what each value means."""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_dead_letters.events import (
    DEAD_LETTER_DELETED,
    DEAD_LETTER_DISCARDED,
    DEAD_LETTER_EDITED,
    DEAD_LETTER_FAILED,
    DEAD_LETTER_RESOLVED,
    DEAD_LETTER_RETRYING,
    DEAD_LETTER_SAVED,
)
from synthetic_dead_letters.model import DeadLetterStatus, RedriveStatus

__all__ = ["DeadLetterOrder", "DeadLetterStatus", "DeadLetterUpdateType", "RedriveStatus"]


class DeadLetterOrder(StrEnum):
    """The orders that dead letters are listed in."""

    ARRIVED_DESC = "desc"
    ARRIVED_ASC = "asc"


class DeadLetterUpdateType(StrEnum):
    """What happened to a dead letter, by the name of the event that tells it."""

    SAVED = DEAD_LETTER_SAVED.name
    RETRYING = DEAD_LETTER_RETRYING.name
    FAILED = DEAD_LETTER_FAILED.name
    EDITED = DEAD_LETTER_EDITED.name
    RESOLVED = DEAD_LETTER_RESOLVED.name
    DISCARDED = DEAD_LETTER_DISCARDED.name
    DELETED = DEAD_LETTER_DELETED.name


describe_enum(
    DeadLetterStatus,
    "Where a dead letter stands. One that has ended never changes again.",
    {
        DeadLetterStatus.PENDING: "It waits to be dealt with, or for its next retry.",
        DeadLetterStatus.RETRYING: "A retry is under way.",
        DeadLetterStatus.RESOLVED: "A retry has worked, or somebody says that it is dealt with.",
        DeadLetterStatus.DISCARDED: "It is not to be retried any more.",
    },
)
describe_enum(
    RedriveStatus,
    "Where a redrive stands.",
    {
        RedriveStatus.RUNNING: "Letters are being retried, at its rate.",
        RedriveStatus.DONE: "Each letter was retried, or has to wait for an earlier one that is not dealt with.",
        RedriveStatus.CANCELLED: "Somebody has stopped it; no further letter is retried.",
    },
    name="DeadLetterRedriveStatus",
)
describe_enum(
    DeadLetterOrder,
    "The orders that dead letters are listed in.",
    {
        DeadLetterOrder.ARRIVED_DESC: "What arrived last first.",
        DeadLetterOrder.ARRIVED_ASC: "What arrived first first: the order in which those with one key are retried.",
    },
)
describe_enum(
    DeadLetterUpdateType,
    "What happened to a dead letter.",
    {
        DeadLetterUpdateType.SAVED: "Something has failed for good.",
        DeadLetterUpdateType.RETRYING: "A retry is under way.",
        DeadLetterUpdateType.FAILED: "It has failed again.",
        DeadLetterUpdateType.EDITED: "Its payload was replaced.",
        DeadLetterUpdateType.RESOLVED: "It is dealt with.",
        DeadLetterUpdateType.DISCARDED: "It is not to be retried any more.",
        DeadLetterUpdateType.DELETED: "It was deleted.",
    },
)
