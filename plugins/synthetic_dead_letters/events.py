"""What this plugin writes to the log, and what its events carry: never the payload of a letter."""

from __future__ import annotations

from typing import Any

from synthetic import EventType, iso_from_ms
from synthetic_dead_letters.model import DeadLetter, Redrive

_TOLD = (
    "`status`, `source`, `code`, `fingerprint`, `attempts`, `retries` and `key` are as they are now;"
    " `failedEntityType` and `failedEntityId` name what failed"
)

DEAD_LETTER_SAVED = EventType(
    name="dead_letter.saved", entity="dead_letter", purpose=f"Something has failed for good. {_TOLD}."
)
DEAD_LETTER_RETRYING = EventType(
    name="dead_letter.retrying",
    entity="dead_letter",
    purpose="A retry is under way; `retryEntityType` and `retryEntityId` name what it goes on as, where it does so"
    f" elsewhere, and `redriveId` the redrive that began it. {_TOLD}.",
)
DEAD_LETTER_FAILED = EventType(
    name="dead_letter.failed",
    entity="dead_letter",
    purpose=f"It has failed again; `nextRetryAt` (ISO 8601) is when it is retried by itself, or null. {_TOLD}.",
)
DEAD_LETTER_EDITED = EventType(
    name="dead_letter.edited",
    entity="dead_letter",
    purpose=f"Its payload was replaced; `editedBy` is the name of a token. {_TOLD}.",
)
DEAD_LETTER_RESOLVED = EventType(
    name="dead_letter.resolved",
    entity="dead_letter",
    purpose="It is dealt with: a retry has worked (`isRetried`), whose `retryEntityType` and `retryEntityId` came of"
    f" it, or somebody says so. {_TOLD}.",
)
DEAD_LETTER_DISCARDED = EventType(
    name="dead_letter.discarded", entity="dead_letter", purpose=f"It is not to be retried any more. {_TOLD}."
)
DEAD_LETTER_DELETED = EventType(
    name="dead_letter.deleted",
    entity="dead_letter",
    purpose="A dead letter was deleted: by age after it had ended, or with its construct.",
)
REDRIVE_STARTED = EventType(
    name="dead_letter_redrive.started",
    entity="dead_letter_redrive",
    purpose="Letters are being retried at a rate: `matched` of them, at most `ratePerSecond` a second.",
)
REDRIVE_ENDED = EventType(
    name="dead_letter_redrive.ended",
    entity="dead_letter_redrive",
    purpose="A redrive is through (`status` DONE) or was CANCELLED: `retried` retries were begun, of which `failed`"
    " failed at once; `matched` letters were meant.",
)
LETTER_EVENTS = (
    DEAD_LETTER_SAVED,
    DEAD_LETTER_RETRYING,
    DEAD_LETTER_FAILED,
    DEAD_LETTER_EDITED,
    DEAD_LETTER_RESOLVED,
    DEAD_LETTER_DISCARDED,
    DEAD_LETTER_DELETED,
)
EVENTS = (*LETTER_EVENTS, REDRIVE_STARTED, REDRIVE_ENDED)


def letter_payload(letter: DeadLetter, **more: Any) -> dict[str, Any]:
    """What each event of a letter carries, and what this one carries beside it."""
    return {
        "status": letter.status,
        "source": letter.source,
        "code": letter.code,
        "fingerprint": letter.fingerprint,
        "attempts": letter.attempts,
        "retries": letter.retries,
        "key": letter.key,
        "failedEntityType": letter.entity_type,
        "failedEntityId": letter.entity_id,
        **more,
    }


def retry_payload(letter: DeadLetter, **more: Any) -> dict[str, Any]:
    """What an event carries that tells of a retry."""
    return letter_payload(
        letter,
        retryEntityType=letter.retry_entity_type,
        retryEntityId=letter.retry_entity_id,
        redriveId=letter.redrive_id,
        **more,
    )


def failure_payload(letter: DeadLetter) -> dict[str, Any]:
    """What `dead_letter.failed` carries."""
    at = letter.next_retry_at
    return retry_payload(letter, nextRetryAt=None if at is None else iso_from_ms(at))


def redrive_payload(redrive: Redrive) -> dict[str, Any]:
    """What the events of a redrive carry."""
    return {
        "status": redrive.status,
        "matched": redrive.matched,
        "ratePerSecond": redrive.rate_per_second,
        "retried": redrive.retried,
        "failed": redrive.failed,
    }
